"""What the certificates of a chain say about themselves: what they are for, and why a chain does not hold.

The engine answers yes or no. A person who is told no must know whether the issuer is a stranger, whose root somebody
could add, or whether the chain leads to a trusted root and breaks a rule, where no root would help.
"""

from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from cryptography import x509
from pyhanko_certvalidator.validate import SUPPORTED_EXTENSIONS

DOCUMENT_PURPOSES: Final = frozenset(
    {
        "2.5.29.37.0",  # anyExtendedKeyUsage, RFC 5280, 4.2.1.12
        "1.3.6.1.5.5.7.3.36",  # id-kp-documentSigning, RFC 9336
        "1.3.6.1.5.5.7.3.4",  # id-kp-emailProtection, RFC 5280, 4.2.1.12: signing what people send
        "1.3.6.1.5.5.7.3.2",  # id-kp-clientAuth, RFC 5280, 4.2.1.12: cards that serve for logging in as well
        "1.3.6.1.4.1.311.10.3.12",  # Microsoft's document signing
        "1.2.840.113583.1.1.5",  # Adobe's authentic documents
    }
)
"""Purposes of which one is enough. Of 49 signers in the public samples 16 name purposes, each of them one of these.

Logging in and e-mail are not documents, but honest issuers of signing certificates use them; that the certificate
signs at all is for the key usage to say, which is asked separately. By number: the engine's names for them change with
what is imported.
"""


class ChainFault(StrEnum):
    """Why a chain that was found does not hold. The words people read stand in the catalogues under `terms.why`."""

    NOT_YET_VALID = "not-yet-valid"
    """The signer's own certificate."""
    ISSUER_EXPIRED = "issuer-expired"
    ISSUER_NOT_YET_VALID = "issuer-not-yet-valid"
    CRITICAL = "critical-extension"
    NOT_AN_AUTHORITY = "not-an-authority"
    PATH_LENGTH = "path-too-long"
    NAMES = "names-excluded"
    UNKNOWN = "unknown"
    """The certificates are each signed by the next, and the rule that is broken is none of the above."""


def made_for_documents(certificate: Any) -> bool:
    """Whether the extended key usage allows signing documents: there is none, or it names such a purpose.

    Asked of issuers too: as browsers do, what an issuer's own certificate does not name it may not issue for.
    """
    purposes = certificate.extended_key_usage_value
    return purposes is None or not DOCUMENT_PURPOSES.isdisjoint(purpose.dotted for purpose in purposes)


def chain_fault(path: Any, moment: datetime) -> ChainFault | None:
    """Why the engine would not have this path at that moment; None where the root has not issued what hangs on it.

    The rules are those of RFC 5280, 6.1, in its order: from the root to the signer.
    """
    if path is None:
        return None
    certificates = list(path.iter_certs(include_root=True))
    named = False
    for index, (issuer, certificate) in enumerate(pairwise(certificates), start=1):
        if not _issued(issuer, certificate):
            return None
        below = len(certificates) - 1 - index
        fault = _own_fault(certificate, moment, below)
        if fault is not None:
            return fault
        named = named or issuer.name_constraints_value is not None
    return ChainFault.NAMES if named else ChainFault.UNKNOWN


def _issued(issuer: Any, certificate: Any) -> bool:
    """Name and signature fit. What can't even be read so strictly was issued by nobody we know."""
    try:
        parent, child = (x509.load_der_x509_certificate(item.dump()) for item in (issuer, certificate))
        child.verify_directly_issued_by(parent)
    except Exception:  # noqa: BLE001 - hostile certificates, and algorithms that are not known here
        return False
    return True


def _own_fault(certificate: Any, moment: datetime, below: int) -> ChainFault | None:
    """`below`: how many certificates follow; none after the signer's own."""
    if moment < certificate.not_valid_before:
        return ChainFault.ISSUER_NOT_YET_VALID if below else ChainFault.NOT_YET_VALID
    if moment > certificate.not_valid_after and below:
        return ChainFault.ISSUER_EXPIRED
    if certificate.critical_extensions - SUPPORTED_EXTENSIONS:
        return ChainFault.CRITICAL
    if below and not _may_issue(certificate):
        return ChainFault.NOT_AN_AUTHORITY
    most = certificate.max_path_length
    return ChainFault.PATH_LENGTH if below and most is not None and below - 1 > most else None


def _may_issue(certificate: Any) -> bool:
    usage = certificate.key_usage_value
    return bool(certificate.ca) and (usage is None or "key_cert_sign" in usage.native)
