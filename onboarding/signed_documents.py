"""Documents that prove themselves later: JSON, signed with the installation's own key (`keys.checkpoint`).

Signed with Ed25519 (RFC 8032) over the canonical JSON of everything but the signature.
"""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agreements.canonical import JsonValue, canonical_json
from agreements.errors import IntegrityError
from onboarding.files import write_file
from onboarding.keys import read_checkpoint_key
from onboarding.workspace import Workspace


def sign_document(workspace: Workspace, document: dict[str, JsonValue]) -> str:
    """A document with its signature, as JSON for a file. Raises ConfigurationError for an unfit key."""
    key = read_checkpoint_key(workspace.settings.keys.checkpoint)
    value = key.sign(canonical_json(document).encode())
    signature: JsonValue = {
        "algorithm": "Ed25519",
        "key_sha256": _key_id(key.public_key()),
        "value": base64.b64encode(value).decode(),
    }
    return json.dumps({**document, "signature": signature}, ensure_ascii=False, indent=2) + "\n"


def verify_document(document: str, key: Ed25519PublicKey) -> dict[str, JsonValue]:
    """What a signed document says. Raises IntegrityError("signed_document_broken") unless this key signed it."""
    try:
        read = json.loads(document)
        signature = read.pop("signature")
        key.verify(base64.b64decode(signature["value"], validate=True), canonical_json(read).encode())
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as error:
        raise IntegrityError("signed_document_broken") from error
    assert isinstance(read, dict)
    return read


def public_key(workspace: Workspace) -> Ed25519PublicKey:
    """What this installation's documents are checked with. Raises ConfigurationError for an unfit key."""
    return read_checkpoint_key(workspace.settings.keys.checkpoint).public_key()


def write_public_key(workspace: Workspace, path: Path) -> None:
    """Write it as PEM, for whoever checks a document elsewhere."""
    pem = public_key(workspace).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_file(path, pem)


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
