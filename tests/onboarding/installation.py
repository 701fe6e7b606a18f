"""A whole installation to test in: a folder made by `init`, a PKI, a mail server on loopback, agreements to sign.

`Template` is made once and copied for each test: what takes time (rendering, keys) is shared, what a test changes is
not.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import yaml

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.orgnumber import check_digit
from agreements.parties import Actor, Signer, SigningBasis
from intake.ledger import list_receipts, receipts_of
from intake.receipts import Receipt
from onboarding.importing import EnquiryRow, read_enquiries
from onboarding.initialise import initialise
from onboarding.jobs.loop import Round, run_once
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.settings import Settings, current_os_user, find_actor, load_settings
from onboarding.steps.agreement import Issue, issue_agreement
from onboarding.steps.enquiry import Enquiry, create_case, read_case
from onboarding.store import create_store
from onboarding.store.events import list_events
from onboarding.store.judgements import Judgement, find_judgement_of, list_judgements
from onboarding.workspace import Workspace, open_workspace
from outbox.messages import Message, list_messages
from signatures.throwaway import Credential, Level, ThrowawayPki, sign
from tests.outbox.mail_servers import Mailbox, RealServer

KARI, OLA, NILS = "Kari Nordmann", "Ola Nordmann", "Nils Bråten"
FIRST, SECOND = "Signatur1", "Signatur2"
REAL_ORG_NUMBER = "984661185"  # Posten Bring AS, well known: production takes no synthetic one
QUIET_SECONDS = 0.25
Change = Callable[[dict[str, Any]], None]


@dataclass
class Clock:
    """The machine's clock, moved."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def synthetic_org_number(serial: int) -> str:
    """The n-th organisation number of a range that no real organisation has."""
    digits = ((eight, check_digit(str(eight))) for eight in range(31_500_000, 32_000_000))
    fitting = (f"{eight}{digit}" for eight, digit in digits if digit is not None)
    return next(number for index, number in enumerate(fitting) if index == serial)


@dataclass(kw_only=True)
class Template:
    """A folder to copy: made by `init` for `environment: test`, with agreements that were issued, one to each
    customer."""

    folder: Path
    pki: ThrowawayPki
    by_one: Issue
    """Kari signs."""
    by_two: Issue
    """Kari and Ola sign jointly."""
    returns: dict[str, bytes] = field(default_factory=dict)

    @property
    def honest(self) -> bytes:
        """The return of `by_one`, signed by Kari."""
        return self.signed("honest", self.by_one.pdf, self.pki.person(KARI))

    def signed(self, name: str, pdf: bytes, credential: Credential) -> bytes:
        """A signature that is made once."""
        if name not in self.returns:
            self.returns[name] = sign_return(pdf, credential)
        return self.returns[name]


def sign_return(pdf: bytes, credential: Credential, *, field: str = FIRST, level: Level = "B-LT") -> bytes:
    """Sign as a signing service does, with revocation data."""
    return sign(pdf, credential, field=field, level=level, now=datetime.now(UTC))


@dataclass(kw_only=True)
class Installation:
    """An opened installation with its mail server."""

    folder: Path
    workspace: Workspace
    actor: Actor
    template: Template
    mailbox: Mailbox
    port: int = 0
    """Where the mail server listens."""
    clock: Clock
    _customers: int = 100

    @property
    def pki(self) -> ThrowawayPki:
        return self.template.pki

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def inbox(self) -> Path:
        return self.folder / "inn"

    # --- what customers and coordinators do ------------------------------------------------------------------------

    def enquire(self, *names: str, values: Mapping[str, JsonValue] | None = None, customer: str = "") -> Case:
        """A case for one more customer, everything known, with these signers declared."""
        self._customers += 1
        example = example_row(self.folder, self.workspace.settings)
        enquiry = Enquiry(
            vendor_id="fjord",
            org_number=synthetic_org_number(self._customers),
            customer_name=customer or f"Kunde {self._customers} AS",
            values={**example.values, **(values or {})},
            signers=tuple(Signer(name=name, basis=SigningBasis.SIGNATURE_RIGHT) for name in names),
        )
        return create_case(self.workspace, enquiry, self.actor)

    def issue(self, *names: str, values: Mapping[str, JsonValue] | None = None) -> Issue:
        """An agreement for one more customer."""
        return issue_agreement(self.workspace, str(self.enquire(*names, values=values).number), self.actor)

    def drop(self, name: str, data: bytes, inbox: Path | None = None) -> Path:
        """Put a file into a watched folder."""
        path = (inbox or self.inbox) / name
        path.write_bytes(data)
        return path

    def run(self) -> Round:
        """Everything that is due."""
        return run_once(self.workspace)

    def receive(self, data: bytes, name: str = "avtale.pdf", inbox: Path | None = None) -> Judgement:
        """Drop, run, and return the judgement."""
        self.drop(name, data, inbox)
        self.run()
        found = self.judgement(data)
        assert found is not None, self.receipts()
        return found

    # --- what came of it ---------------------------------------------------------------------------------------------

    def case(self, issue: Issue) -> Case:
        return read_case(self.workspace, str(issue.agreement.number.case))

    def judgement(self, data: bytes) -> Judgement | None:
        with self.workspace.store.read() as connection:
            return find_judgement_of(connection, sha256_of(data))

    def judgements(self) -> tuple[Judgement, ...]:
        with self.workspace.store.read() as connection:
            return list_judgements(connection)

    def receipts(self, data: bytes | None = None) -> tuple[Receipt, ...]:
        with self.workspace.store.read() as connection:
            return list_receipts(connection, None) if data is None else receipts_of(connection, sha256_of(data))

    def messages(self) -> tuple[Message, ...]:
        with self.workspace.store.read() as connection:
            return list_messages(connection)

    def forwards(self) -> tuple[Message, ...]:
        """The messages to Digipost."""
        return tuple(message for message in self.messages() if message.purpose == Purpose.FORWARD)

    def kinds(self, issue: Issue | None = None) -> list[str]:
        """The kinds of the events of a case, or of all."""
        number = None if issue is None else str(issue.agreement.number.case)
        with self.workspace.store.read() as connection:
            return [event.kind for event in list_events(connection, number)]

    def mails(self) -> list[EmailMessage]:
        """What left for Digipost; see `every_mail`."""
        forwards = {message.message_id for message in self.forwards()}
        return [mail for mail in self.every_mail() if mail["Message-ID"] in forwards]

    def mails_for(self, purpose: str) -> list[EmailMessage]:
        """What left for one purpose; see `every_mail`."""
        wanted = {message.message_id for message in self.messages() if message.purpose == purpose}
        return [mail for mail in self.every_mail() if mail["Message-ID"] in wanted]

    def every_mail(self) -> list[EmailMessage]:
        """What left, letters to organisations too."""
        return [parsed(content) for content in self.mailbox.received]


def parsed(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def attached(mail: EmailMessage) -> list[bytes]:
    """The mail's attachments, decoded."""
    return [part.get_content() for part in mail.iter_attachments()]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.decision.findings]


# --- making one -------------------------------------------------------------------------------------------------------


def example_row(folder: Path, settings: Settings) -> EnquiryRow:
    """The first customer of the example file: nobody types forty values."""
    profiles = {"fjord": settings.vendors[0].service_profile}
    content, today = (folder / "eksempel-kunder.csv").read_bytes(), norwegian_day(datetime.now(UTC))
    rows = read_enquiries(content, profiles=profiles, allow_synthetic=True, today=today)
    return next(row for row in rows if isinstance(row, EnquiryRow))


def make_template(folder: Path) -> Template:
    """Make the folder, the PKI and two issued agreements."""
    now = datetime.now(UTC)
    made = initialise(folder, os_user=current_os_user(), user_name="Kari Nordmann", now=now)
    pki = ThrowawayPki.create(now, demo=False)
    (folder / "trust/anchors/test.pem").write_bytes(pki.root_pem())
    (folder / "inn-vidda").mkdir()
    change_config(made.config, _for_tests)
    restamp(folder)
    settings = load_settings(made.config)
    with open_workspace(settings, Clock()) as workspace:
        actor = find_actor(settings, None)
        example = example_row(folder, settings)
        issues = []
        for serial, names in enumerate(((KARI,), (KARI, OLA)), start=1):
            enquiry = Enquiry(
                vendor_id="fjord",
                org_number=synthetic_org_number(serial),
                customer_name=f"Eksempel {serial} AS",
                values=example.values,
                signers=tuple(Signer(name=name, basis=SigningBasis.SIGNATURE_RIGHT) for name in names),
            )
            case = create_case(workspace, enquiry, actor)
            issues.append(issue_agreement(workspace, str(case.number), actor))
    return Template(folder=folder, pki=pki, by_one=issues[0], by_two=issues[1])


def restamp(folder: Path) -> None:
    """Make the database anew, for the environment that the configuration names."""
    settings = load_settings(folder / "config.yaml")
    for path in (folder / "data").glob("avtale.sqlite*"):
        path.unlink()
    create_store(settings.database, environment=settings.environment).close()


def change_config(config: Path, change: Change) -> None:
    """Change a configuration file."""
    document = yaml.safe_load(config.read_bytes())
    change(document)
    config.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _for_tests(document: dict[str, Any]) -> None:
    document["environment"] = "test"
    document["signer_policy"] = "declared"
    document["reminders"]["quiet"] = None  # tests run at night, too
    document["smtp"] |= {"host": "127.0.0.1", "tls": "none", "per_minute": 600}
    document["vendors"][0]["folders"][0]["quiet_seconds"] = QUIET_SECONDS
    document["vendors"].append(
        {
            **document["vendors"][0],
            "id": "vidda",
            "name": "Viddasystem AS",
            "org_number": synthetic_org_number(0),
            "system_name": "Vidda HR",
            "broker_id": 1001,
            "folders": [{"path": "./inn-vidda", "quiet_seconds": QUIET_SECONDS}],
        }
    )
    document["users"].append({"id": "ola", "name": OLA, "role": "reviewer", "os_user": "nobody-ola"})


@contextmanager
def opened_copy(
    template: Template, folder: Path, *, sandbox: Sandbox | None, change: Change = lambda _: None
) -> Iterator[Installation]:
    """Copy the template and open the copy, with a mail server of its own. `change`: of the configuration."""
    shutil.copytree(template.folder, folder)
    mailbox = Mailbox()
    with RealServer(mailbox) as server:
        point_at(folder, server.port)
        change_config(folder / "config.yaml", change)
        settings = load_settings(folder / "config.yaml")
        clock = Clock()
        with open_workspace(settings, clock) as workspace:
            if sandbox is not None:
                workspace.__dict__["sandbox"] = sandbox  # one for all tests: starting it takes a second
            yield Installation(
                folder=folder,
                workspace=workspace,
                actor=find_actor(settings, None),
                template=template,
                mailbox=mailbox,
                port=server.port,
                clock=clock,
            )


def point_at(folder: Path, port: int) -> None:
    """Have a configuration name the mail server at this port."""
    change_config(folder / "config.yaml", lambda document: document["smtp"].update(port=port))
