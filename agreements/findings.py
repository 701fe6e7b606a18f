"""Findings: what was noticed about something received, each with a stable code, a severity and parameters.

A code never changes its meaning. What a person reads (`message`: what happened, `action`: what to do) stands in
`texts/{nb,nn,en}.yaml` under `findings.<code>`. A `reject` finding can't be approved by anyone; a `review` finding
waits for a person; `info` is shown and changes nothing.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict


class Severity(StrEnum):
    """How much a finding weighs."""

    REJECT = "reject"
    REVIEW = "review"
    INFO = "info"


class Finding(BaseModel):
    """One thing noticed. `params` fill the places of its texts: short strings or numbers, never document bytes."""

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Severity
    params: Mapping[str, str | int] = {}


class FindingCode:
    """A code with its severity. Calling it makes the finding: `SIG_UNTRUSTED(field="Signatur1")`."""

    def __init__(self, code: str, severity: Severity) -> None:
        self.code = code
        self.severity = severity

    def __call__(self, **params: str | int) -> Finding:
        """The finding with its parameters."""
        return Finding(code=self.code, severity=self.severity, params=params)

    def __repr__(self) -> str:
        return f"FindingCode({self.code!r}, {self.severity.value!r})"


# --- the signatures themselves (ETSI EN 319 102-1) --------------------------------------------------------------------
SIG_NONE: Final = FindingCode("SIG-001", Severity.REJECT)  # no signature in the document
SIG_HASH_FAILURE: Final = FindingCode("SIG-002", Severity.REJECT)  # signed bytes were altered; field
SIG_CRYPTO_FAILURE: Final = FindingCode("SIG-003", Severity.REJECT)  # signature value is wrong; field
SIG_FORMAT_FAILURE: Final = FindingCode("SIG-004", Severity.REJECT)  # byte guard; field, fault
SIG_TRAILING_BYTES: Final = FindingCode("SIG-005", Severity.REJECT)  # bytes after the signed end; count
SIG_CHANGED_AFTER: Final = FindingCode("SIG-006", Severity.REJECT)  # field, what, where, revision
SIG_VALUE_CHANGED_AFTER: Final = FindingCode("SIG-007", Severity.REJECT)  # field, changed
SIG_HIDDEN: Final = FindingCode("SIG-008", Severity.REVIEW)  # a removed or unreachable signature; count
SIG_REVOKED: Final = FindingCode("SIG-009", Severity.REJECT)  # field
SIG_UNTRUSTED: Final = FindingCode("SIG-010", Severity.REVIEW)  # no chain to an anchor; field, issuer
SIG_OUT_OF_BOUNDS: Final = FindingCode("SIG-011", Severity.REVIEW)  # certificate not valid at the proven time; field
SIG_NO_ANCHORS: Final = FindingCode("SIG-012", Severity.REVIEW)  # no trust anchors given, so nobody is trusted
SIG_REVOCATION_UNKNOWN: Final = FindingCode("SIG-013", Severity.REVIEW)  # field
SIG_WEAK_ALGORITHM: Final = FindingCode("SIG-014", Severity.REVIEW)  # field, algorithm
SIG_KEY_USAGE: Final = FindingCode("SIG-015", Severity.REVIEW)  # certificate is not for signing; field
SIG_UNSUPPORTED: Final = FindingCode("SIG-016", Severity.REVIEW)  # unknown or unreadable signature; field, detail
SIG_INDETERMINATE: Final = FindingCode("SIG-017", Severity.REVIEW)  # any other sub-indication; field, sub_indication
SIG_TIMESTAMP: Final = FindingCode("SIG-018", Severity.REVIEW)  # a time-stamp can't be trusted; field
SIG_LENIENT: Final = FindingCode(
    "SIG-019", Severity.REVIEW
)  # breaks the PDF standard: other programs may read it otherwise
SIG_DEMO_CERTIFICATE: Final = FindingCode("SIG-020", Severity.REJECT)  # throwaway certificate outside demo; field
SIG_TOO_MANY: Final = FindingCode("SIG-021", Severity.REVIEW)  # more than a bound allows; what, limit
SIG_NEW_FIELD: Final = FindingCode("SIG-022", Severity.REVIEW)  # signed later in a field that was not issued; field
SIG_AMBIGUOUS: Final = FindingCode("SIG-023", Severity.REJECT)  # what was appended can be read in two ways; fault
SIG_ISSUER_SEAL: Final = FindingCode("SIG-024", Severity.INFO)  # the seal the document was issued with; field
SIG_CHAIN: Final = FindingCode("SIG-025", Severity.REVIEW)  # a trusted root, but the chain breaks a rule; field, why
SIG_APPENDED_STREAM: Final = FindingCode("SIG-026", Severity.REJECT)  # appended with a cross-reference stream
SIG_BLANK_TAIL: Final = FindingCode("SIG-027", Severity.REVIEW)  # more than one line end after the end; count
SIG_NOT_QUALIFIED: Final = FindingCode("SIG-028", Severity.REVIEW)  # required, but no list says so; field, why
SIG_LIST_STALE: Final = FindingCode("SIG-029", Severity.REVIEW)  # no trusted list that is up to date; territory, date

# --- is it what we issued ---------------------------------------------------------------------------------------------
PRV_NOT_COMPARED: Final = FindingCode("PRV-001", Severity.REVIEW)  # no issued document was given
PRV_REWRITTEN: Final = FindingCode("PRV-002", Severity.REVIEW)  # another file, but every issued line is there
PRV_TEXT_DIFFERS: Final = FindingCode("PRV-003", Severity.REJECT)  # issued lines are missing; count, page, line
PRV_CHANGED_BEFORE_SIGNING: Final = FindingCode("PRV-004", Severity.REJECT)  # more than filling; what, where, revision
PRV_SCAN: Final = FindingCode("PRV-005", Severity.REVIEW)  # no text: a picture of paper
PRV_FIELDS_FILLED: Final = FindingCode("PRV-006", Severity.INFO)  # fields
PRV_VISIBLE_DIFFERS: Final = FindingCode("PRV-007", Severity.REJECT)  # same bytes first, another text on the page; page
PRV_ACTIVE_CONTENT: Final = FindingCode("PRV-008", Severity.REVIEW)  # scripts, actions or attachments were added; what
PRV_VALUE_NOT_SHOWN: Final = FindingCode("PRV-009", Severity.REJECT)  # shows something else than its value; field, page
PRV_ADDED: Final = FindingCode("PRV-010", Severity.REVIEW)  # seen, and not issued; page, count, seen
PRV_LOST: Final = FindingCode("PRV-011", Severity.REVIEW)  # issued, and covered or moved; page, count, line
PRV_PAGES: Final = FindingCode("PRV-012", Severity.REVIEW)  # pages added, left out or in another order; pages
PRV_SERVICE_REWRITES: Final = FindingCode("PRV-013", Severity.INFO)  # a service's profile allows it; service

# --- what a signing service's evidence proves (facts/domain.md 5) -----------------------------------------------------
EVD_UNKNOWN_SERVICE: Final = FindingCode("EVD-001", Severity.REVIEW)  # a seal no profile knows; field, organisation
EVD_NONE: Final = FindingCode("EVD-002", Severity.REVIEW)  # the service's evidence is not there; service
EVD_BROKEN: Final = FindingCode("EVD-003", Severity.REJECT)  # its own signature is wrong; file, fault
EVD_UNREADABLE: Final = FindingCode("EVD-004", Severity.REVIEW)  # can't be read or computed; file, fault
EVD_OTHER_DOCUMENT: Final = FindingCode("EVD-005", Severity.REJECT)  # it is of another document; file
EVD_NAMES_NOTHING: Final = FindingCode("EVD-006", Severity.REVIEW)  # what it signs holds no document; file
EVD_UNTRUSTED: Final = FindingCode("EVD-007", Severity.REVIEW)  # not by its authorities, or too late; file, why
EVD_IDENTIFICATION: Final = FindingCode("EVD-008", Severity.REVIEW)  # no proof of a person; signer, method
EVD_NO_TIME: Final = FindingCode("EVD-009", Severity.REVIEW)  # the seal lacks the time-stamp it must have; service
EVD_UNCONFIRMED: Final = FindingCode("EVD-010", Severity.REVIEW)  # nobody has confirmed the profile; service
EVD_ALWAYS_REVIEW: Final = FindingCode("EVD-011", Severity.REVIEW)  # the profile wants a person to look; service
EVD_PROVEN: Final = FindingCode("EVD-012", Severity.INFO)  # the evidence holds; service, signer, method

# --- who signed -------------------------------------------------------------------------------------------------------
WHO_NOT_JUDGED: Final = FindingCode("WHO-001", Severity.INFO)  # nobody said who should sign
WHO_UNEXPECTED: Final = FindingCode("WHO-002", Severity.REVIEW)  # a signature by somebody not named; signer
WHO_MISSING: Final = FindingCode("WHO-003", Severity.REVIEW)  # a required signer has not signed; signer
WHO_RIGHT_UNCONFIRMED: Final = FindingCode("WHO-004", Severity.REVIEW)  # right to sign not confirmed; signer
WHO_OTHER_SEAL: Final = FindingCode("WHO-005", Severity.REVIEW)  # sealed by another organisation; organisation
WHO_BIRTH_DATE: Final = FindingCode("WHO-006", Severity.REVIEW)  # same name, another birth date; signer
WHO_POWER_OF_ATTORNEY: Final = FindingCode("WHO-007", Severity.REVIEW)  # signer
WHO_NONE_DECLARED: Final = FindingCode("WHO-008", Severity.REVIEW)  # the case names no signer
WHO_NO_BIRTH_DATE: Final = FindingCode("WHO-009", Severity.REVIEW)  # evidence without the birth date; signer
WHO_ORGANISATION_STOPPED: Final = FindingCode("WHO-010", Severity.REVIEW)  # by the register it is no party; stop, date
WHO_RIGHT_REFUTED: Final = FindingCode("WHO-011", Severity.REVIEW)  # by the register they may not sign; date

# --- the case ---------------------------------------------------------------------------------------------------------
CAS_VOID: Final = FindingCode("CAS-001", Severity.REJECT)  # the version was voided; agreement
CAS_SUPERSEDED: Final = FindingCode("CAS-002", Severity.REJECT)  # a later version is in force; agreement, in_force
CAS_ALREADY_APPROVED: Final = FindingCode("CAS-003", Severity.INFO)  # nothing is sent again; agreement
CAS_NOT_OPEN: Final = FindingCode("CAS-004", Severity.REVIEW)  # the case is on hold or closed; case
CAS_OTHER_VENDOR: Final = FindingCode("CAS-005", Severity.REVIEW)  # came through another vendor's channel; case
CAS_SEVERAL: Final = FindingCode("CAS-006", Severity.REVIEW)  # evidence points at several cases; cases
CAS_EXAMPLE_TERMS: Final = FindingCode("CAS-007", Severity.INFO)  # issued without the operator's terms
CAS_NATIONAL_ID: Final = FindingCode("CAS-008", Severity.INFO)  # in older judgements: as PID-001, somewhere
CAS_SENT_BACK: Final = FindingCode("CAS-009", Severity.REJECT)  # Digipost returned this very version; agreement
CAS_OPEN_VALUES: Final = FindingCode("CAS-010", Severity.REVIEW)  # filled in by hand, not read yet; entries

CAS_ADOPTED: Final = FindingCode("CAS-011", Severity.REVIEW)  # not issued by us: a person adopted it; agreement

# --- what was agreed: the values (`entry`, `entries`: catalogue ids) --------------------------------------------------
VAL_DIFFERS: Final = FindingCode("VAL-001", Severity.REVIEW)  # the page shows another value; entry, page, seen, issued
VAL_NOT_SHOWN: Final = FindingCode("VAL-002", Severity.REVIEW)  # a form field's value is not what is seen; entry, page
VAL_MISSING: Final = FindingCode("VAL-003", Severity.REVIEW)  # left open and not filled in; entries
VAL_INVALID: Final = FindingCode("VAL-004", Severity.REVIEW)  # filled in, and breaks a rule; entry, rule, its params
VAL_NOT_FOUND: Final = FindingCode("VAL-005", Severity.REVIEW)  # not read: its place was not found; entries
VAL_UNCERTAIN: Final = FindingCode("VAL-006", Severity.REVIEW)  # recognised in a picture, not surely; entries
VAL_ATTACHMENT_DIFFERS: Final = FindingCode("VAL-007", Severity.REVIEW)  # the attached data say otherwise; entries
VAL_FILLED_IN: Final = FindingCode("VAL-008", Severity.REVIEW)  # filled in by the customer, read, rules kept; entries
VAL_NOT_RECOGNISED: Final = FindingCode("VAL-009", Severity.REVIEW)  # a picture nobody could recognise text in; ocr

# --- what must not leave by plain mail unnoticed ----------------------------------------------------------------------
PID_FOUND: Final = FindingCode("PID-001", Severity.INFO)  # a national identity number; place, name, masked, count
PID_NOT_SEARCHED: Final = FindingCode("PID-002", Severity.INFO)  # may hold one: not looked through; place, name, unread

# --- intake: why something stands in quarantine or was no agreement ---------------------------------------------------
INT_EMPTY: Final = FindingCode("INT-001", Severity.REJECT)
INT_TOO_LARGE: Final = FindingCode("INT-002", Severity.REJECT)  # size, limit (bytes)
INT_NOT_PDF: Final = FindingCode("INT-003", Severity.REJECT)
INT_UNREADABLE_PDF: Final = FindingCode("INT-004", Severity.REJECT)  # truncated or broken
INT_ENCRYPTED: Final = FindingCode("INT-005", Severity.REJECT)
INT_NOT_REGULAR: Final = FindingCode("INT-006", Severity.REJECT)  # symbolic link, hard link, device …; kind
INT_NO_ACCESS: Final = FindingCode("INT-007", Severity.REVIEW)  # the file can't be read yet
INT_NO_CASE: Final = FindingCode("INT-008", Severity.REVIEW)  # a PDF, but none of our agreements
INT_RESOURCE_LIMIT: Final = FindingCode("INT-009", Severity.REVIEW)  # opening it broke a limit; limit
INT_ENGINE_ERROR: Final = FindingCode("INT-010", Severity.REVIEW)  # the reader failed on it; error
INT_CONTAINER: Final = FindingCode("INT-011", Severity.REVIEW)  # asice, sdo, rar …: not unpacked here; kind
INT_WITHDRAWN: Final = FindingCode("INT-012", Severity.INFO)  # gone, or replaced, before it could be read
INT_MISSING: Final = FindingCode("INT-013", Severity.REJECT)  # no such file (`avtale validate` only)
INT_LINK: Final = FindingCode("INT-014", Severity.REVIEW)  # a link in place of a file; hosts
INT_ENCRYPTED_MAIL: Final = FindingCode("INT-015", Severity.REVIEW)  # S/MIME or PGP: can't be read
INT_LOCKED_PACKAGE: Final = FindingCode("INT-016", Severity.REVIEW)  # an archive with a password
INT_UNPACK_LIMIT: Final = FindingCode("INT-017", Severity.REVIEW)  # part was not looked at; limit, allowed
INT_BROKEN_PACKAGE: Final = FindingCode("INT-018", Severity.REVIEW)  # a mail or archive that can't be read; kind
INT_NO_PDF_INSIDE: Final = FindingCode("INT-019", Severity.REVIEW)  # files, but no PDF among them; count
INT_OUTER_SIGNATURE: Final = FindingCode("INT-020", Severity.REVIEW)  # signed around the file, not in it: not checked
INT_ONLY_TEXT: Final = FindingCode("INT-021", Severity.INFO)  # a mail from a person without a document
INT_AUTO_REPLY: Final = FindingCode("INT-022", Severity.INFO)  # an absence message or a receipt, by a program
INT_BOUNCE: Final = FindingCode("INT-023", Severity.INFO)  # a mail system tells about a mail of ours
INT_OWN_COPY: Final = FindingCode("INT-024", Severity.INFO)  # a copy of our own mail
INT_LIST_MAIL: Final = FindingCode("INT-025", Severity.INFO)  # sent to many
INT_MAIL_NOT_GIVEN: Final = FindingCode("INT-026", Severity.REVIEW)  # the mail server does not hand it out; reason
INT_DIGIPOST_ANSWER: Final = FindingCode("INT-027", Severity.INFO)  # filed on its case; case
INT_DIGIPOST_NO_CASE: Final = FindingCode("INT-028", Severity.REVIEW)  # from Digipost, about no one case of ours
INT_BOUNCE_UNMATCHED: Final = FindingCode("INT-029", Severity.REVIEW)  # a mail system's report, on which mail of ours?
INT_ENQUIRY: Final = FindingCode("INT-030", Severity.INFO)  # a mail that made a case nobody has confirmed; case
INT_ENQUIRY_KNOWN: Final = FindingCode("INT-031", Severity.REVIEW)  # an enquiry of an organisation with a case; case
INT_ENQUIRY_UNCLEAR: Final = FindingCode("INT-032", Severity.REVIEW)  # looks like one, names no one organisation; count


def all_codes() -> tuple[FindingCode, ...]:
    """Every finding code, ordered by code."""
    codes = (value for value in globals().values() if isinstance(value, FindingCode))
    return tuple(sorted(codes, key=lambda code: code.code))
