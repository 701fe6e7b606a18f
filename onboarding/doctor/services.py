"""Checks of what the work leans on: database, mail server, trust, terms, libraries, the template, the sandbox."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Final

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.errors import ConfigurationError
from agreements.language import Language
from agreements.marking import KEY_BYTES
from agreements.parties import Signer, SigningBasis
from onboarding.doctor.outcome import Check, fault, fine, warning
from onboarding.settings import Settings
from onboarding.settings.model import STANDARD_TEMPLATE

if TYPE_CHECKING:
    from signatures.trust import Trust

CONNECT_SECONDS: Final = 10.0
COMMAND_SECONDS: Final = 20.0
"""A person is waiting: shorter than the minutes a delivery waits."""
MAIL_AROUND_BYTES: Final = 2 * 2**20
"""Of a forward beside the agreement's base64: its line ends (3 %), letter, configuration summary and headers."""
SEAL_WARNING: Final = timedelta(days=30)
"""Time to get another certificate from the issuer."""
_LIBRARIES: Final = ("renderers.layout", "signatures.judge", "intake.reading.pages")
"""Our modules that need what lies outside Python: Pango, PDFium, OpenSSL."""
_PROBE: Final = "onboarding.doctor.services:answer"


def check_database(settings: Settings, _now: datetime) -> Iterator[Check]:
    """It opens, is of this environment and of this version of the program."""
    from onboarding.store import open_store

    store = open_store(settings.database, environment=settings.environment)
    store.close()
    yield fine("database", "database", path=store.place)


def check_mail(settings: Settings, _now: datetime) -> Iterator[Check]:
    """The mail server answers, with TLS and log-in as configured, and takes the largest agreement. No mail is sent."""
    from onboarding.delivery import smtp_server
    from outbox.smtp import Offer, Timeouts, check

    timeouts = Timeouts(connect=CONNECT_SECONDS, command=COMMAND_SECONDS)
    found = check(replace(smtp_server(settings), timeouts=timeouts))
    params: dict[str, str | int] = {"host": settings.smtp.host, "port": settings.smtp.port}
    if isinstance(found, Offer):
        yield fine("mail", "mail" if found.reports else "mail_no_reports", **params)
        needed = settings.limits.pdf_bytes * 4 // 3 + MAIL_AROUND_BYTES
        if found.size is not None and found.size < needed:
            sizes = {"size": found.size // 10**6, "needed": -(-needed // 10**6)}  # in MB, rounded to the safe side
            yield warning("mail", "doctor_mail_small", **params, **sizes)
        return
    reason = found.reason.value if found.reason else "-"
    if found.reply:
        yield fault("mail", "doctor_mail_replied", **params, reason=reason, reply=found.reply)
    else:
        yield fault("mail", "doctor_mail", **params, reason=reason)


def check_trust(settings: Settings, now: datetime) -> Iterator[Check]:
    """The trust anchors can be read, and there are some."""
    from onboarding.trust import load_configured_trust

    timestamp = settings.trust.timestamp_anchors
    if timestamp is not None and not timestamp.exists():  # those for signers serve instead
        yield warning("trust", "doctor_folder_missing", path=str(timestamp))
    if not settings.trust.anchors.exists():
        yield fault("trust", "doctor_folder_missing", path=str(settings.trust.anchors))
        return
    trust = load_configured_trust(settings)
    if trust.anchors:
        yield fine("trust", "trust", count=len(trust.anchors))
    elif settings.environment == "demo":
        yield warning("trust", "doctor_no_anchors", path=str(settings.trust.anchors))
    else:
        yield fault("trust", "doctor_no_anchors", path=str(settings.trust.anchors))
    yield from _lists(settings, trust, now)
    yield from _revocation(settings, now)


def _lists(settings: Settings, trust: "Trust", now: datetime) -> Iterator[Check]:
    """Faults where returns wait for a list, else something to know: no return waits for the list of the lists."""
    from onboarding.trusted_lists import load_every_list

    if trust.require_qualified and not trust.lists:
        yield fault("trust", "doctor_no_lists")
    for one in load_every_list(settings):
        told = fault if trust.require_qualified and one in trust.lists else warning
        date = one.next_update.date().isoformat()
        if one.is_stale(now):
            yield told("trust", "doctor_list_stale", territory=one.territory, date=date)
        else:
            yield fine("trust", "trusted_list", territory=one.territory, date=date)


def _revocation(settings: Settings, now: datetime) -> Iterator[Check]:
    """Each host that may be asked has a name that leads somewhere public; what somebody else renews has not run out.

    Nobody is asked but the name service.
    """
    from onboarding.fetching.cache import held_until
    from onboarding.fetching.child import can_be_asked
    from onboarding.fetching.download import Network
    from onboarding.trust import REVOCATIONS

    for host in settings.trust.fetch_hosts:
        if can_be_asked(host, Network()):
            yield fine("trust", "fetch_host", host=host)
        else:
            yield warning("trust", "doctor_fetch_host", host=host)
    folder = settings.data_dir / REVOCATIONS
    until = [] if settings.trust.fetch_hosts else held_until(folder)
    ended = sum(each <= now for each in until)
    if ended:
        yield warning("trust", "doctor_revocation_ended", count=len(until), ended=ended, path=str(folder))


def check_terms(settings: Settings, now: datetime) -> Iterator[Check]:
    """The operator's terms and the stored powers of attorney are there; what has expired is told."""
    from onboarding.terms import read_terms

    terms = read_terms(settings)
    if not terms.files and settings.environment == "production":
        yield fault("terms", "terms_missing")
    elif not terms.files:
        yield fine("terms", "no_terms")
    for file in terms.files:
        yield fine("terms", "terms", name=file.name, date=file.date, sha256=file.sha256[:16])
    for authority in settings.authorities:
        if not authority.file.is_file():
            yield fault("terms", "doctor_power_missing", path=str(authority.file))
        elif authority.expires is not None and authority.expires < now.date():
            yield warning("terms", "doctor_power_expired", path=str(authority.file), date=authority.expires.isoformat())


def check_seals(settings: Settings, now: datetime) -> Iterator[Check]:
    """Each vendor's own seal opens, and will do so for a while."""
    from onboarding.sealing import open_seal

    sealing = [vendor for vendor in settings.vendors if vendor.seal.wanted]
    if not sealing:
        yield fine("seals", "no_seals")
    for vendor in sealing:
        sealer = open_seal(vendor.seal)
        sealer.check(now)
        until = sealer.expires.date().isoformat()
        if sealer.expires - now < SEAL_WARNING:
            yield warning("seals", "doctor_seal_expires", vendor=vendor.id, until=until)
        else:
            yield fine("seals", "seal", vendor=vendor.id, until=until)


def check_libraries(_settings: Settings, _now: datetime) -> Iterator[Check]:
    """What is not Python's own can be loaded: a bare machine lacks Pango."""
    from onboarding.rendering import private_fonts

    private_fonts()
    for module in _LIBRARIES:
        try:
            import_module(module)
        except (ImportError, OSError) as error:
            yield fault("libraries", "doctor_library", module=module, error=str(error).splitlines()[0][:200])
        else:
            yield fine("libraries", "library", module=module)


def check_recognition(_settings: Settings, _now: datetime) -> Iterator[Check]:
    """Scans can be read. Without, they are judged all the same, and their values wait for a person."""
    from onboarding.ocr import missing_languages

    if missing := missing_languages():
        yield warning("recognition", "doctor_no_recognition", languages=", ".join(missing))
    else:
        yield fine("recognition", "recognition")


def check_template(settings: Settings, now: datetime) -> Iterator[Check]:
    """An agreement can be laid out, in the configured language, with the first vendor's service profile.

    The vendors' own template files can be used, and the forms that vendors name are there, as they were imported.
    """
    from onboarding.rendering import private_fonts

    private_fonts()
    from agreements.agreement import agreement_values
    from onboarding.overrides import read_overrides
    from renderers.agreement import AgreementDocument, render_agreement

    vendor, *others = settings.vendors
    overrides = read_overrides(settings, vendor.id)
    for other in others:
        read_overrides(settings, other.id)
    signers = (Signer(name="N N", basis=SigningBasis.SIGNATURE_RIGHT),)
    values = agreement_values(
        load_catalogue(),
        case_values={"customer.orgnr": vendor.org_number.digits, "customer.name": vendor.name},
        vendor=vendor.party(),
        profile=vendor.service_profile,
        signers=signers,
    )
    rendered = render_agreement(
        AgreementDocument(
            number="DA-2026-000042-J.1",  # the case number of the documentation; nothing is stored
            values={**values, "agreement.issued_at": now.date().isoformat()},
            signers=signers,
            language=Language(settings.language),
            issued_on=now.date(),
            terms=(),
            example=True,
            contact_email=settings.vendors[0].contact.email,
            overrides=overrides,
            marking_key=bytes(KEY_BYTES),  # the installation's own is another check's
        )
    )
    yield fine("template", "template", template=rendered.template_version, pages=rendered.pages)
    yield from _check_forms(settings)


def _check_forms(settings: Settings) -> Iterator[Check]:
    """Each form that a vendor names was imported, and its pages are as they were."""
    from onboarding.forms.storage import read_form
    from renderers.form_agreement import form_version

    for name in sorted({vendor.template for vendor in settings.vendors} - {STANDARD_TEMPLATE}):
        form = read_form(settings.data_dir, name)
        yield fine("template", "form", template=form_version(form), pages=len(form.layout.pages))


def check_sandbox(settings: Settings, _now: datetime) -> Iterator[Check]:
    """Received documents can be opened in their own limited process, without network."""
    from onboarding.inspection import open_sandbox

    with open_sandbox(settings.limits) as sandbox:
        result = sandbox.run(_PROBE, files={}, arguments={"question": 42})
        isolated = sandbox.network_isolated
    if result.limit is not None or result.error is not None:
        raise ConfigurationError("doctor_sandbox", reason=str(result.limit or result.error))
    if isolated:
        yield fine("sandbox", "sandbox")
    elif settings.environment == "production":
        yield fault("sandbox", "doctor_sandbox_network")
    else:
        yield warning("sandbox", "doctor_sandbox_network")


def answer(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the sandbox's child: gives back what it was asked."""
    return {"files": len(files), "arguments": arguments}
