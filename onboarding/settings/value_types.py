"""What one value of the configuration may be: each type parses what stands in the file, or says what is wrong with it.

A fault carries a code, and the text of `settings.<code>` tells people.
"""

import re
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, ValidationInfo
from pydantic_core import PydanticCustomError

from agreements.characters import find_invisible, find_unfit, tidy
from agreements.orgnumber import OrgNumber, OrgNumberError, parse_org_number
from agreements.quiet_hours import parse_quiet_hours
from onboarding.fetching.hosts import parse_host

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MAX_LINE = 200
SQLITE = "sqlite:///"
"""How the address of a database in a file begins."""
_POSTGRES = re.compile(r"postgresql\+psycopg://(?:[^:/@]*(?P<password>:[^@]*)?@)?[^@]*")


def _fault(code: str, **detail: str | int) -> PydanticCustomError:
    # Pydantic wants a message; people get the text of `settings.<code>` instead.
    return PydanticCustomError("setting", "a setting is wrong", {"code": f"setting_{code}"} | detail)


def _matching(pattern: re.Pattern[str], code: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise _fault(code)
        return value

    return BeforeValidator(check)


def _parse_line(value: object) -> object:
    """One line of text as it is kept; every character of it can be seen."""
    if not isinstance(value, str):
        return value
    line = tidy(value)
    if (unfit := find_invisible(line)) is not None:
        raise _fault(unfit.code, **unfit.params)
    if not 0 < len(line) <= _MAX_LINE:
        raise _fault("bad_line")
    return line


def _parse_printed(value: object) -> object:
    """A line that stands in documents: their fonts must have its letters."""
    line = _parse_line(value)
    if isinstance(line, str) and (unfit := find_unfit(line)) is not None:
        raise _fault(unfit.code, **unfit.params)
    return line


def _parse_path(value: object, info: ValidationInfo) -> object:
    """Relative paths count from the folder of the configuration file, wherever the program is started."""
    if not isinstance(value, str | Path):
        return value
    if str(value).startswith("~"):
        raise _fault("tilde")
    if not str(value) or "\x00" in str(value):
        raise _fault("empty_path")
    base: Path = info.context["folder"] if info.context else Path()
    return base / value


def _parse_fetch_host(value: object) -> object:
    if not isinstance(value, str):
        return value
    if parse_host(value) is None:
        raise _fault("bad_fetch_host")
    return value.lower()


def _parse_org_number(value: object) -> object:
    """Synthetic numbers pass here; `safety.py` refuses them in production."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    try:
        return parse_org_number(str(value), allow_synthetic=True)
    except OrgNumberError as error:
        raise _fault(error.code) from error


def _parse_day(value: object) -> object:
    """A YAML date or its text; a bare number would be read as seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError as error:
        raise _fault("wrong_date") from error


def _parse_database(value: object, info: ValidationInfo) -> object:
    """SQLite in a file, or PostgreSQL by psycopg without a password in the address."""
    if not isinstance(value, str):
        return value
    if value.startswith(SQLITE) and value != SQLITE:
        if "?" in value or ":memory:" in value:
            raise _fault("bad_database")
        path = str(_parse_path(unquote(value.removeprefix(SQLITE)), info))
        return SQLITE + path.replace("%", "%25").replace("?", "%3F")
    match = _POSTGRES.fullmatch(value)
    if match is None:
        raise _fault("bad_database")
    if match["password"] or "password=" in value:
        raise _fault("secret_in_address")
    return value


def _refuse_empty(values: tuple[object, ...]) -> tuple[object, ...]:
    """Run after the entries themselves: faulty entries are no reason to call the list empty, too."""
    if not values:
        raise _fault("empty_list")
    return values


def _refuse_falling(days: tuple[int, ...]) -> tuple[int, ...]:
    """Each reminder comes after the one before."""
    if any(day <= before for before, day in pairwise(days)):
        raise _fault("days_not_growing")
    return days


def _check_quiet(text: str) -> str:
    """Kept as it is written; `Reminders.quiet_hours` has its meaning."""
    try:
        parse_quiet_hours(text)
    except ValueError as error:
        raise _fault("bad_quiet") from error
    return text


def _empty_for_null(value: object) -> object:
    """A list whose entries are all commented out reads as null."""
    return () if value is None else value


MayBeNull = BeforeValidator(_empty_for_null)
NotEmpty = AfterValidator(_refuse_empty)
Id = Annotated[str, _matching(_ID, "bad_id")]
Line = Annotated[str, BeforeValidator(_parse_line)]
Printed = Annotated[str, BeforeValidator(_parse_printed)]
Email = Annotated[str, _matching(_EMAIL, "bad_email")]
Location = Annotated[Path, BeforeValidator(_parse_path)]
DatabaseUrl = Annotated[str, BeforeValidator(_parse_database)]
Organisation = Annotated[OrgNumber, BeforeValidator(_parse_org_number)]
Day = Annotated[date, BeforeValidator(_parse_day)]
Host = Annotated[str, _matching(re.compile(r"[A-Za-z0-9.:_-]{1,253}"), "bad_host")]
FetchHost = Annotated[str, BeforeValidator(_parse_fetch_host)]
"""A host of `trust.fetch_hosts`, perhaps with a port."""
Domain = Annotated[str, _matching(re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"), "bad_domain")]
Port = Annotated[StrictInt, Field(ge=1, le=65535)]
TemplateName = Annotated[str, _matching(re.compile(r"[a-z0-9][a-z0-9-]{0,39}"), "bad_template")]
ReminderDays = Annotated[
    tuple[Annotated[StrictInt, Field(ge=1, le=60)], ...], NotEmpty, AfterValidator(_refuse_falling)
]
_REGISTER_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~-]+)*/?")
RegisterUrl = Annotated[str, _matching(_REGISTER_URL, "bad_register_url")]
"""Where a register is asked; plain HTTP is for loopback only (`safety`)."""
Quiet = Annotated[str, AfterValidator(_check_quiet)]
