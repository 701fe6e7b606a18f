"""The page about one return that waits for a person: verdict, findings with what to do, signatures, approvals."""

from base64 import b64encode
from dataclasses import dataclass

from agreements.findings import Severity
from agreements.language import Language
from renderers.agreement_view import plain
from renderers.templates import fill, read_template

_STYLESHEETS = ("page.css", "summary.css", "review.css", "screen.css")


@dataclass(frozen=True, kw_only=True)
class ReviewFinding:
    """One finding, in the reader's words."""

    code: str
    severity: Severity
    severity_label: str
    message: str
    action: str


@dataclass(frozen=True, kw_only=True)
class ReviewPicture:
    """A page of the return beside the same page as it was issued: PNG, None where there is none."""

    number: int
    issued: bytes | None
    returned: bytes | None


@dataclass(frozen=True, kw_only=True)
class ReviewPage:
    """Everything on the page, in the reader's words already; headings too."""

    title: str
    verdict: str
    facts: tuple[tuple[str, str], ...]
    findings_title: str
    findings: tuple[ReviewFinding, ...]
    signatures: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """A heading for each signature, with its checks and their outcomes."""
    values_title: str = ""
    values: tuple[tuple[str, str, str], ...] = ()
    """What was filled in or recognised: its name, the value, where it stands."""
    approvals: tuple[str, ...] = ()
    reply_title: str = ""
    reply: str = ""
    """What turning it down would send."""
    pictures_title: str = ""
    pictures: tuple[ReviewPicture, ...] = ()
    picture_labels: tuple[str, str, str, str] = ("", "", "", "")
    """Issued, returned, page, and what stands where there is no picture."""


def render_review(page: ReviewPage, language: Language) -> bytes:
    """The page as HTML of its own: no scripts, nothing fetched. What was received is shown as plain text."""
    style = "\n".join(read_template(name) for name in _STYLESHEETS)
    return fill("review.html", language, style=style, page=page, plain=plain, embedded=_embedded).encode()


def _embedded(picture: bytes) -> str:
    return f"data:image/png;base64,{b64encode(picture).decode('ascii')}"
