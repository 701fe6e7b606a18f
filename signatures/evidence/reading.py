"""Evidence in a sealed PDF: which files they are, what they prove, and about whom.

Every file that the profile names must hold. What a file is about is read from what it signs, never from beside it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from asn1crypto import x509  # type: ignore[import-untyped]

from agreements.signature_report import Listing, Revocation, SignerIdentity
from signatures.document import Document
from signatures.evidence.belief import believe_certificate
from signatures.evidence.embedded import EmbeddedFile, embedded_files
from signatures.evidence.sdo import read_sdo
from signatures.evidence.statement import EvidenceError, Statement
from signatures.evidence.xades import read_xades
from signatures.identity import read_identity
from signatures.knowledge import Knowledge
from signatures.marker import is_marked
from signatures.profiles import DigestPlace, DigestRule, EvidenceFormat, EvidenceRule, Identification, SignerRule
from signatures.trust import Trust

_READERS: Final = {EvidenceFormat.XADES: read_xades, EvidenceFormat.SEID_SDO: read_sdo}
_DATES: Final = (re.compile(r"(\d{4})-(\d{2})-(\d{2})\Z"), re.compile(r"(\d{2})\.(\d{2})\.(\d{4})\Z"))
_NOBODY: Final = SignerIdentity(name=None)
MAX_NAME: Final = 200  # characters of a name that evidence states


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One signer's evidence."""

    file: str
    fault: str | None = None
    """Why it does not hold by itself: a word of `terms.fault`. Then nothing else of it counts."""
    names_issued: bool = False
    """The issued document stands in what it signs."""
    names_other: bool = False
    """Another document does."""
    signer: SignerIdentity = _NOBODY
    identification: Identification = Identification.UNKNOWN
    trusted: bool = False
    """Its certificate leads to an anchor through an authority of the rule, and was in force."""
    revocation: Revocation = Revocation.NOT_CHECKED
    marked: bool = False
    """Its certificate is one of the demo's."""
    signed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What evidence is held against."""

    rule: EvidenceRule
    issued: bytes
    trust: Trust
    knowledge: Knowledge
    at: datetime
    """By when it is proven to have existed: when the seal over it was made."""


def read_evidence(document: Document, asked: Asked) -> tuple[Evidence, ...]:
    """The evidence in the files that the rule names, in their order. Raises TooManyError."""
    patterns = asked.rule.files
    named = (file for file in embedded_files(document) if any(fnmatchcase(file.name, one) for one in patterns))
    return tuple(evidence for file in named for evidence in _read(file, asked))


def find_any_evidence(document: Document, *, issued: bytes) -> tuple[Evidence, ...]:
    """Whatever signed file names the issued document, of any form: it shows what kind of file this is, and counts for
    nothing. Raises TooManyError.
    """
    return tuple(evidence for file in embedded_files(document) for evidence in _read_any(file, issued))


def _read_any(file: EmbeddedFile, issued: bytes) -> Iterator[Evidence]:
    digest = hashlib.sha256(issued).digest()
    for statement in (one for reader in _READERS.values() for one in _statements(reader, file)):
        texts = {text for part in statement.parts for text in _texts(part)}
        if digest in statement.digests or texts & {base64.b64encode(digest).decode(), digest.hex()}:
            yield Evidence(file=file.name, names_issued=True)


def _statements(reader: Any, file: EmbeddedFile) -> tuple[Statement, ...]:
    try:
        found: tuple[Statement, ...] = reader(file.data)
    except EvidenceError:
        return ()
    return found


def _texts(part: Any) -> Iterator[str]:
    return ("".join((element.text or "").split()) for element in part.iter())


def _read(file: EmbeddedFile, asked: Asked) -> Iterator[Evidence]:
    try:
        statements = _READERS[asked.rule.format](file.data)
    except EvidenceError as error:
        yield Evidence(file=file.name, fault=error.fault)
        return
    for statement in statements:
        yield _judged(file, statement, asked)


def _judged(file: EmbeddedFile, statement: Statement, asked: Asked) -> Evidence:
    rule = asked.rule
    documents = _documents(statement, rule.digest)
    ours = hashlib.sha256(asked.issued).digest()
    knowledge = Knowledge()
    knowledge.add_all(asked.knowledge)
    for kind, pieces in (("/CRLs", statement.crls), ("/OCSPs", statement.ocsps)):
        for der in pieces:
            knowledge.add(kind, der)
    belief = believe_certificate(asked.trust, statement.certificate, statement.others, knowledge, at=asked.at)
    trusted = belief.trusted and not set(rule.issuers).isdisjoint(belief.chain)
    signer, method = _who(statement, rule, trusted=trusted, listing=belief.listing)
    return Evidence(
        file=file.name,
        # Exactly one document: evidence of several is of none in particular.
        names_issued=documents == {ours},
        names_other=bool(documents - {ours}),
        signer=signer,
        identification=method,
        trusted=trusted,
        revocation=belief.revocation,
        marked=any(is_marked(der) for der in (statement.certificate, *statement.others)),
        signed_at=statement.claimed_time,
    )


def _documents(statement: Statement, rule: DigestRule) -> set[bytes]:
    """SHA-256 of every document that stands where the rule says."""
    if rule.place is DigestPlace.REFERENCE or (rule.place is DigestPlace.ORIGINAL and rule.element is None):
        return set(statement.digests)
    texts = list(_elements(statement, rule.element))
    if rule.place is DigestPlace.ORIGINAL:
        return {hashlib.sha256(data).digest() for text in texts if (data := _base64(text)) is not None}
    return {digest for text in texts for digest in _stated(text, rule)}


def _elements(statement: Statement, name: str | None) -> Iterator[str]:
    if name is not None:
        for part in statement.parts:
            for element in part.iter(f"{{*}}{name}"):
                yield "".join(element.itertext()).strip()


def _stated(text: str, rule: DigestRule) -> Iterator[bytes]:
    """The digests in an element's text; where words stand around them, in base64 perhaps, by the pattern."""
    if rule.pattern is None:
        words = ["".join(text.split())]
    else:
        decoded = _base64(text)
        readable = [text] if decoded is None else [text, decoded.decode("utf-8", "replace")]
        words = [word for one in readable for word in re.findall(rule.pattern, one)]
    for word in words:
        try:
            digest = bytes.fromhex(word) if rule.encoding == "hex" else base64.b64decode(word, validate=True)
        except ValueError:
            continue
        if len(digest) == hashlib.sha256().digest_size:
            yield digest


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _who(
    statement: Statement, rule: EvidenceRule, *, trusted: bool, listing: Listing | None
) -> tuple[SignerIdentity, Identification]:
    """Who has signed, and how it was made sure."""
    given = rule.identification
    if rule.signer is None:
        certificate = x509.Certificate.load(statement.certificate)
        identity = read_identity(certificate, trusted=trusted, listing=listing)
        return identity, given if isinstance(given, Identification) else Identification.UNKNOWN
    return _named(statement, rule.signer), _method(statement, rule.signer, given)


def _named(statement: Statement, rule: SignerRule) -> SignerIdentity:
    """The signer that the evidence names. Where it names several in one place it names nobody for certain."""
    name = _only(_elements(statement, rule.name))
    born = None if rule.birth_date is None else _only(_elements(statement, rule.birth_date))
    return SignerIdentity(
        name=None if name is None else " ".join(name.split())[:MAX_NAME],
        birth_date=None if born is None else _date(born),
    )


def _method(
    statement: Statement, rule: SignerRule, given: Identification | Mapping[str, Identification]
) -> Identification:
    if isinstance(given, Identification):
        return given
    stated = None if rule.method is None else _only(_elements(statement, rule.method))
    return given.get(stated, Identification.UNKNOWN) if stated is not None else Identification.UNKNOWN


def _only(texts: Iterable[str]) -> str | None:
    found = set(texts)
    return found.pop() if len(found) == 1 else None


def _date(text: str) -> date | None:
    """`1980-01-02` or `02.01.1980`."""
    for pattern, order in zip(_DATES, ((1, 2, 3), (3, 2, 1)), strict=True):
        match = pattern.match(text.strip())
        if match is not None:
            try:
                return date(*(int(match[index]) for index in order))
            except ValueError:
                return None
    return None
