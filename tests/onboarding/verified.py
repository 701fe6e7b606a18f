"""A case in set-up, a Digipost that signs its mail, and the steps to a launch, for the tests of steps 5 and 6."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from agreements.case import Case, LaunchPlan
from agreements.parties import Actor
from agreements.turn import Party
from agreements.verification import Attestation, Method, MethodResult, MethodState
from intake.throwaway_dkim import ThrowawayDomain
from onboarding.configuring import set_configuration
from onboarding.delivery import release_message
from onboarding.demo.name_server import serving_names
from onboarding.launching import approve_launch
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.steps.plan import decide_plan, parse_decision
from onboarding.verifying import Verification, agree_methods, attest, read_verification, record_result
from tests.onboarding.installation import Installation, Template, opened_copy

SENDER_ID = "7654321"
DIGIPOST = ThrowawayDomain("digipost.no")
STRANGER = ThrowawayDomain("example.org")
CONSULTANT = Actor(user="ola", os_user="ola")
COORDINATOR = Actor(user="kari", os_user="kari")
_PLAN: dict[str, Any] = {
    "plan": LaunchPlan.DIRECT,
    "names": {Party.VENDOR: "Siri Demo", Party.DIGIPOST: "Per Demo", Party.CUSTOMER: "Liv Demo"},
    "starts_on": None,
    "recruitment": (),
    "note": "",
}


def prepare(template: Template, sandbox: Sandbox, folder: Path) -> Template:
    """A folder whose first case is in set-up with its sender id, to copy."""
    with opened_copy(template, folder, sandbox=sandbox) as installation:
        installation.receive(template.honest)
        office = Office(installation)
        decide_plan(
            installation.workspace,
            office.number,
            parse_decision(on=installation.clock().date(), **_PLAN),
            None,
            COORDINATOR,
        )
        office.set(**{"setup.sender_id": SENDER_ID})
        return replace(template, folder=installation.folder)


@dataclass
class Office:
    """An installation and what its people do."""

    installation: Installation
    digipost: ThrowawayDomain = field(default_factory=lambda: DIGIPOST)

    @property
    def number(self) -> str:
        return str(self.installation.template.by_one.agreement.number.case)

    @property
    def verification(self) -> Verification:
        return read_verification(self.installation.workspace, self.number)

    @property
    def case(self) -> Case:
        return self.verification.case

    def set(self, **values: str) -> None:
        set_configuration(self.installation.workspace, self.number, values, reason="avtalt", actor=CONSULTANT)

    def file(self, name: str = "referat.txt", content: bytes = b"avtalt") -> Path:
        path = self.installation.folder / name
        path.write_bytes(content)
        return path

    def agree(self, *methods: Method) -> Case:
        return agree_methods(
            self.installation.workspace,
            self.number,
            methods or (Method.V1,),
            vendor_by="Siri Demo",
            digipost_by="Per Demo",
            evidence=self.file(),
            actor=CONSULTANT,
        )

    def passed(self, method: Method = Method.V1, state: MethodState = MethodState.PASSED) -> Case:
        result = MethodResult(
            method=method, agreed=True, state=state, party=Party.VENDOR, by="Siri Demo", evidence="VALID_SENDER"
        )
        return record_result(self.installation.workspace, self.number, result, None, CONSULTANT)

    def vendor_attests(self, name: str = "Siri Demo", actor: Actor = CONSULTANT) -> Attestation:
        _, given = attest(
            self.installation.workspace, self.number, Party.VENDOR, name, evidence=self.file(), actor=actor
        )
        return given

    def send_request(self) -> None:
        """Release the request, have it leave, and let a minute pass."""
        for message in self.installation.messages():
            if message.purpose == Purpose.VERIFICATION_REQUEST and message.state.value == "held":
                release_message(self.installation.workspace, message.id, reason="klart", actor=COORDINATOR)
        self.installation.run()
        self.installation.clock.ahead += timedelta(minutes=1)

    def answer(
        self, *, text: str | None = None, sender: str = "salg@digipost.no", at: datetime | None = None, **headers: str
    ) -> bytes:
        """Digipost's answer, not signed yet."""
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Per Demo <{sender}>", "avtaler@example.org"
        mail["Subject"] = "Re: Verifisering av oppsett"
        mail["Date"] = format_datetime(at or self.installation.clock())
        mail["Message-ID"] = "<svar@digipost.no>"
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(
            f"Hei, vi har verifisert oppsettet.\n\n{self.verification.code}\n\nPer" if text is None else text
        )
        return mail.as_bytes().replace(b"\n", b"\r\n")

    def digipost_attests(
        self, mail: bytes | None = None, name: str = "Per Demo", actor: Actor = COORDINATOR
    ) -> Attestation:
        signed = self.digipost.sign(self.answer()) if mail is None else mail
        _, given = attest(
            self.installation.workspace,
            self.number,
            Party.DIGIPOST,
            name,
            evidence=self.file("svar.eml", signed),
            actor=actor,
        )
        return given

    def ready(self) -> None:
        """Everything up to the launch."""
        self.agree()
        self.passed()
        self.vendor_attests()
        self.send_request()
        self.digipost_attests()

    def launch(self) -> tuple[Case, Path]:
        return approve_launch(self.installation.workspace, self.number, lambda: COORDINATOR)


@contextmanager
def open_office(set_up: Template, folder: Path, sandbox: Sandbox, **attestation: object) -> Iterator[Office]:
    """A copy whose name server knows Digipost's key, and a stranger's."""
    with (
        serving_names({**DIGIPOST.records, **STRANGER.records}) as port,
        opened_copy(set_up, folder, sandbox=sandbox) as installation,
    ):
        settings = installation.workspace.settings
        own = settings.attestation.model_copy(update={"resolver": "127.0.0.1", "resolver_port": port, **attestation})
        installation.workspace = replace(
            installation.workspace, settings=settings.model_copy(update={"attestation": own})
        )
        yield Office(installation)
