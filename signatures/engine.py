"""The validation engine behind an adapter: may this signature be believed, and as of when?

The steps of ETSI EN 319 102-1 in turn, for none of the engine's three answers includes the others (facts 0.3):
validation at the time of receipt, then with the signature's time-stamp, then with the document's time-stamps. Twice
where need be: once with revocation data required, and if that fails once without, to know whether revocation is all
that is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final, cast

import cryptography.hazmat.backends.openssl.backend  # noqa: F401 - loaded now: a sandboxed child opens no files
import pyhanko.pdf_utils.filters  # noqa: F401 - as above
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.ades import (
    ades_basic_validation,
    ades_lta_validation,
    ades_timestamp_validation,
    ades_with_time_validation,
)
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, REQUIRE_REVINFO, RevocationCheckingPolicy

from agreements.signature_report import Indication, Listing, Revocation, RevocationPolicy
from signatures.chain import ChainFault, chain_fault, made_for_documents
from signatures.cms import (
    Cms,
    CmsError,
    check_integrity,
    read_cms,
    require_searchable,
    signed_digest,
    stamped_time,
    token_time,
)
from signatures.digests import Digests
from signatures.document import Document, TooManyError
from signatures.enumerate import TIMESTAMP, FoundSignature
from signatures.fields import collect_fields
from signatures.knowledge import Knowledge
from signatures.qualified import find_listing
from signatures.rules import specification
from signatures.trust import Trust

ENGINE: Final = f"pyHanko {version('pyHanko')}"

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far our clock may be behind a time-stamp authority's, which keeps UTC to the second (ETSI EN 319 421, 7.7.2): the
skew that RFC 4120, 8.2, recommends to allow between machines on a network."""
_REVOKED = frozenset({AdESFailure.REVOKED, AdESIndeterminate.REVOKED_NO_POE, AdESIndeterminate.REVOKED_CA_NO_POE})


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What the engine holds of one signature, integrity and changes aside."""

    indication: Indication
    sub_indication: str | None
    trusted: bool
    """There is a chain to an anchor, and it is good but for what revocation data could tell."""
    revocation: Revocation
    best_time: datetime
    """When the signature is proven to have existed: by a trusted time-stamp, else the time of receipt."""
    timestamp_trusted: bool | None
    """None without a signature time-stamp."""
    chain_fault: ChainFault | None = None
    """Which rule a chain to a trusted root breaks; None where it breaks none, and where there is no such chain."""
    chain: tuple[bytes, ...] = ()
    """The certificates (DER) from the anchor to the signer's issuer, where such a path was found."""
    listing: Listing | None = None
    """What the trusted lists say of the signer, at `best_time`; None where it is not trusted."""


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """One run of the cascade under one rule of revocation."""

    outcome: AdESSubIndic
    path: Any
    best_time: datetime | None
    timestamp: AdESSubIndic | None
    unproven_expiry: bool = False
    """Passed by time-stamp though the certificate has expired: the engine then has not looked at revocation at all."""

    @property
    def passed(self) -> bool:
        return self.outcome.status is AdESStatus.PASSED

    @property
    def flawless(self) -> bool:
        return self.passed and self.timestamp in (None, AdESPassed.OK) and not self.unproven_expiry


class _Notes:
    """The outcome of the basic validation inside a validation with time.

    The engine reports only the last outcome, but makes a status (of the class it is given) of the first one too,
    which is that of basic validation: of passing results no later step changes it (pyHanko 0.38, `ades.py`).
    """

    def __init__(self) -> None:
        self._first: StandardCMSSignatureStatus | None = None

    def status(self, **values: Any) -> StandardCMSSignatureStatus:
        """Stands where the engine expects the class: makes one, and keeps the first."""
        made = StandardCMSSignatureStatus(**values)
        if self._first is None:
            self._first = made
        return made

    @property
    def basic(self) -> AdESSubIndic:
        """Of basic validation. Raises RuntimeError if there was none."""
        if self._first is None:
            raise RuntimeError("no status was made")
        return self._first.trust_problem_indic or AdESPassed.OK


class _Embedded(EmbeddedPdfSignature):
    """As the engine has it, but a time-stamp by its sub-filter: some have no /Type or the wrong one."""

    @property
    def sig_object_type(self) -> Any:
        return "/DocTimeStamp" if self.sig_object.get("/SubFilter") == TIMESTAMP else "/Sig"


class Engine:
    """Judges signatures of one document under one trust configuration."""

    def __init__(
        self, *, trust: Trust, at: datetime, document: Document, store: Knowledge, ever: Knowledge, kept: Knowledge
    ) -> None:
        self._trust = trust
        self._timing = ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True)
        self._at = at
        self._document = document
        self._store = store
        self._ever = ever
        self._kept = kept

    async def believe(
        self, digests: Digests, found: FoundSignature, cms: Cms, *, archive: tuple[FoundSignature, ...]
    ) -> Belief:
        """Judge one intact signature. `archive`: the document time-stamps that stand after it."""
        knowledge = self._knowledge(cms)
        digest = signed_digest(digests, found, cms.digest_name)

        archived = bool(archive) and not any(self._is_of_the_future(moment) for moment in _stamped(cms, archive))

        async def attempt(rule: RevocationCheckingPolicy) -> _Attempt:
            return await self._cascade(
                found, cms, digest, specification(self._trust, rule, knowledge), archived=archived
            )

        if self._trust.revocation is RevocationPolicy.OFF:
            return self._conclude(cms, await attempt(NO_REVOCATION), Revocation.NOT_CHECKED)
        strict = await attempt(REQUIRE_REVINFO)
        if strict.flawless:
            return self._conclude(cms, strict, Revocation.GOOD)
        if strict.outcome in _REVOKED:
            return self._conclude(cms, strict, Revocation.REVOKED)
        if strict.passed and not strict.unproven_expiry and self._trust.revocation is RevocationPolicy.REQUIRE:
            return self._conclude(cms, strict, Revocation.GOOD)  # only its time-stamp is in doubt, and stays so
        soft = await attempt(NO_REVOCATION)
        good = await self._was_good_then(digests, cms, digest, soft, archive)
        return self._conclude(cms, soft, Revocation.GOOD if good else Revocation.UNKNOWN)

    async def _was_good_then(
        self, digests: Digests, cms: Cms, digest: bytes, soft: _Attempt, archive: tuple[FoundSignature, ...]
    ) -> bool:
        """Was the certificate good when a believed time-stamp says the signature was made?

        Past signature validation (EN 319 102-1, 5.6.2) by our own hand: the revocation data must have been in force
        at that time. Where the certificate has expired since, its issuer no longer answers for what is said of it,
        so the data must also stand under a document time-stamp from before that.
        """
        if not soft.passed or soft.timestamp is not AdESPassed.OK or soft.best_time is None:
            return False
        then = ValidationTimingInfo(
            validation_time=soft.best_time, best_signature_time=soft.best_time, point_in_time_validation=True
        )
        spec = specification(self._trust, REQUIRE_REVINFO, self._knowledge(cms))
        result = await ades_basic_validation(cms.signed_data, spec, timing_info=then, raw_digest=digest)
        if result.ades_subindic.status is not AdESStatus.PASSED:
            return False
        expiry = cms.certificate.not_valid_after
        return bool(expiry >= self._at) or await self._stamped_before(digests, archive, expiry)

    async def _stamped_before(self, digests: Digests, archive: tuple[FoundSignature, ...], deadline: datetime) -> bool:
        """Does a believed document time-stamp stand after the signature, from before the deadline?"""
        for stamp in archive:
            if not stamp.covers(self._document, digests.pdf):
                continue
            cms = read_cms(stamp.contents or b"")
            moment = stamped_time(cms)
            if not check_integrity(digests, stamp, cms).intact or moment is None or moment > deadline:
                continue
            if (await self.believe_timestamp(digests, stamp, cms)).status is AdESStatus.PASSED:
                return True
        return False

    def _conclude(self, cms: Cms, attempt: _Attempt, revocation: Revocation) -> Belief:
        best_time = attempt.best_time or self._at
        if revocation is not Revocation.NOT_CHECKED and self._called_revoked(cms, attempt.path, best_time):
            revocation = Revocation.REVOKED
        fault = None
        if attempt.outcome is AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE:
            fault = chain_fault(attempt.path, self._at)
        outcome = self._outcome(cms, attempt, fault, revoked=revocation is Revocation.REVOKED)
        indication, sub = _indication(outcome)
        if indication is Indication.TOTAL_PASSED and self._misses_revocation(revocation):
            indication, sub = Indication.INDETERMINATE, str(AdESIndeterminate.TRY_LATER.standard_name)
        chain = _chain(cms, attempt.path, root=True)
        trusted = outcome.status is AdESStatus.PASSED
        return Belief(
            indication=indication,
            sub_indication=sub,
            trusted=trusted,
            revocation=revocation,
            best_time=best_time,
            timestamp_trusted=self._timestamp_trusted(cms, attempt),
            chain_fault=fault,
            chain=tuple(certificate.dump() for certificate in chain[:-1]),
            listing=find_listing(self._trust.lists, chain, moment=best_time, at=self._at) if trusted else None,
        )

    def _outcome(self, cms: Cms, attempt: _Attempt, fault: ChainFault | None, *, revoked: bool) -> AdESSubIndic:
        """The engine's, unless we know better."""
        if attempt.outcome in _REVOKED:
            return attempt.outcome
        if revoked:
            return AdESIndeterminate.REVOKED_NO_POE
        if fault is ChainFault.NOT_YET_VALID:
            return AdESIndeterminate.OUT_OF_BOUNDS_NO_POE  # the engine says so only of what has expired
        if not attempt.passed:
            return attempt.outcome
        if not _in_force(cms.certificate, attempt.best_time or self._at):
            return AdESIndeterminate.OUT_OF_BOUNDS_NO_POE
        if not all(made_for_documents(certificate) for certificate in _chain(cms, attempt.path, root=True)):
            return AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE
        return attempt.outcome

    def _timestamp_trusted(self, cms: Cms, attempt: _Attempt) -> bool | None:
        if not cms.has_timestamp:
            return None
        authorities = [extract_certificate_info(token).signer_cert for token in cms.timestamps]
        revoked = self._trust.revocation is not RevocationPolicy.OFF and any(
            self._ever.revoked_since(authority) is not None for authority in authorities
        )
        return attempt.timestamp is AdESPassed.OK and not revoked

    def _misses_revocation(self, revocation: Revocation) -> bool:
        return self._trust.revocation is RevocationPolicy.REQUIRE and revocation is Revocation.UNKNOWN

    def _called_revoked(self, cms: Cms, path: Any, moment: datetime) -> bool:
        """Does anything the document ever brought along call a certificate of the chain revoked by then?"""
        chain = _chain(cms, path, root=False)
        own = Knowledge()
        own.add_cms(cms)
        dates = [source.revoked_since(certificate) for source in (self._ever, own) for certificate in chain]
        return any(date is not None and date <= moment for date in dates)

    async def _cascade(
        self, found: FoundSignature, cms: Cms, digest: bytes, spec: SignatureValidationSpec, *, archived: bool
    ) -> _Attempt:
        attempt, doubt = await self._with_time(cms, digest, spec) if cms.has_timestamp else (None, None)
        if attempt is None:
            attempt = await self._basic(cms, digest, spec, doubt)
        if archived and (not attempt.passed or attempt.unproven_expiry):
            attempt = await self._long_term(found, spec, attempt)
        return attempt

    async def _basic(
        self, cms: Cms, digest: bytes, spec: SignatureValidationSpec, doubt: AdESSubIndic | None
    ) -> _Attempt:
        """Validation at the time of receipt.

        Where it passes but did not with the time-stamp (`doubt`), it is the time-stamp that is not believed.
        """
        basic = await ades_basic_validation(cms.signed_data, spec, timing_info=self._timing, raw_digest=digest)
        attempt = _Attempt(outcome=basic.ades_subindic, path=_path(basic), best_time=None, timestamp=None)
        return replace(attempt, timestamp=doubt) if attempt.passed else attempt

    async def _with_time(
        self, cms: Cms, digest: bytes, spec: SignatureValidationSpec
    ) -> tuple[_Attempt | None, AdESSubIndic]:
        """The attempt if it passes with the time-stamp, and the outcome.

        The engine begins this with all of basic validation (EN 319 102-1, 5.5.4 step 1), whose outcome `notes` keep:
        only where the rest does not pass need it be done by itself.
        """
        if any(self._is_of_the_future(moment) for moment in _stamped(cms, ())):
            return None, AdESIndeterminate.TIMESTAMP_ORDER_FAILURE
        notes = _Notes()
        result = await ades_with_time_validation(
            cms.signed_data, spec, timing_info=self._timing, raw_digest=digest, status_cls=cast(Any, notes.status)
        )
        if result.ades_subindic.status is not AdESStatus.PASSED:
            return None, result.ades_subindic
        if _helps_in_vain(notes.basic, cms, result.best_signature_time):
            return None, AdESIndeterminate.NOT_YET_VALID
        attempt = _Attempt(
            outcome=AdESPassed.OK,
            path=_path(result),
            best_time=result.best_signature_time,
            timestamp=AdESPassed.OK,
            unproven_expiry=notes.basic is AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
        )
        return attempt, AdESPassed.OK

    async def _long_term(self, found: FoundSignature, spec: SignatureValidationSpec, before: _Attempt) -> _Attempt:
        """Past validation by the document's time-stamps. What the engine can't do with this file improves nothing."""
        try:
            embedded = next(item for item in self._embedded() if item.fq_name == found.field)
            embedded.compute_integrity_info(skip_diff=True)
            bare = replace(spec, local_knowledge=LocalKnowledge())  # the engine reads the store itself
            settings = PdfSignatureValidationSpec(signature_validation_spec=bare, diff_policy=None)
            result = await ades_lta_validation(embedded, settings, timing_info=self._timing)
        except Exception:  # noqa: BLE001 - the engine is called on a hostile file
            return before
        if result.ades_subindic.status is not AdESStatus.PASSED:
            return before
        return _Attempt(
            outcome=AdESPassed.OK,
            path=_path(result) or before.path,
            best_time=result.best_signature_time,
            timestamp=AdESPassed.OK,
        )

    def _embedded(self) -> list[Any]:
        """The engine's own list, filled by us: its own way of filling it stops at the first broken signature."""
        reader: Any = self._document.reader
        if reader._embedded_signatures is None:  # noqa: SLF001 - see above
            reader._embedded_signatures = _embed(self._document)  # noqa: SLF001
        return list(reader._embedded_signatures)  # noqa: SLF001

    async def believe_timestamp(self, digests: Digests, found: FoundSignature, cms: Cms) -> AdESSubIndic:
        """Judge one intact document time-stamp."""
        if self._is_of_the_future(stamped_time(cms)):
            return AdESIndeterminate.TIMESTAMP_ORDER_FAILURE
        spec = specification(self._trust, NO_REVOCATION, self._knowledge(cms))
        result = await ades_timestamp_validation(
            cms.signed_data, spec, expected_tst_imprint=_imprint(digests, found), timing_info=self._timing
        )
        if self._called_revoked(cms, _path(result), self._at):
            return AdESFailure.REVOKED
        return result.ades_subindic

    def _is_of_the_future(self, moment: datetime | None) -> bool:
        """Whether a time-stamp says it was made after what carries it was received."""
        return moment is not None and moment > self._at + CLOCK_TOLERANCE

    def _knowledge(self, cms: Cms) -> LocalKnowledge:
        own = Knowledge(
            certificates=list(self._store.certificates), crls=list(self._store.crls), ocsps=list(self._store.ocsps)
        )
        own.add_cms(cms)
        certificates = [cms.certificate, *cms.others, *own.certificates]
        require_searchable(certificates)
        own.add_concerning(self._kept, certificates)
        return own.local()


def _helps_in_vain(basic: AdESSubIndic, cms: Cms, moment: datetime | None) -> bool:
    """What the engine's validation with time passes though the time-stamp proves nothing to the point.

    Having found an expired certificate it asks only whether the time-stamp is too early, and after a revoked issuer
    it does not look at the time-stamp's time at all (pyHanko 0.38, `ades_with_time_validation`).
    """
    if basic is AdESIndeterminate.REVOKED_CA_NO_POE or moment is None:
        return True
    return not _in_force(cms.certificate, moment)


def _stamped(cms: Cms, archive: tuple[FoundSignature, ...]) -> list[datetime | None]:
    """What the time-stamps of a signature and those that stand after it say; nothing of those that can't be read."""
    moments = [token_time(token) for token in cms.timestamps]
    for stamp in archive:
        try:
            moments.append(stamped_time(read_cms(stamp.contents or b"")))
        except (CmsError, TooManyError):
            continue
    return moments


def _chain(cms: Cms, path: Any, *, root: bool) -> list[Any]:
    """The certificates of the path that was found; without one the signer's alone."""
    return [cms.certificate] if path is None else list(path.iter_certs(include_root=root))


def _in_force(certificate: Any, moment: datetime) -> bool:
    return bool(certificate.not_valid_before <= moment <= certificate.not_valid_after)


def _imprint(digests: Digests, found: FoundSignature) -> Callable[[str], bytes]:
    def compute(algorithm: str) -> bytes:
        return signed_digest(digests, found, algorithm)

    return compute


def _embed(document: Document) -> list[Any]:
    made = (_embed_one(document, name, field) for name, field in _signed_fields(document))
    embedded = [item for item in made if item is not None]
    return sorted(embedded, key=lambda item: int(item.signed_revision))


def _embed_one(document: Document, name: str, field: Any) -> Any:
    try:
        return _Embedded(document.reader, field, name)
    except Exception:  # noqa: BLE001 - one broken signature must not hide the others; it has its own finding
        return None


def _signed_fields(document: Document) -> list[tuple[str, Any]]:
    fields = collect_fields(document, document.last)
    return [(name, field.value) for name, field in fields.items() if field.is_signature and "/V" in field.value]


def _path(result: Any) -> Any:
    return result.api_status.validation_path if result.api_status is not None else None


def _indication(outcome: AdESSubIndic) -> tuple[Indication, str | None]:
    if outcome.status is AdESStatus.PASSED:
        return Indication.TOTAL_PASSED, None
    failed = outcome.status is AdESStatus.FAILED
    return (Indication.TOTAL_FAILED if failed else Indication.INDETERMINATE), str(outcome.standard_name)
