"""The agreements that a template is tried on: everything ordered and two signers, values left open, and an example."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from hashlib import sha256
from typing import Any

import yaml

from agreements.agreement import SigningRoute, TermsFile, signer_values
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.marking import KEY_BYTES
from agreements.parties import Signer, SigningBasis
from agreements.values import with_defaults
from renderers.agreement import AgreementDocument
from renderers.overrides import Overrides
from renderers.templates import read_template

_NUMBER = "DA-2026-000042-J.1"  # the case number of the documentation; nothing is stored under it
_ISSUED_ON = date(2026, 11, 23)


SAMPLES = 9
"""How many there are: three in each language."""


def lint_documents(overrides: Overrides) -> Iterator[AgreementDocument]:
    """The samples in every language."""
    for language in Language:
        yield _document(overrides, language, route=SigningRoute.SERVICE, signers=2)
        yield _document(overrides, language, route=SigningRoute.OWN_TOOL, signers=1)
        yield _document(overrides, language, route=SigningRoute.PAPER, signers=1)


def _document(overrides: Overrides, language: Language, *, route: SigningRoute, signers: int) -> AgreementDocument:
    """Everything at once on the route `service`; little, much of it open, on the others; without terms on paper."""
    sample = _sample()
    left_out = () if route is SigningRoute.SERVICE else (*sample["not_ordered"], *sample["left_open"])
    given = {field_id: value for field_id, value in sample["values"].items() if field_id not in left_out}
    who = tuple(_signer(entry) for entry in sample["signers"][:signers])
    example = route is SigningRoute.PAPER
    return AgreementDocument(
        number=_NUMBER,
        values=with_defaults(load_catalogue(), given | signer_values(who)),
        signers=who,
        language=language,
        issued_on=_ISSUED_ON,
        terms=() if example else tuple(_terms(entry) for entry in sample["terms"]),
        example=example,
        contact_email=str(sample["values"]["contact.technical.email"]),
        marking_key=bytes(KEY_BYTES),
        route=route,
        open_fields=() if route is SigningRoute.SERVICE else tuple(sample["left_open"]),
        overrides=overrides,
    )


@cache
def _sample() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load(read_template("lint-samples.yaml"))
    return loaded


def _signer(entry: Mapping[str, Any]) -> Signer:
    return Signer(name=entry["name"], basis=SigningBasis(entry["basis"]), birth_date=entry.get("birth_date"))


def _terms(entry: Mapping[str, Any]) -> TermsFile:
    name: str = entry["name"]
    return TermsFile(name=name, date=entry["date"].isoformat(), sha256=sha256(name.encode()).hexdigest())
