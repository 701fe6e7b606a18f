"""The vendors' own seals: read from where the configuration says, opened once, put on what is issued."""

from datetime import datetime
from typing import TYPE_CHECKING

from agreements.errors import ConfigurationError
from onboarding.files import open_file
from onboarding.settings import read_secret
from onboarding.settings.model import Seal, VendorSettings

if TYPE_CHECKING:
    from signatures.seal import Sealer


class Sealers:
    """One opened seal for each vendor that has one. Loading a key takes a hundred times longer than sealing with it."""

    def __init__(self) -> None:
        self._opened: dict[str, Sealer] = {}

    def seal(self, pdf: bytes, vendor: VendorSettings, now: datetime) -> bytes:
        """The document with the vendor's seal; as it is, where the vendor has none.

        Raises ConfigurationError as `open_seal` and `Sealer.check` do: without its seal nothing is issued.
        """
        if not vendor.seal.wanted:
            return pdf
        if vendor.id not in self._opened:
            self._opened[vendor.id] = open_seal(vendor.seal)
        return self._opened[vendor.id].seal(pdf, now=now)


def open_seal(seal: Seal) -> "Sealer":
    """Open a configured seal. Raises ConfigurationError `secret_unreadable`, and as `signatures.seal` does."""
    from signatures.seal import open_pkcs11, open_pkcs12

    secret = None if seal.password_file is None else read_secret(seal.password_file)
    if seal.pkcs12 is None:
        assert seal.pkcs11 is not None  # or the configuration had been refused (settings.safety)
        assert seal.token is not None
        assert seal.label is not None
        return open_pkcs11(seal.pkcs11, token=seal.token, label=seal.label, pin=secret)
    try:
        with open_file(seal.pkcs12) as stream:
            data = stream.read()
    except OSError as error:
        raise ConfigurationError("seal_unreadable") from error
    return open_pkcs12(data, None if secret is None else secret.encode())
