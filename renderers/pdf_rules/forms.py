"""Annotations and form fields: seen, printed, reached and read out."""

from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Page, Stream

from renderers.pdf_rules.subject import Rule, Subject, is_set, rule, words

RULES: list[Rule] = []
_PERMITTED = words(
    "/Text /Link /FreeText /Line /Square /Circle /Polygon /PolyLine /Highlight /Underline /Squiggly /StrikeOut /Stamp",
    "/Caret /Ink /Popup /FileAttachment /Widget /PrinterMark /TrapNet /Watermark /Redact",
)
_INVISIBLE, _HIDDEN, _PRINT, _NO_VIEW, _TOGGLE_NO_VIEW = 1, 2, 4, 32, 256  # ISO 32000-1 table 165


@rule(RULES, "ISO 19005-3 6.3.1-1")
def annotations_are_of_a_permitted_kind(file: Subject) -> Iterator[str]:
    """No annotation moves, sounds or is unknown."""
    yield from (place for place, item, _ in file.annotations if str(item.get("/Subtype", "")) not in _PERMITTED)


@rule(RULES, "ISO 19005-3 6.3.2-1")
def annotations_have_flags(file: Subject) -> Iterator[str]:
    """Every annotation has flags."""
    yield from (place for place, item, _ in file.annotations if item.get("/Subtype") != Name.Popup and "/F" not in item)


@rule(RULES, "ISO 19005-3 6.3.2-2")
def annotations_are_shown_and_printed(file: Subject) -> Iterator[str]:
    """Every annotation is shown on the screen and on paper."""
    forbidden = _INVISIBLE | _HIDDEN | _NO_VIEW | _TOGGLE_NO_VIEW
    for place, item, _ in file.annotations:
        flags = int(item.get("/F", _PRINT))
        if flags & forbidden or not flags & _PRINT:
            yield place


@rule(RULES, "ISO 19005-3 6.3.3-1")
def annotations_have_an_appearance(file: Subject) -> Iterator[str]:
    """Every annotation with a size says how it looks."""
    for place, item, _ in file.annotations:
        x0, y0, x1, y1 = (float(side) for side in item.Rect)
        exempt = (x0 == x1 and y0 == y1) or item.get("/Subtype") in {Name.Popup, Name.Link}
        if not exempt and "/AP" not in item:
            yield place


@rule(RULES, "ISO 19005-3 6.3.3-2")
def appearances_are_of_the_right_kind(file: Subject) -> Iterator[str]:
    """An appearance is the normal one alone: for buttons one for each state, else a single one."""
    for place, item, _ in file.annotations:
        appearance = item.get("/AP")
        if appearance is None:
            continue
        button = item.get("/Subtype") == Name.Widget and _inherited(item, "/FT") == Name.Btn
        normal = appearance.get("/N")
        fit = isinstance(normal, Dictionary) and len(normal) > 0 if button else isinstance(normal, Stream)
        if not fit or set(appearance.keys()) != {"/N"}:
            yield place


@rule(RULES, "ISO 19005-3 6.4.1-3")
def appearances_need_no_making(file: Subject) -> Iterator[str]:
    """The form does not ask viewers to draw its fields anew."""
    if is_set(file.form, "/NeedAppearances"):
        yield "/AcroForm"


@rule(RULES, "ISO 19005-3 6.4.2-1")
def form_is_no_xfa(file: Subject) -> Iterator[str]:
    """The form is no XFA form."""
    if "/XFA" in file.form:
        yield "/AcroForm"


@rule(RULES, "ISO 19005-3 6.4.2-2")
def pages_need_no_making(file: Subject) -> Iterator[str]:
    """The document does not ask viewers to make its pages."""
    if is_set(file.root, "/NeedsRendering"):
        yield "/NeedsRendering"


@rule(RULES, "ISO 14289-1 7.18.1-1")
def other_annotations_stand_in_annot_elements(file: Subject) -> Iterator[str]:
    """An annotation that is no form field, link or popup stands in an Annot element."""
    exempt = {Name.Widget, Name.Popup, Name.Link}
    for place, item, _ in file.annotations:
        if item.get("/Subtype") not in exempt and _holder(file, item).get("/S") != Name.Annot:
            yield place


@rule(RULES, "ISO 14289-1 7.18.1-3")
def fields_have_a_label(file: Subject) -> Iterator[str]:
    """Every form field has words that say what it is for."""
    for place, item, page in file.widgets:
        named = str(_inherited(item, "/TU") or "") or str(_holder(file, item).get("/Alt", ""))
        if not named and not _out_of_sight(item, page):
            yield place


@rule(RULES, "ISO 14289-1 7.18.3-1")
def tab_order_follows_the_structure(file: Subject) -> Iterator[str]:
    """On a page with annotations the tabulator follows the structure."""
    for number, page in enumerate(file.pdf.pages, start=1):
        if len(page.obj.get("/Annots", Array())) and page.obj.get("/Tabs") != Name.S:
            yield f"page {number}"


@rule(RULES, "ISO 14289-1 7.18.4-1")
def fields_stand_in_form_elements(file: Subject) -> Iterator[str]:
    """Every form field stands in a Form element of the structure tree."""
    reachable = {element.object.objgen for element in file.elements if element.kind == "/Form"}
    for place, item, page in file.widgets:
        if _holder(file, item).objgen not in reachable and not _out_of_sight(item, page):
            yield place


@rule(RULES, "ISO 14289-1 7.18.4-2")
def form_elements_hold_one_field(file: Subject) -> Iterator[str]:
    """A Form element holds its field, and nothing else."""
    for element in file.elements:
        if element.kind == "/Form":
            kids = element.object.get("/K", Array())
            fields = list(kids) if isinstance(kids, Array) else [kids]
            if len(fields) != 1 or not isinstance(fields[0], Dictionary) or "/Obj" not in fields[0]:
                yield f"object {element.object.objgen}"


@rule(RULES, "ISO 14289-1 7.18.5-1")
def links_stand_in_link_elements(file: Subject) -> Iterator[str]:
    """Every link stands in a Link element."""
    yield from (place for place, item in _links(file) if _holder(file, item).get("/S") != Name.Link)


@rule(RULES, "ISO 14289-1 7.18.5-2")
def links_have_words(file: Subject) -> Iterator[str]:
    """Every link has words that say where it leads."""
    yield from (place for place, item in _links(file) if not str(item.get("/Contents", "")))


def _links(file: Subject) -> list[tuple[str, Object]]:
    return [(place, item) for place, item, _ in file.annotations if item.get("/Subtype") == Name.Link]


def _out_of_sight(item: Object, page: Page) -> bool:
    """Beside the page or hidden: what nobody meets needs neither words nor a place in the structure, says veraPDF."""
    left, bottom, right, top = (float(side) for side in page.cropbox)
    x0, y0, x1, y1 = (float(side) for side in item.Rect)
    beside = x0 >= right or x1 <= left or y0 >= top or y1 <= bottom
    return beside or bool(int(item.get("/F", 0)) & _HIDDEN)


def _inherited(field: Object, key: str) -> Object | None:
    return field.get(key, field.get("/Parent", Dictionary()).get(key))


def _holder(file: Subject, annotation: Object) -> Object:
    """The structure element that holds an annotation, by the way back; an empty dictionary if there is none."""
    numbers = file.root.get("/StructTreeRoot", Dictionary()).get("/ParentTree", Dictionary()).get("/Nums", Array())
    for key, element in zip(numbers[::2], numbers[1::2], strict=False):
        if key == annotation.get("/StructParent") and isinstance(element, Dictionary):
            return element
    return Dictionary()
