"""What a supplied PDF may not hold, and what it offers. Meant for the roof's sandbox: the bytes are hostile.

Each rule is one function over an opened document; every rule is asked, so that all faults are told at once. A rule
looks at every object of the file, whether a page leads to it or not.

Links (to web pages, mail addresses and within the form) are let pass and left out of what is issued: nearly every form
has one, their text stays, and a signed page that leads somewhere else later is no part of an agreement. Every other
action refuses, and every action at all that is done on opening: a place to begin at is an array, and harmless.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from renderers.forms.model import MAX_FORM_PAGES, FormFault

Node = Dictionary | Stream
Rule = Callable[[Pdf, tuple[Node, ...]], Iterator[FormFault]]

_HARMLESS_ACTIONS: Final = frozenset({"/GoTo", "/URI"})
_HARMLESS_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})
_SCHEME: Final = re.compile(r"\s*([^/?#:]*):")  # what stands before the first colon, if no path has begun
# ISO 32000-1 table 198, with the later ones of ISO 32000-2. Other dictionaries have an /S, too; none has these values.
_ACTIONS: Final = frozenset(
    {
        *("/GoToR", "/GoToE", "/GoToDp", "/Launch", "/Thread", "/Sound", "/Movie", "/Hide", "/Named", "/SubmitForm"),
        *("/ResetForm", "/ImportData", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView", "/RichMediaExecute"),
    }
)
_MAX_NAMES, _MAX_NAME = 10, 30
_MAX_DEPTH: Final = 100  # direct objects inside each other; honest ones have under ten


def find_faults(pdf: Pdf) -> tuple[FormFault, ...]:
    """Everything that makes the document unfit, in the order of the rules; empty if it may be a form."""
    return _faults(pdf, _RULES)


def find_faults_of_terms(pdf: Pdf) -> tuple[FormFault, ...]:
    """Everything that makes the document unfit to be terms that somebody agrees to; a form's codes where it has them.

    Terms are read and never filled in: they may have any number of pages, and be signed, but hold no other field.
    """
    return _faults(pdf, _RULES_OF_TERMS)


def _faults(pdf: Pdf, rules: tuple[Rule, ...]) -> tuple[FormFault, ...]:
    nodes = tuple(_nodes(pdf))
    return tuple(fault for rule in rules for fault in rule(pdf, nodes))


def _nodes(pdf: Pdf) -> Iterator[Node]:
    """Every dictionary and stream of the file, those inside others too."""
    for item in (pdf.trailer, *pdf.objects):
        yield from _within(item, _MAX_DEPTH)


def _within(item: Object, depth: int) -> Iterator[Node]:
    if isinstance(item, Dictionary | Stream):
        yield item
        children = [value for _, value in item.items()]
    elif isinstance(item, Array):
        children = list(item)
    else:
        return
    for child in children:
        # What is indirect stands among the file's objects by itself.
        if isinstance(child, Dictionary | Stream | Array) and not child.is_indirect and depth > 0:
            yield from _within(child, depth - 1)


def _is_closed(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """Encrypted, if only against changes: nobody could put a value on it."""
    if pdf.is_encrypted:
        yield FormFault(code="form_encrypted")


def _is_damaged(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """What had to be repaired to be read, another program may repair in another way."""
    if pdf.get_warnings():
        yield FormFault(code="form_damaged")


def _has_too_many_pages(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    if not 1 <= len(pdf.pages) <= MAX_FORM_PAGES:
        yield FormFault(code="form_pages", params={"pages": len(pdf.pages), "limit": MAX_FORM_PAGES})


def _has_scaled_pages(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """A unit of its own: a place in millimetres would mean another place to each reader."""
    scaled = [str(number) for number, page in enumerate(pdf.pages, start=1) if page.obj.get("/UserUnit", 1) != 1]
    if scaled:
        yield FormFault(code="form_scaled", params={"pages": ", ".join(scaled)})


def _has_scripts(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    if any("/JS" in node or node.get("/S") == "/JavaScript" or "/JavaScript" in node for node in nodes):
        yield FormFault(code="form_scripts")


def _has_actions(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """Anything done by itself or at a click, links aside."""
    kinds = {str(node.get("/S")).lstrip("/") for node in nodes if node.get("/S") in _ACTIONS}
    if any(isinstance(node.get("/AA"), Dictionary) for node in nodes):
        kinds.add("AA")
    opening = pdf.Root.get("/OpenAction")
    if isinstance(opening, Dictionary) and not _shows_a_place(opening):
        kinds.add(str(opening.get("/S", "OpenAction")).lstrip("/"))
    for node in nodes:
        kinds |= {_kind(action) for action in _clicked(node) if not _is_link(node, action)}
        kinds |= {"URI"} if node.get("/S") == Name.URI and not _leads_to_a_page(node) else set()
    if kinds := kinds - {"JavaScript"}:  # told as a script
        yield FormFault(code="form_actions", params={"kinds": _told(kinds)})


def _shows_a_place(action: Dictionary) -> bool:
    """Where a viewer begins to show the document, as many programs write it; and nothing after that."""
    return bool(action.get("/S") == Name.GoTo) and "/Next" not in action


def _clicked(node: Node) -> Iterator[Dictionary]:
    """The action of a widget, a link or a bookmark. An element of the structure has an /A too, which is no action."""
    action = node.get("/A")
    if isinstance(action, Dictionary) and ("/S" in action or node.get("/Subtype") == Name.Widget):
        yield action


def _is_link(node: Node, action: Dictionary) -> bool:
    return node.get("/Subtype") != Name.Widget and action.get("/S") in _HARMLESS_ACTIONS


def _leads_to_a_page(action: Node) -> bool:
    """An address without a scheme is one that somebody forgot the beginning of."""
    scheme = _SCHEME.match(str(action.get("/URI", "")))
    return scheme is None or scheme[1].lower() in _HARMLESS_SCHEMES


def _kind(action: Dictionary) -> str:
    return str(action.get("/S", "A")).lstrip("/")


def _told(kinds: set[str]) -> str:
    """Names out of the file, no more of them than a person reads."""
    return ", ".join(name[:_MAX_NAME] for name in sorted(kinds)[:_MAX_NAMES])


def _has_layers(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """Optional content: one reader shows it, the next does not."""
    if "/OCProperties" in pdf.Root or any("/OC" in node or node.get("/Type") in {"/OCG", "/OCMD"} for node in nodes):
        yield FormFault(code="form_layers")


def _has_attachments(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    if any("/EF" in node or "/EmbeddedFiles" in node or "/Collection" in node for node in nodes):
        yield FormFault(code="form_attachments")


def _has_signatures(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """Signed or certified already: to fill it would break that."""
    if any("/ByteRange" in node or (node.get("/FT") == Name.Sig and "/V" in node) for node in nodes) or (
        "/Perms" in pdf.Root or "/DSS" in pdf.Root
    ):
        yield FormFault(code="form_signed")


def _has_xfa(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """A second form in XML beside or instead of the pages."""
    if any("/XFA" in node for node in nodes) or "/NeedsRendering" in pdf.Root:
        yield FormFault(code="form_xfa")


def _has_fields(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """What is filled in, each reader sees in its own way; signatures aside."""
    if any("/FT" in node and node["/FT"] != Name.Sig for node in nodes):
        yield FormFault(code="terms_fields")


def _has_annotations(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """Notes, stamps, films: only fields and links may lie on the pages."""
    kinds = {
        str(annotation.get("/Subtype", "?")).lstrip("/")
        for page in pdf.pages
        for annotation in page.obj.get("/Annots", Array())
        if isinstance(annotation, Dictionary)
    }
    if kinds := kinds - {"Widget", "Link"}:
        yield FormFault(code="form_annotations", params={"kinds": _told(kinds)})


def _has_outside_content(pdf: Pdf, nodes: tuple[Node, ...]) -> Iterator[FormFault]:
    """Streams that lie in another file, pages of other documents, pictures for print shops only, PostScript."""
    if any(_leads_out(node) for node in nodes):
        yield FormFault(code="form_outside_content")


def _leads_out(node: Node) -> bool:
    if isinstance(node, Stream) and "/F" in node:
        return True
    if node.get("/Subtype") == "/PS" or node.get("/Subtype2") == "/PS":
        return True
    return any(key in node for key in ("/Ref", "/OPI", "/Alternates")) and node.get("/Subtype") in {"/Form", "/Image"}


_RULES: tuple[Rule, ...] = (
    _is_closed,
    _is_damaged,
    _has_too_many_pages,
    _has_scaled_pages,
    _has_scripts,
    _has_actions,
    _has_layers,
    _has_attachments,
    _has_signatures,
    _has_xfa,
    _has_annotations,
    _has_outside_content,
)
_RULES_OF_TERMS: tuple[Rule, ...] = (
    _is_damaged,
    _has_scripts,
    _has_actions,
    _has_layers,
    _has_attachments,
    _has_xfa,
    _has_fields,
    _has_annotations,
    _has_outside_content,
)
