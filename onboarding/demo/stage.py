"""The demo's stage: a folder made by `avtale init`, set up for the demo, with a PKI that nobody trusts elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.casenumber import parse_case_number
from agreements.orgnumber import check_digit
from agreements.parties import Actor, Signer, SigningBasis
from intake.throwaway_dkim import ThrowawayDomain
from onboarding.demo.cast import CAST
from onboarding.demo.imap_server import DemoMailbox, serving_mailbox
from onboarding.demo.mail_server import Fate, MailServer, keeping_mail_server
from onboarding.demo.name_server import serving_names
from onboarding.demo.service import write_profile
from onboarding.files import write_file
from onboarding.importing import EnquiryRow, read_enquiries
from onboarding.initialise import InitResult, initialise
from onboarding.settings import Settings, current_os_user, find_actor, load_settings
from onboarding.steps.agreement import Issue, issue_agreement, save_issue, void_agreement_in_force
from onboarding.steps.enquiry import Enquiry, create_case
from onboarding.workspace import Workspace, open_workspace
from signatures.throwaway import ThrowawayPki

DIGIPOST_DOMAIN = "digipost.example.org"
"""Where the demo's Digipost writes from: a domain that nobody can have (RFC 2606)."""
_IMPOSTORS_DOMAIN = "digipost.example.com"
QUIET_SECONDS = 0.5
"""How long the demo's folder waits for a file to be finished: everything is written on this machine."""
PER_MINUTE = 600
"""The demo's mail server asks for no patience."""


@dataclass(kw_only=True)
class Stage:
    """Everything a return of the demo is made with."""

    folder: Path
    workspace: Workspace
    actor: Actor
    pki: ThrowawayPki
    strangers: ThrowawayPki
    """An infrastructure of somebody else's, which the demo does not trust."""
    now: datetime
    mail_server: MailServer
    mailbox: DemoMailbox
    digipost: ThrowawayDomain
    """Signs Digipost's mail; the demo's name server knows its key."""
    impostor: ThrowawayDomain
    """Signs mail in Digipost's name with a domain of its own."""
    _clock: "_Clock"
    _example: EnquiryRow
    _customers: int = field(default=0)

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.folder / "inn"

    def issue(self, *names: str, language: str = "nb") -> Issue:
        """A case for one more customer with its declared signers, and its agreement issued."""
        self._customers += 1
        org_number, name = synthetic_org_number(self._customers), CAST.customer(self._customers)
        own = {"agreement.language": language, "print.return_name": name, "invoice.endpoint": f"0192:{org_number}"}
        values: dict[str, JsonValue] = {**self._example.values, **own}
        enquiry = Enquiry(
            vendor_id=self._example.vendor_id,
            org_number=org_number,
            customer_name=name,
            values=values,
            signers=tuple(Signer(name=name, basis=SigningBasis.SIGNATURE_RIGHT) for name in names),
        )
        case = create_case(self.workspace, enquiry, self.actor)
        return self.issue_again(str(case.number))

    def issue_again(self, case_number: str) -> Issue:
        """The next version of a case's agreement."""
        issue = issue_agreement(self.workspace, case_number, self.actor)
        save_issue(issue, self.folder / "issued")
        return issue

    def decree(self, issue: Issue, fate: Fate) -> None:
        """Say what the mail server will do with the forward of this agreement."""
        self.mail_server.fates[str(issue.agreement.number)] = fate

    def wait(self, time: timedelta) -> None:
        """Let time pass, for the demo alone: its clock is put ahead."""
        self._clock.ahead += time

    def void(self, case_number: str) -> None:
        """Make the version in force void."""
        void_agreement_in_force(self.workspace, parse_case_number(case_number), "demo", self.actor)


@dataclass(kw_only=True)
class _Clock:
    real: Callable[[], datetime]
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.real() + self.ahead


def synthetic_org_number(serial: int) -> str:
    """The n-th organisation number that no real organisation can have."""
    found = 0
    for eight in range(31_100_000, 32_000_000):
        digit = check_digit(str(eight))
        found += digit is not None
        if found == serial:
            return f"{eight}{digit}"
    raise ValueError(serial)


@contextmanager
def set_stage(folder: Path, clock: Callable[[], datetime]) -> Iterator[Stage]:
    """Make the folder, the PKI and the mail server. Raises ConfigurationError if something of ours is there already."""
    now = clock()
    made = initialise(folder, os_user=current_os_user(), user_name="Demo", now=now)
    pki = ThrowawayPki.create(now)
    (folder / "trust" / "anchors" / "demo.pem").write_bytes(pki.root_pem())
    with ExitStack() as stack:
        mailbox = stack.enter_context(serving_mailbox())
        mail_server = stack.enter_context(keeping_mail_server(folder / "mail", mailbox))
        digipost, impostor = ThrowawayDomain(DIGIPOST_DOMAIN), ThrowawayDomain(_IMPOSTORS_DOMAIN)
        names = stack.enter_context(serving_names({**digipost.records, **impostor.records}))
        profile = write_profile(folder / "trust" / "profiles", pki, now=now)
        settings = _demo_settings(made, mail_server.port, mailbox, profile, names)
        running = _Clock(real=clock)
        workspace = stack.enter_context(open_workspace(settings, running))
        yield Stage(
            folder=folder,
            workspace=workspace,
            actor=find_actor(settings, None),
            pki=pki,
            strangers=ThrowawayPki.create(now),
            now=now,
            mail_server=mail_server,
            mailbox=mailbox,
            digipost=digipost,
            impostor=impostor,
            _clock=running,
            _example=_example(made, settings, norwegian_day(now)),
        )


def _demo_settings(made: InitResult, port: int, mailbox: DemoMailbox, profile: Path, names: int) -> Settings:
    """What `init` wrote, with the demo's mail server, mailbox, name server and `signer_policy: declared`."""
    configuration = yaml.safe_load(made.config.read_bytes())
    configuration["signer_policy"] = "declared"
    configuration["smtp"] |= {"host": "127.0.0.1", "port": port, "tls": "none", "per_minute": PER_MINUTE}
    address = configuration["smtp"]["from"]
    configuration["smtp"]["copy_to"] = address
    configuration["attestation"] |= {
        "domains": [DIGIPOST_DOMAIN],
        "resolver": "127.0.0.1",
        "resolver_port": names,
    }
    configuration["trust"]["profiles"] = [str(profile)]
    configuration["mailboxes"] = [_mailbox_settings(made, mailbox, address)]
    configuration["vendors"][0]["folders"][0]["quiet_seconds"] = QUIET_SECONDS
    made.config.write_text(yaml.safe_dump(configuration, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return load_settings(made.config)


def _mailbox_settings(made: InitResult, mailbox: DemoMailbox, address: str) -> dict[str, JsonValue]:
    password = made.config.parent / "data" / "keys" / "mailbox"
    write_file(password, mailbox.password.encode())
    return {
        "id": "avtaler",
        "host": "127.0.0.1",
        "port": mailbox.port,
        "tls": "none",
        "username": address,
        "password_file": str(password),
        "address": address,
    }


def _example(made: InitResult, settings: Settings, today: date) -> EnquiryRow:
    """The first customer of the example file: nobody types forty values."""
    assert made.example is not None
    profiles = {vendor.id: vendor.service_profile for vendor in settings.vendors}
    rows = read_enquiries(made.example.read_bytes(), profiles=profiles, allow_synthetic=True, today=today)
    return next(row for row in rows if isinstance(row, EnquiryRow))
