"""What the findings of the signature check say to people: where and in which revision, and what is true everywhere."""

import re

import pytest

from agreements.findings import PRV_CHANGED_BEFORE_SIGNING, SIG_CHAIN, SIG_CHANGED_AFTER, Finding
from agreements.language import Language
from agreements.texts import text, unfilled_text
from signatures.chain import ChainFault
from signatures.throwaway import ThrowawayPki, sign
from tests.signatures.conftest import Judge
from tests.signatures.papers import NOW, overlay

TAKEN_IN = {Language.NB: "tatt inn", Language.NN: "teke inn", Language.EN: "taken in"}
BOTH_PLACES = [f"SIG-{n:03}" for n in range(1, 28)] + [f"PRV-{n:03}" for n in range(2, 9)] + ["INT-009", "INT-010"]
"""What `avtale validate` finds in a file that was never taken in, and the inbox in one that was."""


def said(finding: Finding, language: Language) -> str:
    return text(f"findings.{finding.code}.message", language, **finding.params)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("after", [True, False], ids=["after signing", "before signing"])
def test_a_refused_change_is_told_with_its_place_and_revision(
    after: bool,
    language: Language,
    pki: ThrowawayPki,
    agreement: bytes,
    judged: Judge,
) -> None:
    kari = pki.person("Kari Nordmann")
    signed = sign(agreement if after else overlay(agreement), kari, field="Signatur1", now=NOW)
    code = (SIG_CHANGED_AFTER if after else PRV_CHANGED_BEFORE_SIGNING).code
    found = [f for f in judged(overlay(signed) if after else signed).findings if f.code == code]
    assert found
    for finding in found:
        words = said(finding, language)
        assert str(finding.params["where"]) in words
        assert re.search(rf"\b{finding.params['revision']}\b", words)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("fault", sorted(set(ChainFault) - {ChainFault.NOT_YET_VALID, ChainFault.UNKNOWN}))
def test_each_fault_of_a_chain_is_said_in_words(fault: ChainFault, language: Language) -> None:
    assert fault.value not in said(SIG_CHAIN(field="Signatur1", why=fault.value), language)


@pytest.mark.parametrize("language", Language)
def test_a_command_for_what_was_taken_in_is_only_named_for_what_was_taken_in(language: Language) -> None:
    for code in BOTH_PLACES:
        action = unfilled_text(f"findings.{code}.action", language)
        if re.search(r"`avtale (review|intake retry)", action):
            assert TAKEN_IN[language] in action, (code, action)
