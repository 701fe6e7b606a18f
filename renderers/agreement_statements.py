"""What the agreement must say in full: what it does, the powers of attorney, what the signature means, the terms.

The templates print these sentences and don't compose them, so that nobody can take them out or turn them round by
changing a template; `renderers.visibility` proves that they can be read on the page.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from renderers.agreement_view import DIGIPOST_NAME, AgreementView, Section, SignerBox, TermsLine, section_numbers
from renderers.templates import Words

PREFIX = "statement."
"""Marks a statement's place, where a value's place bears the catalogue's id."""


@dataclass(frozen=True, kw_only=True)
class Demand:
    """A text that must stand on the page, readable, at each place marked with this id, and at one at least."""

    id: str
    """The catalogue's id of a value, or a statement's id."""
    text: str

    @property
    def on_every_page(self) -> bool:
        """Whether one place is not enough."""
        return self.id.startswith(f"{PREFIX}page.")


def opening_statements(
    words: Words, view: AgreementView, sections: tuple[Section, ...], *, terms: bool
) -> dict[str, str]:
    """What the agreement does, and which terms apply, by id."""
    kind = view.code("agreement.kind") or "new"
    places = {"system": view.text("vendor.system_name"), "vendor": view.text("vendor.name"), "digipost": DIGIPOST_NAME}
    listed = words("agreement.terms_apply" if terms else "agreement.terms_lacking", **section_numbers(sections))
    return {"opening.purpose": words(f"agreement.purpose.{kind}", **places), "opening.terms": listed}


def page_statements(words: Words, *, number: str, version: str, code: str, mark: str) -> dict[str, str]:
    """What stands on every page, by id: agreement, template, control code.

    `mark`: `example` or `preview` where the agreement binds nobody, else empty.
    """
    said = {
        "page.number": words("agreement.footer", number=number),
        "page.version": words("agreement.template", version=version),
        "page.control": words("agreement.control", code=code),
    }
    marked = {f"page.{mark}": f"{words(f'agreement.{mark}')} {words(f'agreement.{mark}_reason')}"} if mark else {}
    return said | marked


def power_statements(words: Words, view: AgreementView) -> dict[str, str]:
    """The powers of attorney, by id: to the vendor, what it covers beside sending, its limit, to the administrator."""
    places = {
        "vendor": view.text("vendor.name"),
        "org_number": view.text("vendor.orgnr"),
        "system": view.text("vendor.system_name"),
        "broker_id": view.text("vendor.broker_id"),
    }
    also = {f"power.also.{number}": label for number, label in enumerate(view.also_authorised(), start=1)}
    if also:
        also = {"power.also": words("agreement.authorisation_also"), **also}
    return {
        "power.vendor": words("agreement.authorisation", **places),
        **also,
        "power.limit": words("agreement.authorisation_limit"),
        "power.admin": words("agreement.administrator", admin=view.text("admin.name")),
    }


def signature_statements(
    words: Words, sections: tuple[Section, ...], signers: tuple[SignerBox, ...], *, terms: bool
) -> dict[str, str]:
    """What the signature confirms, and who signs on what basis, by id."""
    key = "agreement.confirm" if terms else "agreement.confirm_without_terms"
    said = {"signature.confirm": words(key, **section_numbers(sections))}
    if len(signers) > 1:
        said["signature.joint"] = words("agreement.joint")
    for signer in signers:
        said |= {f"{signer.id}.name": signer.name, f"{signer.id}.basis": signer.basis}
    return said


def terms_statements(lines: tuple[TermsLine, ...]) -> dict[str, str]:
    """Name, date and checksum of each terms file, by id."""
    said: dict[str, str] = {}
    for line in lines:
        said |= {f"{line.id}.name": line.name, f"{line.id}.date": line.date, f"{line.id}.checksum": line.checksum}
    return said


def demands(sections: tuple[Section, ...], statements: Mapping[str, str]) -> tuple[Demand, ...]:
    """All that must be readable: every value of the sections, and every statement."""
    values = [Demand(id=row.id, text=row.value) for section in sections for row in section.rows if row.blank is None]
    return (*values, *(Demand(id=f"{PREFIX}{name}", text=said) for name, said in statements.items()))
