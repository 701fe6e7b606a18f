"""Signing routes: how the customer signs, and what is laid beside the agreement for it (facts/domain.md §5).

A case follows its vendor's setting (`vendors[].signing`) unless its own `signing` says otherwise. Beside every issued
PDF stands its covering letter; for a signing service a folder that holds all there is to upload.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agreements.agreement import Agreement, SigningRoute
from agreements.calendar import norwegian_day
from agreements.casenumber import AgreementNumber
from agreements.orgnumber import OrgNumber
from agreements.parties import Customer
from agreements.signing_order import (
    OrderDocument,
    SigningOrder,
    order_json,
    pdf_version,
    require_accepted,
    signing_deadline,
    unreachable_signers,
)
from agreements.values import ValueFault
from onboarding.settings import VendorSettings

if TYPE_CHECKING:  # the templates' engine is loaded by whoever issues, not by whoever reads a route
    from renderers.letters import Correspondence, SigningTask

SIGNING: Final = "signing"
"""The name by which a case's route is set (`case set CASE signing=paper`) and imported (a column of the file)."""
ORDER_FILE: Final = "oppdrag.json"
LETTER_FILE: Final = "folgebrev.txt"


@dataclass(frozen=True, kw_only=True)
class Handout:
    """What is laid beside an issued PDF: a folder with these files, or one file if `folder` is None."""

    folder: str | None
    files: Mapping[str, bytes]
    unreachable: tuple[str, ...] = ()
    """Names of those whom the signing service can't tell that there is something to sign: no e-mail, no telephone."""

    @property
    def name(self) -> str:
        """The name that stands beside the PDF."""
        return self.folder or next(iter(self.files))

    def paths(self, beside: Path) -> dict[Path, bytes]:
        """Where each file goes, given the PDF's own path, and what it holds."""
        place = beside.parent / self.folder if self.folder else beside.parent
        return {place / name: data for name, data in self.files.items()}


def parse_route(typed: str) -> SigningRoute | None:
    """The route a person typed; None for nothing: as the vendor says. Raises ValueFault."""
    code = typed.strip()
    if not code:
        return None
    try:
        return SigningRoute(code)
    except ValueError:
        raise ValueFault("not_in_list", allowed=", ".join(SigningRoute)) from None


def agreement_file_name(number: AgreementNumber) -> str:
    """The file name of an issued agreement: ASCII, with its number."""
    return f"Avtale-{number}.pdf"


def make_handout(agreement: Agreement, pdf: bytes, vendor: VendorSettings, *, return_to: str) -> Handout:
    """What the organisation is handed with an agreement that is about to be issued.

    `return_to`: the address to send it to when it is signed.

    Raises ConfigurationError("signing_service_limits") if the signing service would refuse it.
    """
    letter = _letter(agreement, vendor, return_to)
    if agreement.route is not SigningRoute.SERVICE:
        return Handout(folder=None, files={f"Avtale-{agreement.number}-{LETTER_FILE}": letter})
    order = signing_order(agreement, pdf, vendor)
    require_accepted(order)
    text = json.dumps(order_json(order), ensure_ascii=False, indent=2) + "\n"
    files = {order.document.file: pdf, ORDER_FILE: text.encode(), LETTER_FILE: letter}
    unreachable = tuple(order.signers[place - 1].name for place in unreachable_signers(order))
    return Handout(folder=f"Avtale-{agreement.number}-signering", files=files, unreachable=unreachable)


def signing_order(agreement: Agreement, pdf: bytes, vendor: VendorSettings) -> SigningOrder:
    """The order for the signing service; not held to its limits yet."""
    from renderers.letters.order import order_description, order_title

    issued_on = norwegian_day(agreement.issued_at)
    return SigningOrder(
        number=agreement.number,
        title=order_title(str(agreement.number), agreement.language),
        description=order_description(_about(agreement, vendor), agreement.language),
        language=agreement.language,
        document=OrderDocument(
            file=agreement_file_name(agreement.number), sha256=agreement.sha256, size=len(pdf), version=pdf_version(pdf)
        ),
        signers=agreement.signers,
        issued_on=issued_on,
        deadline=signing_deadline(issued_on, vendor.signing_days),
    )


def last_day_to_sign(agreement: Agreement, vendor: VendorSettings) -> date:
    """The deadline that every letter about an issued version names."""
    return signing_deadline(norwegian_day(agreement.issued_at), vendor.signing_days)


def signing_task(agreement: Agreement, vendor: VendorSettings, *, return_to: str) -> "SigningTask":
    """What letters say of an issued version that is to be signed."""
    from renderers.letters import SigningTask

    return SigningTask(
        agreement_number=str(agreement.number),
        signers=agreement.signers,
        route=agreement.route,
        deadline=last_day_to_sign(agreement, vendor),
        return_to=return_to,
        has_open_fields=bool(agreement.open_fields),
    )


def _letter(agreement: Agreement, vendor: VendorSettings, return_to: str) -> bytes:
    from renderers.letters import SigningLetter, render_signing_file

    task = signing_task(agreement, vendor, return_to=return_to)
    kind = str(agreement.values["agreement.kind"])
    letter = SigningLetter(about=_about(agreement, vendor), task=task, kind=kind)
    return render_signing_file(letter, agreement.language)


def _about(agreement: Agreement, vendor: VendorSettings) -> "Correspondence":
    from renderers.letters import Correspondence

    values = agreement.values
    customer = Customer(org_number=OrgNumber(str(values["customer.orgnr"])), name=str(values["customer.name"]))
    return Correspondence(case_number=str(agreement.number.case), customer=customer, vendor=vendor.party())
