"""Nobody gets mail but the configured recipient, and in test and demo nobody outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.errors import ConfigurationError, UsageError
from outbox.addresses import check_address, domain_of
from outbox.recipients import reaches_nobody, resolve_recipient

SALES = "salg@example.com"


def test_production_sends_to_the_configured_recipient_on_the_allow_list() -> None:
    resolved = resolve_recipient(SALES, ["annen@example.com", " Salg@Example.com "], "production", None)
    assert (resolved.recipient, resolved.redirected) == (SALES, False)


@pytest.mark.parametrize("environment", ["test", "demo"])
def test_test_and_demo_send_to_the_test_recipient_and_say_so(environment: str) -> None:
    resolved = resolve_recipient(SALES, [SALES], environment, "digipost@localhost")
    assert (resolved.recipient, resolved.redirected) == ("digipost@localhost", True)


@pytest.mark.parametrize("environment", ["production", "test", "demo"])
def test_a_recipient_that_is_not_on_the_allow_list_is_refused_everywhere(environment: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve_recipient(SALES, ["annen@example.com"], environment, "digipost@localhost")
    assert refused.value.code == "recipient_not_allowed"


def test_an_empty_allow_list_allows_nobody() -> None:
    with pytest.raises(ConfigurationError):
        resolve_recipient(SALES, [], "production", None)


@pytest.mark.parametrize(
    "test_to",
    [
        None,
        "",
        "salg@digipost.no",
        "a@localhost.example.no",
        "a@myexample.org",
        "a@[192.0.2.1]",
        "a@[::g]",
        "a@[127.1]",
    ],
)
def test_a_test_recipient_that_could_reach_somebody_is_refused(test_to: str | None) -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve_recipient(SALES, [SALES], "test", test_to)
    assert refused.value.code in {"test_recipient_unsafe", "recipient_form"}


@pytest.mark.parametrize(
    "address",
    [
        "a@localhost",
        "a@mail.test",
        "a@x.invalid",
        "a@example.org",
        "a@sub.Example.NET",
        "a@[127.0.0.9]",
        "a@[IPv6:::1]",
    ],
)
def test_reserved_names_and_loopback_reach_nobody(address: str) -> None:
    assert reaches_nobody(address)


def test_an_unknown_environment_sends_nowhere() -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve_recipient(SALES, [SALES], "staging", "digipost@localhost")
    assert refused.value.code == "environment_unknown"


def test_a_recipient_that_is_no_address_is_a_fault_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError) as refused:
        resolve_recipient("Salg <salg@example.com>", ["Salg <salg@example.com>"], "production", None)
    assert refused.value.code == "recipient_form"


@given(text=st.text(max_size=80) | st.from_regex(r"[a-z.+-]{1,10}@[a-zæ\[\]:0-9.\s]{1,20}"))
def test_whatever_passes_as_an_address_is_one_ascii_word_with_one_at(text: str) -> None:
    try:
        address = check_address(text)
    except UsageError:
        return
    assert address == text
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>,;"\\()')
    assert address.count("@") == 1
    assert domain_of(address)


def test_an_address_longer_than_smtp_carries_is_refused() -> None:
    with pytest.raises(UsageError):
        check_address("a@" + "b" * 253)
