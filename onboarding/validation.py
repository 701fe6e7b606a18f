"""`avtale validate`: judge files without a case, a configuration or a database.

One line per file, in the order given.
"""

import errno
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agreements.canonical import JsonValue
from agreements.decision import Decision, Verdict, decide
from agreements.findings import INT_MISSING, INT_NO_ACCESS, INT_NOT_REGULAR, INT_UNREADABLE_PDF, Finding
from agreements.language import Language
from agreements.returns import judge_return
from agreements.signature_report import Indication, Provenance, Shape, SignatureReport, SignatureResult
from agreements.signers import ExpectedSigners, SignerCheck
from agreements.texts import text
from intake.classify import HEAD_BYTES, classify
from onboarding.explanation import document_checks, signature_checks
from onboarding.files import OddFileError, open_file
from onboarding.inspection import Inspection, inspect_document
from onboarding.sandbox import Sandbox
from onboarding.views import finding_data, finding_lines, utc
from signatures.trust import Trust

SCHEMA = "avtale/validation/v1"
_EXIT = {Verdict.APPROVED: 0, Verdict.NEEDS_REVIEW: 6, Verdict.REJECTED: 5}
_WORST = (0, 6, 5, 4, 8, 1)
"""Exit codes from mildest to worst (`cli.md`)."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the files are judged by."""

    trust: Trust
    at: datetime
    issued: Path | None
    expected: ExpectedSigners | None
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class Validation:
    """One file's outcome."""

    file: str
    sha256: str | None
    size: int | None
    report: SignatureReport | None
    compared: bool
    """An issued document was given to compare it with."""
    decision: Decision
    signer_check: SignerCheck
    missing: bool
    elapsed_ms: float

    @property
    def exit_code(self) -> int:
        """Of this file alone."""
        return 4 if self.missing else _EXIT[self.decision.verdict]


def validate_files(sandbox: Sandbox, files: Sequence[Path], request: Request, *, jobs: int) -> Iterator[Validation]:
    """Judge every file, `jobs` at a time, yielding in the order given. Never raises for what a file holds."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(lambda path: validate_file(sandbox, path, request), files)


def validate_file(sandbox: Sandbox, path: Path, request: Request) -> Validation:
    """Judge one file."""
    start = time.perf_counter()
    size, unfit = _look(path, request.max_bytes)
    if unfit is not None:
        return _unopened(path, size, unfit, request, start)
    try:
        with ExitStack() as stack:
            document = stack.enter_context(open_file(path)).fileno()
            issued = stack.enter_context(open_file(request.issued)).fileno() if request.issued else None
            inspection = inspect_document(sandbox, document, issued=issued, trust=request.trust, at=request.at)
    except OddFileError as odd:
        return _unopened(path, size, INT_NOT_REGULAR(kind=odd.kind), request, start)
    except OSError as error:
        return _unopened(path, size, _no_access(error), request, start)
    return _opened(path, size, inspection, request, start)


def worst_exit(codes: Iterable[int]) -> int:
    """The exit code of several files together."""
    return max(codes, key=_WORST.index, default=0)


def _look(path: Path, max_bytes: int) -> tuple[int | None, Finding | None]:
    """Size, and why the file is not opened at all."""
    try:
        with open_file(path) as stream:
            head = stream.read(HEAD_BYTES)
            size = stream.seek(0, os.SEEK_END)
    except OddFileError as odd:
        return None, INT_NOT_REGULAR(kind=odd.kind)
    except (FileNotFoundError, NotADirectoryError):
        return None, INT_MISSING()
    except OSError as error:
        return None, _no_access(error)
    return size, classify(head, size, max_bytes=max_bytes, name=path.name)


def _no_access(error: OSError) -> Finding:
    return INT_NO_ACCESS(reason=errno.errorcode.get(error.errno or 0, "EIO"))


def _hash(path: Path) -> str | None:
    """None where it can't be read. One that is opened has its hash from the child, which reads it anyway."""
    try:
        with open_file(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # typeshed
    except (OddFileError, OSError):
        return None


def _unopened(path: Path, size: int | None, finding: Finding, request: Request, start: float) -> Validation:
    return Validation(
        file=str(path),
        sha256=None if size is None else _hash(path),
        size=size,
        report=None,
        compared=request.issued is not None,
        decision=decide([finding]),
        signer_check=SignerCheck.NOT_JUDGED,
        missing=finding.code == INT_MISSING.code,
        elapsed_ms=_elapsed(start),
    )


def _opened(path: Path, size: int | None, inspection: Inspection, request: Request, start: float) -> Validation:
    report, failure = inspection.report, inspection.failure
    if report is None:
        return _unopened(path, size, failure or INT_UNREADABLE_PDF(), request, start)
    judged = judge_return(report, None, request.expected)
    known = {finding.code for finding in judged.decision.findings}
    extra = () if failure is None or failure.code in known else (failure,)
    return Validation(
        file=str(path),
        sha256=report.sha256,
        size=report.size,
        report=report,
        compared=request.issued is not None,
        decision=decide((*judged.decision.findings, *extra)),
        signer_check=judged.signers.check,
        missing=False,
        elapsed_ms=_elapsed(start),
    )


def _elapsed(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 1)


# --- how it looks -----------------------------------------------------------------------------------------------------


def as_json(validation: Validation, language: Language) -> str:
    """The line of `validate --json`, exactly as in `cli.md`."""
    report = validation.report
    indication, sub = (report.indication, report.sub_indication) if report else _unopened_indication(validation)
    document: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "file": validation.file,
        "sha256": validation.sha256,
        "size": validation.size,
        "indication": indication.value,
        "sub_indication": sub,
        "signatures": [signature_data(signature) for signature in report.signatures] if report else [],
        "provenance": _provenance(validation),
        "findings": [finding_data(finding, language) for finding in validation.decision.findings],
        "signer_check": validation.signer_check.value,
        "verdict": validation.decision.verdict.value,
        "elapsed_ms": validation.elapsed_ms,
    }
    return json.dumps(document, ensure_ascii=False)


def _unopened_indication(validation: Validation) -> tuple[Indication, str | None]:
    """A document that broke a limit may hold signatures; what is no PDF holds none."""
    limits = {"INT-009", "INT-010"}
    broke = any(finding.code in limits for finding in validation.decision.findings)
    return (Indication.INDETERMINATE, "GENERIC") if broke else (Indication.NO_SIGNATURE, None)


def _provenance(validation: Validation) -> JsonValue:
    """Null only where nothing was given to compare with (`cli.md`); of what was not opened it is unknown."""
    report = validation.report
    unknown = Provenance(shape=Shape.UNKNOWN, issued_is_prefix=False) if validation.compared else None
    provenance = report.provenance if report else unknown
    return None if provenance is None else provenance.model_dump(mode="json")


def signature_data(signature: SignatureResult) -> dict[str, JsonValue]:
    """A signature with the keys of `cli.md`; a birth date is never shown."""
    signer = signature.signer
    return {
        "field": signature.field,
        "kind": signature.kind.value,
        "indication": signature.indication.value,
        "sub_indication": signature.sub_indication,
        "intact": signature.intact,
        "covers_document": signature.covers_document,
        "changes_after": signature.changes_after.value,
        "level": signature.level,
        "signer": {
            "name": signer.name,
            "org_name": signer.org_name,
            "org_number": signer.org_number,
            "issuer": signer.issuer,
            "qualified": signer.qualified,
        },
        "trusted": signature.trusted,
        "revocation": signature.revocation.value,
        "claimed_time": utc(signature.claimed_time),
        "best_signature_time": utc(signature.best_signature_time),
    }


def as_lines(validation: Validation, language: Language, *, explain: bool) -> list[str]:
    """The outcome for people: the verdict, then every finding with what to do; with `explain`, every check as well."""
    verdict = text(f"states.verdict.{validation.decision.verdict.value}", language)
    lines = [f"{validation.file}: {verdict}"]
    if explain:
        lines += [f"  {line}" for line in _explained(validation, language)]
    for finding in validation.decision.findings:
        lines += [f"  {line}" for line in finding_lines(finding, language)]
    return lines


def _explained(validation: Validation, language: Language) -> list[str]:
    report = validation.report
    checks = document_checks(report, validation.decision, validation.signer_check, language)
    lines = [check.line(language) for check in checks]
    for signature in report.signatures if report else ():
        lines += signature_lines(signature, language)
    return lines


def signature_title(signature: SignatureResult, language: Language) -> str:
    """`Signatur1 (underskrift): Kari Nordmann`."""
    kind = text(f"explain.kinds.{signature.kind.value}", language)
    return f"{signature.field} ({kind}): {signature.signer.name or '?'}"


def signature_lines(signature: SignatureResult, language: Language) -> list[str]:
    """A signature for people: each check with its outcome and its source."""
    checks = signature_checks(signature, language)
    return [signature_title(signature, language), *(f"  {check.line(language)}" for check in checks)]
