"""The evidence of a return: who, by it, has signed what.

Everything is told as it is found; whether it is enough is judged by whoever asks (`signatures.carrier`).
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Final

from agreements.signature_report import Revocation, SignerIdentity
from signatures.document import Document
from signatures.evidence.belief import CertificateBelief, Distrust, believe_certificate
from signatures.evidence.embedded import EmbeddedFile, embedded_files
from signatures.evidence.sdo import is_sdo, read_sdo
from signatures.evidence.signer import Named, named_signers
from signatures.evidence.statement import EvidenceError, Fault, Statement, parse_xml, text_of
from signatures.evidence.xades import decoded, read_xades
from signatures.identity import read_identity
from signatures.knowledge import Knowledge, read_kept
from signatures.marker import is_marked
from signatures.profiles import DigestPlace, DigestRule, EvidenceFormat, EvidenceRule, Identification
from signatures.trust import Trust

MAX_PATTERN_TEXT: Final = (
    100_000  # characters that a profile's expression is let loose on; a signed text has some 1,000
)
_XML_BEGINS: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<")
_NOBODY: Final = SignerIdentity(name=None)


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What evidence is judged by. `at`: the moment at which it is proven to have existed."""

    trust: Trust
    at: datetime
    knowledge: Knowledge
    """Certificates and revocation data that the PDF itself brought along. This machine's own is added."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one signer's evidence says."""

    file: str
    format: EvidenceFormat | None
    """None: it is neither."""
    fault: Fault | None = None
    """Why it does not hold by itself. Then nothing else of it is known."""
    identity: SignerIdentity = _NOBODY
    """Of the certificate that signed the evidence: the signer's own, or the service's."""
    distrust: Distrust | None = Distrust.UNTRUSTED
    revocation: Revocation = Revocation.UNKNOWN
    chain: tuple[str, ...] = ()
    """SHA-256 of each certificate, from the anchor to the issuer."""
    path: tuple[bytes, ...] = ()
    """The certificates themselves (DER), from the anchor to the signer's own; empty where there is no path."""
    marked: bool = False
    """A throwaway certificate of a demo is among those that came with it (SIG-020)."""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    """Of the certificate, in UTC."""
    names_issued: bool = False
    """The document that was issued stands inside what was signed: itself or its digest."""
    names_other: bool = False
    """Another document does."""
    name: str | None = None
    """Who signed. Only to be believed where the evidence is `trusted`."""
    birth_date: date | None = None
    """Never shown unmasked."""
    identification: Identification = Identification.UNKNOWN
    claimed_time: datetime | None = None

    @property
    def trusted(self) -> bool:
        """It holds by itself, and the certificate leads to an anchor through an authority that the profile names."""
        return self.fault is None and self.distrust is None


def read_evidence(
    document: Document, *, rule: EvidenceRule, issued: bytes | None, basis: Basis
) -> tuple[Evidence, ...]:
    """What the embedded files say that a profile's rule names: of each signer in each of them one.

    Empty where the document has no such file. Raises TooManyError.
    """
    chosen = [file for file in embedded_files(document) if is_named(file, rule.files)]
    return tuple(evidence for file in chosen for evidence in _read(file, rule, issued, basis))


def find_any_evidence(document: Document, *, issued: bytes | None, basis: Basis) -> tuple[Evidence, ...]:
    """The same without a profile, of every embedded XML that has a signature of either kind.

    Tells a carrier by a service that nobody knows from a document that was merely written anew; `trusted` then means
    any of our anchors. Raises TooManyError.
    """
    files = [file for file in embedded_files(document) if file.data is not None and _XML_BEGINS.match(file.data)]
    found = (evidence for file in files for evidence in _read(file, None, issued, basis))
    return tuple(evidence for evidence in found if evidence.fault is not Fault.UNSIGNED and evidence.format is not None)


def is_named(file: EmbeddedFile, patterns: tuple[str, ...]) -> bool:
    """Whether one of its names is one of these, `*` for any letters."""
    return any(fnmatchcase(name, _escaped(pattern)) for name in file.names for pattern in patterns)


def _escaped(pattern: str) -> str:
    """Only `*` means anything in a profile's names."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


def _read(file: EmbeddedFile, rule: EvidenceRule | None, issued: bytes | None, basis: Basis) -> Iterator[Evidence]:
    name = file.names[0] if file.names else ""
    form = None if rule is None else rule.format
    try:
        form = form or _format(file.data)
        statements = _statements(file.data, form, issued)
    except EvidenceError as error:
        yield Evidence(file=name, format=form, fault=error.fault)
        return
    for statement in statements:
        yield from _of(statement, (name, form), rule, issued, basis)


def _format(data: bytes | None) -> EvidenceFormat:
    """Raises EvidenceError for what is no XML."""
    return EvidenceFormat.SEID_SDO if is_sdo(parse_xml(data or b"")) else EvidenceFormat.XADES


def _statements(data: bytes | None, form: EvidenceFormat, issued: bytes | None) -> tuple[Statement, ...]:
    if data is None:
        raise EvidenceError(Fault.UNREADABLE)
    return read_sdo(data, issued=issued) if form is EvidenceFormat.SEID_SDO else (read_xades(data, issued=issued),)


def _of(
    statement: Statement,
    origin: tuple[str, EvidenceFormat],
    rule: EvidenceRule | None,
    issued: bytes | None,
    basis: Basis,
) -> Iterator[Evidence]:
    """Of each signer that the statement names."""
    belief = _belief(statement, rule, basis)
    identity = read_identity(statement.certificate, trusted=belief.distrust is None, listing=belief.listing)
    documents = _documents(statement, None if rule is None else rule.digest, issued)
    for named in _signers(statement, rule, identity):
        yield Evidence(
            file=origin[0],
            format=origin[1],
            identity=identity,
            distrust=belief.distrust,
            revocation=belief.revocation,
            chain=tuple(hashlib.sha256(der).hexdigest() for der in belief.chain),
            path=(*belief.chain, statement.certificate.dump()) if belief.chain else (),
            marked=any(is_marked(certificate.dump()) for certificate in (statement.certificate, *statement.others)),
            valid_from=statement.certificate.not_valid_before,
            valid_until=statement.certificate.not_valid_after,
            names_issued=any(documents),
            names_other=not all(documents),
            name=named.name,
            birth_date=named.birth_date,
            identification=_identification(rule, named),
            claimed_time=statement.claimed_time,
        )


def _belief(statement: Statement, rule: EvidenceRule | None, basis: Basis) -> CertificateBelief:
    knowledge = Knowledge()
    knowledge.add_all(basis.knowledge)
    for der in statement.crls:
        knowledge.add("/CRLs", der)
    for der in statement.ocsps:
        knowledge.add("/OCSPs", der)
    certificates = [statement.certificate, *statement.others, *knowledge.certificates]
    knowledge.add_concerning(read_kept(basis.trust.revocations), certificates)
    belief = believe_certificate(basis.trust, statement.certificate, statement.others, knowledge, basis.at)
    if rule is None or belief.distrust is not None:
        return belief
    chain = {hashlib.sha256(der).hexdigest() for der in belief.chain}
    if chain.isdisjoint(rule.issuers):
        return replace(belief, distrust=Distrust.OTHER_ISSUER)
    return belief


# --- which document ---------------------------------------------------------------------------------------------------


def _documents(statement: Statement, rule: DigestRule | None, issued: bytes | None) -> list[bool]:
    """For each document that the signed part names, whether it is the one that was issued."""
    if rule is None:
        return [*statement.documents, *_anywhere(statement, issued)]
    if rule.place is DigestPlace.REFERENCE:
        return list(statement.documents)
    texts = [] if rule.element is None else _texts(statement, rule.element)
    if rule.place is DigestPlace.ORIGINAL:
        return [*statement.documents, *(issued is not None and decoded(text) == issued for text in texts)]
    own = None if issued is None else hashlib.sha256(issued).digest()
    return [own is not None and digest == own for text in texts for digest in _digests(text, rule)]


def _texts(statement: Statement, element: str) -> list[str]:
    """What the signed elements of a local name hold, each text once: what is signed twice is still one."""
    found = [item for root in statement.elements for item in root.iter(f"{{*}}{element}")]
    return list(dict.fromkeys(text_of(item) for item in found))


def _digests(text: str, rule: DigestRule) -> list[bytes]:
    """The digests an element names; one of no digest where none can be read, which is no document of ours."""
    if rule.pattern is None:
        return [_digest(text, rule)]
    words = [text, _plain(text)]
    found = [match for part in words if len(part) <= MAX_PATTERN_TEXT for match in re.finditer(rule.pattern, part)]
    return [_digest(match[1] or "", rule) for match in found] or [b""]


def _plain(text: str) -> str:
    """What a text in base64 says; some services sign it so."""
    return decoded(text).decode("utf-8", "replace")


def _digest(text: str, rule: DigestRule) -> bytes:
    if rule.encoding == "base64":
        return decoded(text)
    try:
        return binascii.unhexlify(text.strip())
    except (binascii.Error, ValueError):
        return b""


def _anywhere(statement: Statement, issued: bytes | None) -> list[bool]:
    """Without a profile nobody knows where to look: the digest or the original in any signed words."""
    if issued is None:
        return []
    digest = hashlib.sha256(issued)
    wanted = (base64.b64encode(digest.digest()).decode(), base64.b64encode(issued).decode())
    for root in statement.elements:
        words = "".join(text_of(root).split())
        if digest.hexdigest() in words.lower() or any(one in words for one in wanted):
            return [True]
    return []


# --- who --------------------------------------------------------------------------------------------------------------


def _signers(statement: Statement, rule: EvidenceRule | None, identity: SignerIdentity) -> tuple[Named, ...]:
    if rule is None or rule.signer is None:
        return (Named.of_certificate(statement.certificate, identity),)
    return named_signers(statement.elements, rule.signer) or (Named(),)


def _identification(rule: EvidenceRule | None, named: Named) -> Identification:
    if rule is None:
        return Identification.UNKNOWN
    if isinstance(rule.identification, Identification):
        return rule.identification
    return rule.identification.get(named.method or "", Identification.UNKNOWN)
