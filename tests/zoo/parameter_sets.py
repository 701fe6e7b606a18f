"""Random agreements: values in every section, long and short, in three languages. The same number, the same set."""

import random
from datetime import date, timedelta
from typing import Any, Final

from agreements.agreement import SigningRoute
from agreements.canonical import JsonValue
from agreements.catalogue import Field, FieldType, load_catalogue
from agreements.language import Language
from agreements.machine_readable import is_birth_date, value_fields
from agreements.national_id import find_certain
from agreements.orgnumber import check_digit
from agreements.pages import solid
from agreements.printed import parse_printed
from renderers.agreement import AgreementDocument
from renderers.agreement_view import value_text
from tests.renderers.samples import KARI, OLA, REQUIRED, sample

CATALOGUE: Final = load_catalogue()
OPEN: Final = (
    *("contact.contract.phone", "contact.business.name", "contact.business.email"),
    *("invoice.method", "launch.first_send_date", "launch.peaks", "dpa.accepted"),
)
_LETTERS: Final = "abcdefghijklmnoprstuvyæøåÆØÅčđŋšŧžČĐŊŠŦŽáÁéôü"
_PLAIN: Final = "abcdefghijklmnoprstuvy"
_FREE: Final = frozenset({FieldType.STRING, FieldType.TEXT, FieldType.LIST, FieldType.ADDRESS, FieldType.SIGNER})
_FIXED: Final = frozenset({"customer.sector", "service.channel", "agreement.kind", "vendor.may_send_on_behalf"})
"""What other values depend on; varied by hand below."""


def random_agreement(number: int, *, route: SigningRoute = SigningRoute.SERVICE) -> AgreementDocument:
    """One of them. On a route with open values, some are left open."""
    chance = random.Random(number)
    values = random_values(chance)
    open_fields = OPEN if route is not SigningRoute.SERVICE else ()
    return sample(
        {field_id: value for field_id, value in values.items() if field_id not in open_fields},
        signers=(KARI, OLA) if chance.random() < 0.4 else (KARI,),
        language=tuple(Language)[number % len(Language)],
        route=route,
        open_fields=open_fields,
    )


def random_values(chance: random.Random) -> dict[str, JsonValue]:
    values: dict[str, JsonValue] = dict(REQUIRED) | {
        "customer.sector": chance.choice(["private", "public"]),
        "service.channel": chance.choice(["api", "batch_sftp"]),
        "service.print_fallback": chance.random() < 0.5,
        "service.dpi": chance.random() < 0.5,
    }
    for field in value_fields(CATALOGUE):
        asked_of_the_customer = not field.id.startswith("vendor.") and field.id not in _FIXED
        if asked_of_the_customer and (field.required or chance.random() < 0.6):
            values[field.id] = _value(field, chance)
    return {field_id: value for field_id, value in values.items() if find_certain(str(value)) is None}


def _value(field: Field, chance: random.Random) -> JsonValue:
    if field.values:
        several = chance.sample(field.values, chance.randint(1, min(8, len(field.values))))
        return several[0] if field.type is FieldType.ENUM else list[JsonValue](several)
    if field.check == "peppol_orgnr":
        return f"0192:{org_number(chance)}"
    return _MAKERS.get(field.type, _text)(chance) if field.type is not FieldType.STRING else _limited(field, chance)


def org_number(chance: random.Random) -> str:
    while True:
        eight = str(chance.randint(10_000_000, 39_999_999))
        if (digit := check_digit(eight)) is not None:
            return eight + digit


def _limited(field: Field, chance: random.Random) -> str:
    return _text(chance)[: field.max or 130].strip()


def _text(chance: random.Random) -> str:
    """One to some twenty words, one in ten of them long."""
    count = chance.choice([1, 2, 2, 3, 3, 4, 12, 20])
    return " ".join(_word(chance) for _ in range(count))


def _word(chance: random.Random) -> str:
    length = chance.randint(30, 45) if chance.random() < 0.03 else chance.randint(1, 12)
    word = "".join(chance.choices(_LETTERS, k=length)).capitalize()
    return chance.choice(
        [word] * 6 + [f"{word}-{word[:4]}", f"({word})", str(chance.randint(1, 9999)), f"{word}/{word[:3]}"]
    )


def _email(chance: random.Random) -> str:
    return (
        f"{''.join(chance.choices(_PLAIN, k=chance.randint(2, 40)))}@{''.join(chance.choices(_PLAIN, k=8))}.example.org"
    )


def _address(chance: random.Random) -> JsonValue:
    lines = [f"{_word(chance)} {chance.randint(1, 400)}" for _ in range(chance.randint(1, 3))]
    return {"lines": lines, "postal_code": f"{chance.randint(1, 9990):04}", "city": _word(chance)}


def _date(chance: random.Random) -> str:
    return (date(2026, 12, 1) + timedelta(days=chance.randint(0, 700))).isoformat()


_MAKERS: Final[dict[FieldType, Any]] = {
    FieldType.BOOL: lambda chance: chance.random() < 0.5,
    FieldType.INT: lambda chance: chance.randint(0, 10 ** chance.randint(1, 8)),
    FieldType.INT64: lambda chance: chance.randint(1, 2**62),
    FieldType.DATE: _date,
    FieldType.LIST: lambda chance: [_word(chance) for _ in range(chance.randint(1, 5))],
    FieldType.LIST_INT: lambda chance: [chance.randint(0, 200) for _ in range(chance.randint(1, 4))],
    FieldType.ORGNR: org_number,
    FieldType.PHONE: lambda chance: f"+47{chance.randint(20_000_000, 99_999_999)}",
    FieldType.EMAIL: _email,
    FieldType.ADDRESS: _address,
    FieldType.TEXT: lambda chance: "\n".join(_text(chance) for _ in range(chance.randint(1, 3))),
}


def reads_back(value: JsonValue, field: Field, shown: str, language: Language) -> bool:
    """Whether what was seen in a value's place is that value.

    Exactly, but for texts and lists of them, which may hold what the print does not say (a comma, a line's end): they
    must print the same. Of a birth date the year.
    """
    found = parse_printed(CATALOGUE, field, shown, language, allow_synthetic=True)
    if is_birth_date(field):
        return found == str(value)[:4]
    if field.type not in _FREE or field.values:
        return found == value
    return solid(value_text(CATALOGUE, field, found, language)) == solid(value_text(CATALOGUE, field, value, language))
