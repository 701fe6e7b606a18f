"""The demo's signing service: it writes a new file, embeds what each signer has signed, and seals the whole.

Its profile is written beside the demo's configuration, and confirmed by the demo itself: it knows its own service.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import yaml

from onboarding.demo.cast import CAST
from renderers.imitation import imitate_service
from signatures.imitation import imitate_evidence
from signatures.throwaway import Credential, ThrowawayPki, sign

PROFILE: Final = "demo-signering"
FIELD: Final = "Forsegling"
_DEPTH: Final = 42.0
"""Points at the bottom of each page that are the service's (`renderers.imitation`)."""


def write_profile(folder: Path, pki: ThrowawayPki, *, now: datetime) -> Path:
    """The profile of the demo's service, in `folder`; its path."""
    authority = hashlib.sha256(pki.intermediate.der).hexdigest()
    footer, front = _footer("{names}"), CAST.service_front
    profile = {
        "title": CAST.service_name,
        "confirmed": {"by": "demo", "date": now.date(), "sample": authority},
        "seal": {"issuers": [authority], "organisation": CAST.service_name, "org_number": CAST.service_org_number},
        "timestamp": "required",
        "evidence": {
            "files": ["*.xml"],
            "format": "xades",
            "issuers": [authority],
            "digest": {"place": "element", "element": "DocumentDigest"},
            "identification": "bankid",
        },
        "pages": {"front": 1, "words": front},
        "areas": [{"edge": "bottom", "depth": _DEPTH, "text": [footer]}],
    }
    path = folder / f"{PROFILE}.yaml"
    path.write_text(yaml.safe_dump(profile, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def sign_in_service(pdf: bytes, signers: Sequence[Credential], *, of: bytes | None = None, now: datetime) -> bytes:
    """What the service delivers when these people have signed `pdf`. `of`: what their evidence is of, if not that."""
    names = [one.certificate.subject.rdns[-1].rfc4514_string().removeprefix("CN=") for one in signers]
    evidence = {
        f"signatur-{number}.xml": imitate_evidence(pdf if of is None else of, one, now=now)
        for number, one in enumerate(signers, start=1)
    }
    delivered = imitate_service(
        pdf, front=[CAST.service_front, *names], footer=_footer(", ".join(names)), files=evidence
    )
    return seal_by_service(delivered, signers[0].pki, now=now)


def seal_by_service(pdf: bytes, pki: ThrowawayPki, *, now: datetime) -> bytes:
    """Sealed by the service, with time-stamp and revocation data."""
    seal = pki.seal(CAST.service_name, CAST.service_org_number)
    return sign(pdf, seal, field=FIELD, level="B-LT", now=now)


def rewrite(pdf: bytes) -> bytes:
    """The document written anew and nothing else: no front page, no evidence."""
    return imitate_service(pdf, front=(), footer="", files={})


def _footer(names: str) -> str:
    return f"{CAST.service_footer} {names}"
