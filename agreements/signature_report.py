"""What `signatures` says about one document. The JSON of `avtale validate --json` is made from this.

Indications and sub-indications are those of ETSI EN 319 102-1 v1.3.1, clause 5.1.3; PAdES levels those of ETSI EN 319
142-1.
"""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from agreements.findings import Finding


class Indication(StrEnum):
    """Status indications (EN 319 102-1, table 3), and NO-SIGNATURE where there is nothing to judge."""

    TOTAL_PASSED = "TOTAL-PASSED"
    NO_SIGNATURE = "NO-SIGNATURE"
    INDETERMINATE = "INDETERMINATE"
    TOTAL_FAILED = "TOTAL-FAILED"


class SignatureKind(StrEnum):
    """A person's signature, an organisation's seal, or a document time-stamp."""

    SIGNATURE = "signature"
    SEAL = "seal"
    DOCUMENT_TIMESTAMP = "document-timestamp"


class ChangesAfter(StrEnum):
    """The worst kind of change in the revisions after a signature, mildest first."""

    NONE = "none"
    LTA = "lta"
    FORM_FILLING = "form-filling"
    ANNOTATIONS = "annotations"
    OTHER = "other"


class Revocation(StrEnum):
    """What is known of a certificate's revocation."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"
    NOT_CHECKED = "not-checked"


class RevocationPolicy(StrEnum):
    """How revocation is asked for: `require` makes unknown a review finding; `off` does not look."""

    REQUIRE = "require"
    IF_AVAILABLE = "if_available"
    OFF = "off"


class Shape(StrEnum):
    """The return shapes of the architecture's table."""

    APPENDED = "appended"
    CARRIER = "carrier"
    REWRITTEN = "rewritten"
    SCAN = "scan"
    OTHER = "other"
    UNKNOWN = "unknown"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class ListStatus(StrEnum):
    """What the trusted lists say of a certificate. The words people read stand under `terms.why`."""

    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not_qualified"
    """A listed authority issued it, but not as a qualified certificate for signatures or seals."""
    WITHDRAWN = "withdrawn"
    """The list names the authority, but its status was not `granted` when the signature was made."""
    NOT_LISTED = "not_listed"
    """No list names an authority of the chain."""
    NO_LIST = "no_list"
    """As above, and the list of the issuer's country is not at hand."""
    STALE = "stale"
    """The list that would tell is out of date, or there is none at all."""


class Listing(_Value):
    """A certificate held against the trusted lists (ETSI TS 119 612)."""

    status: ListStatus
    territory: str | None = None
    """Whose list spoke, or should have."""
    next_update: datetime | None = None
    """Until when that list may be relied on; None where there is none."""


class SignerIdentity(_Value):
    """Who the certificate says has signed. Only to be believed where the signature is `trusted`."""

    name: str | None
    """The common name, or surname and given names: a person's, or the seal's."""
    org_name: str | None = None
    org_number: str | None = None
    """Nine digits, checked by modulus 11; from organizationIdentifier NTRNO-, else serialNumber, else the end of O."""
    issuer: str | None = None
    qualified: bool | None = None
    """What a fresh trusted list says; where none does, what the certificate claims of itself (QcCompliance); None where
    it claims nothing."""
    listing: Listing | None = None
    """What the trusted lists say; None where the certificate is not believed, or is not at hand."""
    birth_date: date | None = None
    """From subjectDirectoryAttributes, where present. Never shown unmasked."""
    certificate_sha256: str | None = None


class SignatureResult(_Value):
    """One signature, seal or document time-stamp. Field meanings as in `cli.md`."""

    field: str
    kind: SignatureKind
    indication: Indication
    sub_indication: str | None
    intact: bool
    covers_document: bool
    changes_after: ChangesAfter
    level: str | None
    signer: SignerIdentity
    trusted: bool
    revocation: Revocation
    claimed_time: datetime | None
    best_signature_time: datetime | None
    stamped: bool = False
    """A time-stamp that is believed says when it was made; else the best time is that of receipt."""
    signed_bytes: int = 0
    """How many bytes from the file's beginning it signed, its own contents left out: the end of its revision."""
    chain: tuple[str, ...] = ()
    """SHA-256 of each certificate from the anchor to the signer's issuer; empty unless it is trusted."""
    service: str | None = None
    """The profile of the signing service whose seal it is: it says that the service delivered this, not who signed."""
    issuer: bool = False
    """It lies within the bytes that we issued: the issuer's own seal, which says nothing of the return."""

    @property
    def counts(self) -> bool:
        """Somebody's statement about the return: no time-stamp, and not the issuer's."""
        return self.kind is not SignatureKind.DOCUMENT_TIMESTAMP and not self.issuer


class EvidencedSigner(_Value):
    """Somebody of whom a signing service's evidence says that they signed (shape B)."""

    file: str
    """The embedded file that says so."""
    signer: SignerIdentity
    identification: str
    """How the service made sure who it was, by the profile: `bankid`, `sms` …"""
    proven: bool
    """The evidence holds in every part: its own signature, its authority, our document inside it, the identification.
    Anything else is told by a finding, and proves nobody's signature."""
    signed_at: datetime | None = None
    """What the evidence claims."""


class Provenance(_Value):
    """Is it what we issued?"""

    shape: Shape
    issued_is_prefix: bool
    changed_fields: tuple[str, ...] = ()


class SignatureReport(_Value):
    """All that `signatures` found out about one document. Pure data; the verdict is policy over it."""

    sha256: str
    size: int
    indication: Indication
    sub_indication: str | None
    signatures: tuple[SignatureResult, ...]
    provenance: Provenance | None
    findings: tuple[Finding, ...]
    service: str | None = None
    """The seal profile that the return belongs to."""
    evidence: tuple[EvidencedSigner, ...] = ()
    trust_id: str
    """SHA-256 over anchors and rules: which trust configuration this report was made under."""
    judged_at: datetime
    engine: str
    """Name and version of the validation engine."""
