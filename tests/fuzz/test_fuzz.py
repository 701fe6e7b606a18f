"""Hostile bytes until the time is up: no exception, no verdict in the damaged document's favour, nothing that hangs."""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom

import pytest

from agreements.decision import Verdict, decide
from agreements.findings import INT_ENGINE_ERROR, INT_RESOURCE_LIMIT, Finding
from agreements.returns import judge_return
from agreements.signature_report import RevocationPolicy, SignatureReport
from intake.reading.pages import read_pages
from onboarding.demo.forging import write_over_page
from onboarding.inspection import inspect_document, open_sandbox
from signatures.judge import judge
from signatures.throwaway import ThrowawayPki, sign
from signatures.trust import Trust
from tests.fuzz.mutations import mutate, same_but_for_values, signed_ends
from tests.onboarding.installation import FIRST, KARI, OLA, SECOND, make_template

pytestmark = pytest.mark.fuzz

SECONDS = 25.0  # for each of the two ways; `make fuzz` has 90 in all, mails and signatures included
BROKEN_PDF = ("PdfReadError", "PdfStrictReadError", "PdfStreamError", "ObjectHeaderReadError")
"""What the engine calls a document it can't read; any other exception is one that nobody foresaw."""
SLOWEST = 10.0  # seconds for one document: the configuration's own limit


@dataclass(kw_only=True)
class Corpus:
    """What is damaged. `honest`: approved as they are; `forged`: never."""

    issued: bytes
    trust: Trust
    at: datetime
    honest: dict[str, bytes]
    forged: dict[str, bytes]


@dataclass
class Tally:
    """What a run saw."""

    seed: int
    runs: int = 0
    approved: int = 0
    slowest: float = 0.0
    done: Counter[str] = field(default_factory=Counter)

    def tell(self, capsys: pytest.CaptureFixture[str], name: str) -> None:
        with capsys.disabled():
            sys.stdout.write(
                f"\n{name}: {self.runs} documents, {self.approved} approved (nothing signed was changed), "
                f"slowest {self.slowest:.2f} s, seed {self.seed}\n"
            )


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    template = make_template(tmp_path_factory.mktemp("fuzz") / "avtale")
    pki, now = template.pki, datetime.now(UTC)
    issued = template.by_two.pdf
    once = sign(issued, pki.person(KARI), field=FIRST, level="B-LT", now=now)
    number = str(template.by_two.agreement.values["customer.orgnr"])
    elsewhere = ThrowawayPki.create(now, demo=False)
    return Corpus(
        issued=issued,
        trust=Trust.from_der([pki.root.der], revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False),
        at=now,
        honest={
            "nothing after the signature": sign(
                issued, pki.person(KARI), field=FIRST, level="B-T", embed_revocation=False, now=now
            ),
            "one signer": once,
            "two signers": sign(once, pki.person(OLA), field=SECOND, level="B-LT", now=now),
            "a seal": sign(issued, pki.seal("Eksempel 2 AS", number), field=FIRST, level="B-LT", now=now),
            "archived": sign(issued, pki.person(KARI), field=FIRST, level="B-LTA", now=now),
        },
        forged={
            "overlay after": write_over_page(once, "0 kroner"),
            "overlay before": sign(write_over_page(issued, "0 kroner"), pki.person(KARI), field=FIRST, now=now),
            "unsigned": issued,
            "unknown issuer": sign(issued, elsewhere.person(KARI), field=FIRST, level="B-LT", now=now),
        },
    )


def seed() -> int:
    """Always the same in a gate, a new one where we search (`AVTALE_SEARCH`); `AVTALE_FUZZ_SEED` plays a run again."""
    new = SystemRandom().randrange(2**32) if os.environ.get("AVTALE_SEARCH") else 1
    return int(os.environ.get("AVTALE_FUZZ_SEED") or new)


Judged = tuple[SignatureReport | None, tuple[Finding, ...]]


def damage_until_the_time_is_up(
    corpus: Corpus, tally: Tally, kept: Path, look: Callable[[bytes], Judged]
) -> Iterator[tuple[Finding, ...]]:
    """Mutate, judge, and hold the verdict to the bytes; the document at hand is kept in case something fails."""
    random = Random(tally.seed)
    documents = tuple({**corpus.honest, **corpus.forged}.items())
    others = tuple(data for _, data in documents)
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        name, original = random.choice(documents)
        mutant, what = mutate(original, random, others)
        kept.write_bytes(mutant)
        start = time.monotonic()
        report, failures = look(mutant)
        took = time.monotonic() - start
        tally.slowest = max(tally.slowest, took)
        tally.runs += 1
        tally.done[what] += 1
        told = f"{name}, {what}: seed {tally.seed}, document {tally.runs}, kept as {kept}"
        assert took < SLOWEST, told
        findings = failures if report is None else (*judge_return(report, None, None).decision.findings, *failures)
        if decide(findings).verdict is Verdict.APPROVED:
            tally.approved += 1
            assert any(
                same_but_for_values(mutant, honest, until=end)
                for honest in corpus.honest.values()
                for end in signed_ends(honest)
            ), told
        yield findings


def test_the_corpus_is_judged_as_it_should_be(corpus: Corpus, tmp_path: Path) -> None:
    with open_sandbox() as sandbox:
        look = sandboxed(corpus, tmp_path / "original.pdf", sandbox)
        verdicts = {}
        for name, data in {**corpus.honest, **corpus.forged}.items():
            (tmp_path / "original.pdf").write_bytes(data)
            report, failures = look(data)
            assert report is not None
            assert failures == ()
            verdicts[name] = judge_return(report, None, None).decision.verdict
    assert {name for name, verdict in verdicts.items() if verdict is Verdict.APPROVED} == set(corpus.honest)


def test_nothing_outside_the_signatures_values_may_differ(corpus: Corpus) -> None:
    honest = corpus.honest["nothing after the signature"]
    assert signed_ends(honest) == [len(honest)]
    assert same_but_for_values(honest, honest, until=len(honest))
    for at in (20, len(corpus.issued) + 100, len(honest) - 1):
        assert not same_but_for_values(honest[:at] + b"~" + honest[at + 1 :], honest, until=len(honest))


def test_damaged_returns_never_escape_the_judge_and_never_pass(
    corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally(seed())

    seen = read_pages(corpus.issued)

    def look(data: bytes) -> Judged:
        """With the issued text as the visible one: the bytes alone must give the damage away."""
        report = judge(data, trust=corpus.trust, at=corpus.at, issued=corpus.issued, pages=seen, issued_pages=seen)
        return report, ()

    unforeseen: Counter[str] = Counter()
    for findings in damage_until_the_time_is_up(corpus, tally, tmp_path / "mutant.pdf", look):
        unforeseen.update(str(f.params["error"]) for f in findings if f.code == INT_ENGINE_ERROR.code)
    for broken in BROKEN_PDF:
        del unforeseen[broken]
    tally.tell(capsys, "judge in this process")
    assert tally.runs >= 50
    assert tally.approved
    assert unforeseen.total() <= tally.runs * 0.02, unforeseen


def sandboxed(corpus: Corpus, file: Path, sandbox: object) -> Callable[[bytes], Judged]:
    """The whole inspection of the file, as the pipeline has it done."""
    issued = file.with_name("issued.pdf")
    issued.write_bytes(corpus.issued)

    def look(_data: bytes) -> Judged:
        with file.open("rb") as document, issued.open("rb") as original:
            inspection = inspect_document(
                sandbox,  # type: ignore[arg-type]
                document.fileno(),
                issued=original.fileno(),
                trust=corpus.trust,
                at=corpus.at,
            )
        return inspection.report, () if inspection.failure is None else (inspection.failure,)

    return look


def test_damaged_returns_never_pass_the_whole_inspection_in_the_sandbox(
    corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = Tally(seed())
    limits = 0
    with open_sandbox() as sandbox:
        look = sandboxed(corpus, tmp_path / "mutant.pdf", sandbox)
        for findings in damage_until_the_time_is_up(corpus, tally, tmp_path / "mutant.pdf", look):
            assert findings
            limits += any(finding.code == INT_RESOURCE_LIMIT.code for finding in findings)
    tally.tell(capsys, "inspection in the sandbox")
    assert tally.runs >= 30
    assert limits <= tally.runs * 0.05
