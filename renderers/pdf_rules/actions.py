"""Nothing in the file acts."""

from collections.abc import Iterator

from pikepdf import Dictionary, Object

from renderers.pdf_rules.subject import Rule, Subject, rule

RULES: list[Rule] = []
_PERMITTED = frozenset({"/GoTo", "/GoToR", "/GoToE", "/Thread", "/URI", "/Named", "/SubmitForm"})
_NAMED = frozenset({"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"})


@rule(RULES, "ISO 19005-3 6.4.1-1")
def fields_do_nothing(file: Subject) -> Iterator[str]:
    """No form field's annotation has an action."""
    yield from (place for place, item, _ in file.widgets if "/A" in item or "/AA" in item)


@rule(RULES, "ISO 19005-3 6.4.1-2")
def field_parents_do_nothing(file: Subject) -> Iterator[str]:
    """No form field has additional actions."""
    fields = [item for item in file.dictionaries if "/FT" in item]
    yield from (f"object {item.objgen}" for item in fields if "/AA" in item)


@rule(RULES, "ISO 19005-3 6.5.1-1")
def actions_only_lead_somewhere(file: Subject) -> Iterator[str]:
    """No action runs a script, starts a program, or does else than lead to another place."""
    yield from (str(action.get("/S")) for action in _actions(file) if str(action.get("/S")) not in _PERMITTED)


@rule(RULES, "ISO 19005-3 6.5.1-2")
def named_actions_turn_pages(file: Subject) -> Iterator[str]:
    """A named action turns a page."""
    for action in _actions(file):
        if str(action.get("/S")) == "/Named" and str(action.get("/N", "")) not in _NAMED:
            yield str(action.get("/N", "?"))


@rule(RULES, "ISO 19005-3 6.5.2-1")
def document_does_nothing_of_itself(file: Subject) -> Iterator[str]:
    """The document has no additional actions."""
    if "/AA" in file.root:
        yield "/AA"


@rule(RULES, "ISO 19005-3 6.5.2-2")
def pages_do_nothing_of_themselves(file: Subject) -> Iterator[str]:
    """No page has additional actions."""
    yield from (f"page {number}" for number, page in enumerate(file.pdf.pages, start=1) if "/AA" in page.obj)


def _actions(file: Subject) -> list[Object]:
    """Every action dictionary: what hangs under /A, /OpenAction, /AA, /Next, and in the tree of scripts."""
    found: list[Object] = []
    for item in file.dictionaries:
        # A structure element's /A holds attributes, which have an owner (/O) and no action's type (/S).
        candidates = [item.get(key) for key in ("/A", "/OpenAction", "/Next")]
        candidates += [action for _, action in item.get("/AA", Dictionary()).items()] if "/AA" in item else []
        found += [action for action in candidates if isinstance(action, Dictionary) and "/S" in action]
        found += [item] if "/JS" in item and item not in found else []
    return found
