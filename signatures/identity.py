"""Who signed, as the certificate has it.

The organisation number is found by three rules, in this order (measured: 23 of 23 Norwegian certificates):
organizationIdentifier `NTRNO-`, serialNumber as nine digits or `UN:NO-`, the end of O. The last one is free text
anybody may have put into a certificate of their own, so all of it is read only after the chain is trusted, and every
number is checked by modulus 11.
"""

import hashlib
import re
from datetime import date, datetime
from typing import Any, ClassVar, Final

from asn1crypto import core  # type: ignore[import-untyped]
from pyhanko.sign.ades.qualified_asn1 import get_qc_statements

from agreements.orgnumber import find_org_number
from agreements.signature_report import Listing, ListStatus, SignatureKind, SignerIdentity

QC_COMPLIANCE: Final = "0.4.0.1862.1.1"  # ETSI EN 319 412-5, 4.2.1
QC_TYPE: Final = "0.4.0.1862.1.6"  # 4.2.3
QC_TYPE_ESIGN: Final = "0.4.0.1862.1.6.1"
QC_TYPE_ESEAL: Final = "0.4.0.1862.1.6.2"
QC_STATEMENTS: Final = "1.3.6.1.5.5.7.1.3"  # RFC 3739, 3.2.6
BIRTH_DATE: Final = "1.3.6.1.5.5.7.9.1"  # RFC 3739, 3.2.2: subjectDirectoryAttributes
_SUBJECT_DIRECTORY_ATTRIBUTES: Final = "2.5.29.9"
_ORGANISATION_IDENTIFIER = re.compile(r"\A\s*NTRNO-(\d{9})\s*\Z")  # ETSI EN 319 412-1, 5.1.4
_SERIAL_NUMBER = re.compile(r"\A\s*(?:UN:NO-)?(\d{9})\s*\Z")
_END_OF_NAME = re.compile(r"[-\s](\d{9})\s*\Z")


def read_identity(certificate: Any, *, trusted: bool, listing: Listing | None = None) -> SignerIdentity:
    """Read a certificate (as the engine has it). An untrusted one gives names to show, but no organisation number.

    `listing`: what the trusted lists say of it.
    """
    listed = listing if trusted else None
    subject = certificate.subject.native
    organisation = _one(subject, "organization_name")
    return SignerIdentity(
        name=_name(subject),
        org_name=organisation,
        org_number=_org_number(subject, organisation) if trusted else None,
        issuer=_issuer(certificate),
        qualified=_is_qualified(certificate) if listed is None else _by_list(certificate, listed),
        listing=listed,
        birth_date=_birth_date(certificate),
        certificate_sha256=hashlib.sha256(certificate.dump()).hexdigest(),
    )


def kind_of(certificate: Any) -> SignatureKind:
    """A seal if the certificate says eSeal, or else names an organisation by identifier and no person."""
    subject = certificate.subject.native
    statements = _qc_statements(certificate)
    if QC_TYPE in statements:
        return SignatureKind.SEAL if QC_TYPE_ESEAL in statements else SignatureKind.SIGNATURE
    personal = _one(subject, "surname") or _one(subject, "given_name")
    if _one(subject, "organization_identifier") and not personal:
        return SignatureKind.SEAL
    return SignatureKind.SIGNATURE


def _one(subject: dict[str, Any], key: str) -> str | None:
    value = subject.get(key)
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value).strip() or None if value is not None else None


def _name(subject: dict[str, Any]) -> str | None:
    common = _one(subject, "common_name")
    if common:
        return common
    parts = [part for key in ("given_name", "surname") if (part := _one(subject, key))]
    return " ".join(parts) or None


def _issuer(certificate: Any) -> str | None:
    issuer = certificate.issuer.native
    return _one(issuer, "common_name") or _one(issuer, "organization_name")


def _org_number(subject: dict[str, Any], organisation: str | None) -> str | None:
    candidates = (
        (_ORGANISATION_IDENTIFIER, _one(subject, "organization_identifier")),
        (_SERIAL_NUMBER, _one(subject, "serial_number")),
        (_END_OF_NAME, organisation),
    )
    for pattern, text in candidates:
        match = pattern.search(text) if text else None
        number = find_org_number(match[1]) if match else None
        if number is not None:
            return number.digits
    return None


def _qc_statements(certificate: Any) -> frozenset[str]:
    """The qualified certificate statements, by object identifier; the kinds of a QcType statement among them."""
    found: set[str] = set()
    for statement in get_qc_statements(certificate):
        identifier = str(statement["statement_id"].dotted)
        found.add(identifier)
        if identifier == QC_TYPE:
            found.update(str(kind.dotted) for kind in statement["statement_info"])
    return frozenset(found)


def _is_qualified(certificate: Any) -> bool | None:
    """What the certificate claims; None where it makes no such statements at all."""
    statements = _qc_statements(certificate)
    return QC_COMPLIANCE in statements if statements else None


def _by_list(certificate: Any, listing: Listing) -> bool | None:
    """A list that can't tell says nothing; then the certificate does."""
    if listing.status in (ListStatus.STALE, ListStatus.NO_LIST):
        return _is_qualified(certificate)
    return listing.status is ListStatus.QUALIFIED


class _Attribute(core.Sequence):  # type: ignore[misc]  # the library is untyped
    _fields: ClassVar = [("type", core.ObjectIdentifier), ("values", core.SetOf, {"spec": core.Any})]


class _Attributes(core.SequenceOf):  # type: ignore[misc]  # as above
    _child_spec = _Attribute


def _birth_date(certificate: Any) -> date | None:
    """RFC 3739: a GeneralizedTime at noon GMT, so that the day is the same everywhere."""
    for extension in certificate["tbs_certificate"]["extensions"]:
        if extension["extn_id"].dotted != _SUBJECT_DIRECTORY_ATTRIBUTES:
            continue
        for attribute in _Attributes.load(extension["extn_value"].contents):
            if attribute["type"].dotted == BIRTH_DATE and len(attribute["values"]) == 1:
                moment = core.GeneralizedTime.load(attribute["values"][0].dump()).native
                return moment.date() if isinstance(moment, datetime) else None
    return None
