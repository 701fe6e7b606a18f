"""A throwaway signer, as a customer's own program would sign: an incremental revision on the issued bytes."""

from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers import PdfSignatureMetadata, SimpleSigner, sign_pdf


@cache
def signer() -> SimpleSigner:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Throwaway")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    made: SimpleSigner | None = SimpleSigner.load_pkcs12_data(
        serialize_key_and_certificates(b"throwaway", key, certificate, None, NoEncryption()), other_certs=[]
    )
    assert made is not None
    return made


def sign(pdf: bytes, field: str) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    signed = sign_pdf(writer, PdfSignatureMetadata(field_name=field), signer=signer(), existing_fields_only=True)
    return bytes(signed.getbuffer())
