"""Where certificates say that their revocation can be asked for."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Final, Self

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID
from pydantic import BaseModel, ConfigDict

MAX_URLS: Final = 3  # of each kind in one certificate; issuers give one or two
MAX_URL: Final = 500  # characters; real ones have some 100
MAX_CERTIFICATE: Final = 16 * 2**10  # bytes; with a long key and every extension 3 kB


class RevocationSource(BaseModel):
    """One certificate, its issuer, and where the certificate says that its revocation can be asked for."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    """DER, base64; as `certificate`."""
    certificate: str
    crl_urls: tuple[str, ...] = ()
    """Distribution points (RFC 5280, 4.2.1.13), http and https only."""
    ocsp_urls: tuple[str, ...] = ()
    """Responders (RFC 5280, 4.2.2.1), http and https only."""

    @property
    def issuer_der(self) -> bytes:
        """The issuer's certificate."""
        return base64.b64decode(self.issuer)

    @property
    def certificate_der(self) -> bytes:
        """The certificate that is asked about."""
        return base64.b64decode(self.certificate)

    @classmethod
    def of(cls, *, issuer: bytes, certificate: bytes) -> Self | None:
        """What a certificate (DER) names, within bounds; None where it names nothing."""
        if max(len(issuer), len(certificate)) > MAX_CERTIFICATE:
            return None
        extensions = x509.load_der_x509_certificate(certificate).extensions
        crl_urls, ocsp_urls = _fitting(_distribution_points(extensions)), _fitting(_responders(extensions))
        if not crl_urls and not ocsp_urls:
            return None
        return cls(
            issuer=base64.b64encode(issuer).decode(),
            certificate=base64.b64encode(certificate).decode(),
            crl_urls=crl_urls,
            ocsp_urls=ocsp_urls,
        )


def _distribution_points(extensions: x509.Extensions) -> Iterator[str]:
    for extension in extensions:
        if isinstance(extension.value, x509.CRLDistributionPoints):
            for point in extension.value:
                yield from _addresses(point.full_name or ())


def _responders(extensions: x509.Extensions) -> Iterator[str]:
    for extension in extensions:
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            for access in extension.value:
                if access.access_method == AuthorityInformationAccessOID.OCSP:
                    yield from _addresses([access.access_location])


def _addresses(names: Iterable[Any]) -> Iterator[str]:
    yield from (name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def _fitting(urls: Iterable[str]) -> tuple[str, ...]:
    """Those that could be fetched from (an LDAP directory could not), each once."""
    fitting = (url for url in urls if len(url) <= MAX_URL and url.lower().startswith(("http://", "https://")))
    return tuple(dict.fromkeys(fitting))[:MAX_URLS]
