"""The settings as typed, frozen values. Keys are those of `config.example.yaml`, where each is explained.

Everything here is parsed at the border: paths are absolute, organisation numbers are checked, choices are closed. Rules
that concern several keys at once stand in `safety.py`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
)

from agreements.language import Language
from agreements.parties import Vendor
from agreements.quiet_hours import QuietHours, parse_quiet_hours
from agreements.signers import SignerPolicy
from agreements.signing_order import MAX_SIGNING_DAYS
from agreements.verification import Method
from onboarding.settings.value_types import (
    SQLITE,
    DatabaseUrl,
    Day,
    Domain,
    Email,
    FetchHost,
    Host,
    Id,
    Line,
    Location,
    MayBeNull,
    NotEmpty,
    Organisation,
    Port,
    Printed,
    Quiet,
    RegisterUrl,
    ReminderDays,
    TemplateName,
)
from outbox.pace import MAX_PER_MINUTE, PER_MINUTE

Environment = Literal["production", "test", "demo"]
STANDARD_TEMPLATE: Final = "standard"
"""The template that comes with the program; any other name is a form's."""


class _Group(BaseModel):
    # Defaults are validated too, and instances again: that is how relative paths in defaults find the file's folder.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, revalidate_instances="always")


class IntegrationVerified(_Group):
    """When, by whom and where it is written that the vendor's integration with Digipost was verified."""

    date: Day
    by: Line
    reference: Line


class Contact(_Group):
    """A person at the vendor: whom the letters name, and who answers for personal data in agreement and letter."""

    name: Printed
    email: Email


class WatchedFolder(_Group):
    """A folder in which signed agreements are dropped."""

    path: Location
    mode: Literal["auto", "events", "scan"] = "auto"
    quiet_seconds: Annotated[StrictFloat | StrictInt, Field(ge=0.25, le=3600)] | None = None
    """Seconds a file must have been left alone before it is taken. None: as the file system wants it."""
    done_marker: Annotated[str, Field(pattern=r"^\.[a-z0-9]{1,9}$")] | None = None
    """Ending of the file without which no file is taken. None: none is needed, and `.ferdig` counts."""


class Seal(_Group):
    """The vendor's own seal on what it issues: a PKCS#12 file, or a key in hardware by PKCS#11."""

    pkcs12: Location | None = None
    pkcs11: Location | None = None
    """The library of the token's maker."""
    token: Line | None = None
    """The token's label; with `pkcs11` only, as is `label`."""
    label: Line | None = None
    """The label of key and certificate on the token."""
    password_file: Location | None = None
    """Holds the file's password, or the token's PIN."""

    @property
    def wanted(self) -> bool:
        """Whether there is a seal at all."""
        return self.pkcs12 is not None or self.pkcs11 is not None


class VendorSettings(_Group):
    """A system vendor (systemleverandør) and what all its customers have in common."""

    id: Id
    name: Printed
    org_number: Organisation
    system_name: Printed
    broker_id: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]
    contact: Contact
    signing: Literal["service", "own_tool", "paper"] = "service"
    signing_days: Annotated[StrictInt, Field(ge=1, le=MAX_SIGNING_DAYS)] = 30
    """Days from the issue until the agreement should be signed."""
    open: tuple[Line, ...] = ()
    """Catalogue ids that may be left for the customer to fill in when it signs (`agreements.open_values`)."""
    template: TemplateName = STANDARD_TEMPLATE
    """`standard`, or the name of a form that was imported by `template import`."""
    seal: Seal = Seal()
    integration_verified: IntegrationVerified | None = None
    service_profile: Mapping[str, Any] = {}
    """Catalogue values by field id, pre-filled in every case of this vendor; canonical after loading."""
    folders: tuple[WatchedFolder, ...] = ()

    def party(self) -> Vendor:
        """The vendor as the ground knows it."""
        return Vendor(
            id=self.id,
            name=self.name,
            org_number=self.org_number,
            system_name=self.system_name,
            broker_id=self.broker_id,
            contact_name=self.contact.name,
            contact_email=self.contact.email,
        )


class LogIn(_Group):
    """How a mail account is logged in to. Secrets stand in files; `auth` says which are used."""

    auth: Literal["password", "oauth2_microsoft", "google_service_account", "token_command"] = "password"
    password_file: Location | None = None
    tenant: Line | None = None
    client_id: Line | None = None
    client_secret_file: Location | None = None
    service_account_file: Location | None = None
    token_command: tuple[Line, ...] | None = None


class MailboxSettings(LogIn):
    """A mailbox to which signed agreements are sent."""

    id: Id
    vendor: Id | None = None
    """Whose customers write to it; None: every vendor's."""
    address: Email
    """Its own address, by which copies of our own mail are known."""
    host: Host
    port: Port = 993
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    username: Line
    folder: Line = "INBOX"
    plus_addresses: StrictBool = False
    """Whether mail to `name+anything@…` arrives here as well: then each case gets an address of its own."""
    move: StrictBool = True
    """Whether mail that is done with is moved on the server."""
    sent_folder: Line | None = None
    """Where the mail server itself puts what is sent from `smtp.from`; None: it does not."""


class Smtp(LogIn):
    """The mail server that takes our messages. The password never stands here: see `environment.smtp_password`."""

    host: Host
    port: Port = 587
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: Line | None = None
    from_: Annotated[Email, Field(alias="from")]
    copy_to: Email | None = None
    """A mailbox of our own that gets a copy of everything, by which it is known what left; None: none does."""
    per_minute: Annotated[StrictInt, Field(ge=1, le=MAX_PER_MINUTE)] = PER_MINUTE


class NationalIdDecision(_Group):
    """What somebody decided on identity numbers in everything that is signed in one way, until a day."""

    profile: Line
    """How it is signed: `service`, `own_tool`, `paper`, or a name of `trust.profiles`."""
    decision: Literal["allow", "encrypt"]
    by: Id
    """Who decided: a user's id."""
    date: Day
    basis: Line
    """On what grounds, for whoever audits: the assessment's place in the archive, say."""
    expires: Day
    """The last day on which it counts."""


class Forward(_Group):
    """Where approved agreements are forwarded."""

    to: Email
    allow: Annotated[tuple[Email, ...], NotEmpty]
    test_to: Email | None = None
    """Takes the place of `to` in test and demo."""
    national_id: Literal["hold", "allow", "encrypt"] = "hold"
    encrypt_to: Location | None = None
    """The recipient's certificate, PEM."""
    national_id_decisions: Annotated[tuple[NationalIdDecision, ...], MayBeNull] = ()
    attach: Annotated[tuple[Literal["report", "json"], ...], MayBeNull] = ()
    """What goes with the signed agreement and its configuration summary: the signature check, the configuration."""
    when_unknown: Literal["ask", "resend", "wait"] = "ask"
    """What becomes of mail that may have left where nothing tells whether it did (`outbox.settling.Policy`)."""


class Keys(_Group):
    """Secret key files, made by `avtale init`."""

    qr: Location = Path("data/keys/qr")
    checkpoint: Location = Path("data/keys/checkpoint.pem")


class Attestation(_Group):
    """Whose mail counts as Digipost's: exactly these domains, none below them."""

    domains: tuple[Domain, ...] = ("digipost.no", "posten.no")
    accept_testimony: StrictBool = False
    """The vendor's word for what Digipost said is enough."""
    resolver: Host | None = None
    """Address of the DNS server that is asked for keys; None: the system's."""
    resolver_port: Port = 53


class Alarms(_Group):
    """Who is told when something is stuck."""

    to: Email | None = None
    after_minutes: Annotated[StrictInt, Field(ge=1, le=7 * 24 * 60)] = 60
    """How old something may become that waits for its turn or for a person."""


class Templates(_Group):
    """The operator's own templates."""

    folder: Location | None = None


class Authority(_Group):
    """A stored power of attorney: this person may sign for that organisation, by this document."""

    org_number: Organisation
    name: Line
    file: Location
    expires: Day | None = None


class TrustSettings(_Group):
    """Whom signatures are trusted from."""

    anchors: Location = Path("trust/anchors")
    fetch_hosts: tuple[FetchHost, ...] = ()
    """The hosts that may be asked for revocation data (`onboarding.fetching`); none: nobody is."""
    timestamp_anchors: Location | None = Path("trust/tsa")
    lists: Location | None = Path("trust/lists")
    """The folder of trusted lists, filled by `avtale trust update`; None: there are none."""
    revocation: Literal["require", "if_available", "off"] = "if_available"
    require_qualified: StrictBool = False
    """Who signs must be qualified by a trusted list that is up to date."""
    profiles: tuple[Location, ...] = ()
    """Seal profiles (`signatures.profiles`): one file for each signing service, its name the profile's."""


class User(_Group):
    """A person who decides things in the program."""

    id: Id
    name: Printed
    role: Literal["coordinator", "reviewer", "administrator"]
    os_user: Line


class TermsFile(_Group):
    """One document of the operator's terms, listed on every agreement by name, date and hash."""

    name: Printed
    date: Day
    file: Location


class Registers(_Group):
    """Look-ups in the registers at Brønnøysund (`onboarding.registers`)."""

    enabled: StrictBool = False
    entity_url: RegisterUrl = "https://data.brreg.no/enhetsregisteret/api"
    """Enhetsregisteret; facts/domain.md §4."""
    authority_url: RegisterUrl = "https://data.brreg.no/fullmakt"
    """Fullmakttjenesten; facts/domain.md §4."""
    timeout_seconds: Annotated[StrictInt, Field(ge=1, le=30)] = 5
    """For one question; a look-up has three."""


class Verification(_Group):
    """How a set-up is verified (step 5)."""

    methods: Mapping[Method, Literal[False] | Mapping[Language, Printed]] = {}
    """What differs from the defaults: False for a method that is not offered, or own words for it."""

    def offers(self, method: Method) -> bool:
        """Whether it may be agreed on; the follow-up after launch never."""
        return method is not Method.V7 and self.methods.get(method) is not False

    def label(self, method: Method, language: Language) -> str:
        """The installation's own words; empty for the program's."""
        own = self.methods.get(method) or {}
        return own.get(language, "")


_Days = Annotated[StrictInt, Field(ge=1, le=60)]


class Deadlines(_Group):
    """Working days the one who has the ball gets."""

    enquiry: _Days = 5
    """To confirm an enquiry, and to issue the agreement."""
    answer: _Days = 2
    """To answer Digipost."""
    review: _Days = 1
    """To look at a return."""
    forward: _Days = 1
    """For an approved agreement to leave."""
    plan: _Days = 5
    """To decide direct or planned."""
    hold: _Days = 10
    """Until somebody looks again at a case on hold."""
    configuration: _Days = 2
    customer: _Days = 5
    """For what the customer itself does in the set-up."""
    verification: _Days = 2
    acknowledgement: _Days = 5
    """Until a forward that Digipost has not answered stands in the weekly letter, and until a question is late."""


class Reminders(_Group):
    """When an organisation is reminded of an agreement that waits to be signed."""

    after_days: ReminderDays = (5, 10)
    quiet: Quiet | None = "22-08"
    at_most: Annotated[StrictInt, Field(ge=0, le=10)] = 3
    """0: nobody is reminded."""

    @property
    def quiet_hours(self) -> QuietHours | None:
        """The hours in which nothing leaves for an organisation; None: there are none."""
        return None if self.quiet is None else parse_quiet_hours(self.quiet)


_Kept = Annotated[StrictInt, Field(ge=14, le=3660)]
"""Days; at least as long as a late report or a reply may take."""


class Retention(_Group):
    """How long things are kept."""

    mail_days: _Kept = 90
    """Mail as it came; what it carried is kept by itself."""
    not_agreement_days: _Kept = 90
    copies_days: _Kept = 90
    """Copies of our own mail."""
    rejected_days: _Kept = 90
    unsigned_days: _Kept = 90
    """Everything of a case that ended without a signed agreement."""
    signed_years_after_end: Annotated[StrictInt, Field(ge=1, le=50)] = 5
    """Everything of a case with a signed agreement."""


class Limits(_Group):
    """What one received document may cost."""

    pdf_bytes: Annotated[StrictInt, Field(ge=2**10, le=100 * 2**20)] = 25 * 2**20
    validation_seconds: Annotated[StrictInt, Field(ge=1, le=300)] = 10
    validation_bytes: Annotated[StrictInt, Field(ge=256 * 2**20, le=16 * 2**30)] = 2**30


class Settings(_Group):
    """The whole configuration. Made by `loading.load_settings` only."""

    environment: Environment
    data_dir: Location = Path("data")
    database: DatabaseUrl = "sqlite:///data/avtale.sqlite"
    language: Language = Language.NB
    vendors: Annotated[tuple[VendorSettings, ...], NotEmpty]
    mailboxes: Annotated[tuple[MailboxSettings, ...], MayBeNull] = ()
    smtp: Smtp
    forward: Forward
    keys: Keys = Keys()
    attestation: Attestation = Attestation()
    alarms: Alarms = Alarms()
    templates: Templates = Templates()
    authorities: Annotated[tuple[Authority, ...], MayBeNull] = ()
    trust: TrustSettings = TrustSettings()
    users: Annotated[tuple[User, ...], NotEmpty]
    signer_policy: SignerPolicy = SignerPolicy.CONFIRMED
    terms: Annotated[tuple[TermsFile, ...], MayBeNull] = ()
    registers: Registers = Registers()
    verification: Verification = Verification()
    deadlines: Deadlines = Deadlines()
    reminders: Reminders = Reminders()
    retention: Retention = Retention()
    limits: Limits = Limits()

    @property
    def allow_synthetic(self) -> bool:
        """Synthetic organisation numbers exist in test and demo only."""
        return self.environment != "production"

    @property
    def database_file(self) -> Path | None:
        """SQLite's file; None on PostgreSQL."""
        if not self.database.startswith(SQLITE):
            return None
        return Path(unquote(self.database.removeprefix(SQLITE)))

    def find_vendor(self, vendor_id: str) -> VendorSettings | None:
        """The vendor with this id, or None."""
        return next((vendor for vendor in self.vendors if vendor.id == vendor_id), None)

    def mailboxes_for(self, address: str) -> tuple[MailboxSettings, ...]:
        """The mailboxes in which mail to this address arrives, whatever stands behind a plus in it."""
        local, _, domain = address.casefold().rpartition("@")
        plain = f"{local.partition('+')[0]}@{domain}"
        return tuple(mailbox for mailbox in self.mailboxes if mailbox.address.casefold() in {plain, address.casefold()})
