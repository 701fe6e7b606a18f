"""A domain that signs its mail, for the demo and for tests: its key is made here, and thrown away with it."""

import base64
from collections.abc import Collection
from functools import cached_property
from typing import Final

import dkim
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

SIGNED: Final = ("From", "Subject", "Date", "To", "Message-ID")


class ThrowawayDomain:
    """A domain with one key."""

    def __init__(self, domain: str, *, selector: str = "demo", bits: int = 2048) -> None:
        self.domain = domain
        self.selector = selector
        self._bits = bits

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=self._bits)

    @property
    def records(self) -> dict[str, str]:
        """What its name server answers: the record of its key (RFC 6376 3.6.1)."""
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {f"{self.selector}._domainkey.{self.domain}": f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"}

    def sign(self, mail: bytes, *, headers: Collection[str] = SIGNED, length: bool = False) -> bytes:
        """The mail with a signature over these of its headers. `length`: with `l=`, so that text can be added."""
        private = self._key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        signature: bytes = dkim.sign(
            mail,
            self.selector.encode(),
            self.domain.encode(),
            private,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name.encode() for name in headers],
            length=length,
        )
        return signature + mail
