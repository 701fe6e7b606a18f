"""The pages' content: known operators only, and every mark on the page either read out or passed over."""

from collections.abc import Iterator

from pikepdf import Array, Dictionary

from renderers.pdf_rules.subject import Operation, Rule, Subject, rule, words

RULES: list[Rule] = []
_IMAGE = "INLINE IMAGE"  # pikepdf's word for all of BI, ID and EI
_OPERATORS = words(
    "b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EI EMC ET EX f F f* G g gs h i ID j J K k l m M MP n q Q re",
    "RG rg ri s S SC sc SCN scn sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \"",
) | {_IMAGE}
_PAINTING = words("b B b* B* f F f* s S sh Tj TJ ' \"") | {_IMAGE}
_MAX_NESTING = 28


@rule(RULES, "ISO 19005-3 6.1.13-8")
def states_are_not_nested_too_deep(file: Subject) -> Iterator[str]:
    """No graphics state is saved in more than 28 others."""
    yield from sorted({operation.place for operation in file.operations if operation.depth > _MAX_NESTING})


@rule(RULES, "ISO 19005-3 6.2.2-1")
def operators_are_known(file: Subject) -> Iterator[str]:
    """No page uses an operator that the standard does not know."""
    unknown = {(item.place, item.operator) for item in file.operations if item.operator not in _OPERATORS}
    yield from (f"{place}: {operator}" for place, operator in sorted(unknown))


@rule(RULES, "ISO 19005-3 6.2.2-2")
def pages_have_their_own_resources(file: Subject) -> Iterator[str]:
    """Every page and every drawn form names its resources itself."""
    yield from (f"page {number}" for number, page in enumerate(file.pdf.pages, start=1) if "/Resources" not in page.obj)
    for item in file.dictionaries:
        for name, drawn in item.get("/XObject", Dictionary()).items():
            if str(drawn.get("/Subtype", "")) == "/Form" and "/Resources" not in drawn:
                yield name


@rule(RULES, "ISO 14289-1 7.1-1")
def artifacts_are_outside_tagged_content(file: Subject) -> Iterator[str]:
    """Nothing that is passed over stands inside what is read out."""
    for operation in _opening(file):
        if _is_artifact(operation.marks[-1]) and any(_is_tagged(mark) for mark in operation.marks[:-1]):
            yield operation.place


@rule(RULES, "ISO 14289-1 7.1-2")
def tagged_content_is_outside_artifacts(file: Subject) -> Iterator[str]:
    """Nothing that is read out stands inside what is passed over."""
    for operation in _opening(file):
        if _is_tagged(operation.marks[-1]) and any(_is_artifact(mark) for mark in operation.marks[:-1]):
            yield operation.place


@rule(RULES, "ISO 14289-1 7.1-3")
def everything_is_read_out_or_passed_over(file: Subject) -> Iterator[str]:
    """Whatever is painted hangs in the structure tree, or is an artifact."""
    for number, page in enumerate(file.pdf.pages, start=1):
        owned = _owned(file, page.obj.get("/StructParents"))
        for operation in file.operations:
            if operation.place.partition(",")[0] == f"page {number}" and operation.operator in _PAINTING:
                numbers = {int(mark.split()[1]) for mark in operation.marks if _is_tagged(mark)}
                if not numbers & owned and not any(_is_artifact(mark) for mark in operation.marks):
                    yield f"{operation.place}: {operation.operator} in {operation.marks}"
                    break


def _opening(file: Subject) -> list[Operation]:
    return [operation for operation in file.operations if operation.operator in {"BMC", "BDC"}]


def _is_artifact(mark: str) -> bool:
    return mark.partition(" ")[0] == "/Artifact"


def _is_tagged(mark: str) -> bool:
    return " " in mark and not _is_artifact(mark)


def _owned(file: Subject, key: object) -> set[int]:
    """The numbers of a page's marked content that an element of the tree, reachable from its root, holds."""
    tree = file.root.get("/StructTreeRoot", Dictionary())
    numbers = tree.get("/ParentTree", Dictionary()).get("/Nums", Array())
    reachable = {element.object.objgen for element in file.elements}
    for entry, owners in zip(numbers[::2], numbers[1::2], strict=False):
        if entry == key and isinstance(owners, Array):
            return {
                number
                for number, owner in enumerate(owners)
                if isinstance(owner, Dictionary) and owner.objgen in reachable
            }
    return set()
