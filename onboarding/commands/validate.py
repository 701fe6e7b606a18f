"""`avtale validate`: judge files without a case, a configuration or a database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agreements.errors import UsageError
from onboarding.call import Call
from onboarding.command import argument, command, option, print_lines

if TYPE_CHECKING:
    from agreements.signers import ExpectedSigners
    from onboarding.validation import Request

_PATH = click.Path(path_type=Path)


@command(
    "validate",
    argument("files", nargs=-1, required=True, type=_PATH, metavar="FILE…"),
    option("--issued", type=_PATH),
    option("--trust", type=_PATH, multiple=True),
    option("--at"),
    option("--org-number"),
    option("--signer", "signers", multiple=True),
    option("--revocation", type=click.Choice(["require", "if_available", "off"]), default="if_available"),
    option("--jobs", type=click.IntRange(1, 64), default=1),
    option("--explain", is_flag=True),
)
def validate(call: Call, files: tuple[Path, ...], jobs: int, explain: bool, **wishes: Any) -> int:
    """Judge files."""
    from onboarding.inspection import open_sandbox
    from onboarding.validation import as_json, as_lines, validate_files, worst_exit

    request = _request(call, **wishes)
    codes: list[int] = []
    with open_sandbox(workers=jobs) as sandbox:
        for validation in validate_files(sandbox, files, request, jobs=jobs):
            if call.as_json:
                click.echo(as_json(validation, call.lang))
            else:
                print_lines(as_lines(validation, call.lang, explain=explain))
            codes.append(validation.exit_code)
    return worst_exit(codes)


def _request(
    call: Call,
    *,
    issued: Path | None,
    trust: tuple[Path, ...],
    at: str | None,
    org_number: str | None,
    signers: tuple[str, ...],
    revocation: str,
) -> "Request":
    from agreements.errors import NotFoundError
    from agreements.signature_report import RevocationPolicy
    from onboarding.settings.model import Limits
    from onboarding.trust import REVOCATIONS
    from onboarding.validation import Request
    from signatures.profiles import PROFILE_SUFFIXES
    from signatures.trust import REFUSE_NONE, load_trust

    if issued is not None and not issued.is_file():
        raise NotFoundError("not_a_file" if issued.exists() else "file_not_found", path=str(issued))
    return Request(
        # Demo certificates count only where the caller points at a demo's configuration.
        trust=load_trust(
            [path for path in trust if path.suffix not in PROFILE_SUFFIXES],
            revocation=RevocationPolicy(revocation),
            accept_demo=call.config is not None and call.settings.environment == "demo",
            refuse=REFUSE_NONE,
            revocation_folder=None if call.config is None else call.settings.data_dir / REVOCATIONS,
            profiles=[path for path in trust if path.suffix in PROFILE_SUFFIXES],
        ),
        at=call.clock() if at is None else _parse_time(at),
        issued=issued,
        expected=_expected(org_number, signers),
        max_bytes=Limits().pdf_bytes,
    )


def _expected(org_number: str | None, signers: tuple[str, ...]) -> "ExpectedSigners | None":
    from agreements.orgnumber import parse_org_number
    from agreements.parties import Signer, SigningBasis
    from agreements.signers import ExpectedSigners, SignerPolicy

    if org_number is None and not signers:
        return None
    return ExpectedSigners(
        org_number=None if org_number is None else parse_org_number(org_number, allow_synthetic=True),
        signers=tuple(Signer(name=name, basis=SigningBasis.SIGNATURE_RIGHT) for name in signers),
        policy=SignerPolicy.DECLARED,
    )


def _parse_time(typed: str) -> datetime:
    """ISO 8601; without a zone it is UTC. Raises UsageError."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise UsageError("time_form", text=typed) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
