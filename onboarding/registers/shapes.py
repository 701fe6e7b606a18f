"""The registers' answers, parsed strictly: a shape that has changed raises, and nothing is guessed from the rest.

Enhetsregisteret: `organisasjonsnummer`, `navn`, `organisasjonsform.kode`, `postadresse`, `forretningsadresse`,
`maalform`, `konkurs`, `underAvvikling`, `underTvangsavviklingEllerTvangsopplosning`, `slettedato`, `overordnetEnhet`.
Fullmakttjenesten: `status.*.kode`,
`signeringsKombinasjon.kombinasjon[].personRolleKombinasjon[]` with days as dd.mm.yyyy (facts/domain.md §4,
facts/product.md §8; unconfirmed live).
"""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agreements.orgnumber import OrgNumber
from agreements.signing_authority import Combination, RegisteredPerson, Rule, Stop


class ChangedShapeError(Exception):
    """The answer is not as it was written down, or speaks of another organisation than was asked for."""


def _flag(value: object) -> bool:
    """True and false, and the words for them: one of the registers writes flags as strings."""
    known = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in known:
        raise ValueError("no flag")
    return known[value]


def _day(value: object) -> date:
    """dd.mm.yyyy as Fullmakttjenesten writes it, ISO 8601 as the others do."""
    if not isinstance(value, str):
        raise ValueError("no day")  # noqa: TRY004 - pydantic takes no other
    norwegian = re.fullmatch(r"(\d{2})\.(\d{2})\.(\d{4})", value)
    return date.fromisoformat("-".join(norwegian.groups()[::-1]) if norwegian else value)


_Flag = Annotated[bool, BeforeValidator(_flag)]
_Day = Annotated[date, BeforeValidator(_day)]
_Text = Annotated[str, Field(max_length=300)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=False)


class _Code(_Shape):
    kode: _Text


class _Address(_Shape):
    adresse: tuple[_Text, ...] = ()
    postnummer: _Text | None = None
    poststed: _Text | None = None

    @property
    def line(self) -> str:
        """`Storgata 1, 0155 OSLO`."""
        place = " ".join(filter(None, (self.postnummer, self.poststed)))
        return ", ".join(part for part in (*self.adresse, place) if part)


class Entity(_Shape):
    """An organisation in Enhetsregisteret."""

    organisasjonsnummer: _Text
    navn: _Text
    organisasjonsform: _Code
    postadresse: _Address | None = None
    forretningsadresse: _Address | None = None
    maalform: _Text | None = None
    konkurs: _Flag
    underAvvikling: _Flag  # noqa: N815 - the register's own name
    underTvangsavviklingEllerTvangsopplosning: _Flag  # noqa: N815 - the register's own name
    slettedato: _Text | None = None
    overordnetEnhet: _Text | None = None  # noqa: N815 - the register's own name

    @property
    def address(self) -> str:
        """Where mail goes; its place of business where the register has no other. Empty if it has none."""
        found = self.postadresse or self.forretningsadresse
        return "" if found is None else found.line

    @property
    def stop(self) -> Stop | None:
        """Why nothing is agreed with it; None if nothing is in the way.

        An organ of a municipality or the state has a unit above it and is a party all the same; only the forms BEDR and
        AAFY are sub-units (Enhetsregisteret's organisasjonsformer).
        """
        if self.slettedato is not None:
            return Stop.DELETED
        if self.organisasjonsform.kode in ("BEDR", "AAFY"):
            return Stop.SUB_UNIT
        if self.konkurs:
            return Stop.BANKRUPT
        liquidated = self.underAvvikling or self.underTvangsavviklingEllerTvangsopplosning
        return Stop.LIQUIDATION if liquidated else None


class _Person(_Shape):
    fodselsdato: _Day | None = None
    navn: Any = None

    @property
    def name(self) -> str:
        """One string, or first, middle and last name apart."""
        if isinstance(self.navn, str):
            return self.navn
        if isinstance(self.navn, dict):
            parts = (self.navn.get(part) for part in ("fornavn", "mellomnavn", "etternavn"))
            return " ".join(str(part) for part in parts if part)
        raise ValueError("no name")

    def registered(self) -> RegisteredPerson:
        return RegisteredPerson(name=self.name, birth_date=self.fodselsdato)


class _Combination(_Shape):
    personRolleKombinasjon: tuple[_Person, ...]  # noqa: N815 - the register's own name


class _Combinations(_Shape):
    kombinasjon: tuple[_Combination, ...] = ()


class _Status(_Shape):
    rutineStatus: _Code  # noqa: N815 - the register's own name
    kombinasjonStatus: _Code  # noqa: N815 - the register's own name
    regelStatus: _Code  # noqa: N815 - the register's own name


class _Texts(_Shape):
    signaturProkuraFritekst: Any = None  # noqa: N815 - the register's own name


class _Basis(_Shape):
    signaturProkuraRoller: _Texts = _Texts()  # noqa: N815 - the register's own name


class _Authority(_Shape):
    organisasjonsnummer: _Text | None = None
    status: _Status
    signeringsGrunnlag: _Basis = _Basis()  # noqa: N815 - the register's own name
    signeringsKombinasjon: _Combinations | None = None  # noqa: N815 - the register's own name


def read_entity(body: bytes, asked: OrgNumber) -> Entity:
    """The organisation. Raises ChangedShapeError."""
    try:
        entity = Entity.model_validate_json(body)
    except (ValidationError, ValueError) as error:
        raise ChangedShapeError from error
    if entity.organisasjonsnummer != asked.digits:
        raise ChangedShapeError
    return entity


def read_rule(body: bytes, asked: OrgNumber) -> Rule:
    """Signature or prokura. Raises ChangedShapeError."""
    try:
        read = _Authority.model_validate_json(body)
        found = read.signeringsKombinasjon or _Combinations()
        combinations = tuple(
            Combination(persons=tuple(one.registered() for one in each.personRolleKombinasjon))
            for each in found.kombinasjon
        )
    except (ValidationError, ValueError) as error:
        raise ChangedShapeError from error
    if read.organisasjonsnummer not in (None, asked.digits):
        raise ChangedShapeError
    status = (read.status.rutineStatus.kode, read.status.kombinasjonStatus.kode, read.status.regelStatus.kode)
    text = read.signeringsGrunnlag.signaturProkuraRoller.signaturProkuraFritekst
    return Rule(
        combinations=combinations,
        for_machines=status == ("OK", "OK", "RF"),
        text=" ".join(str(text).split())[:1000] if isinstance(text, str) else "",
    )
