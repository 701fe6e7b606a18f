"""What a signature is judged by: certificates and revocation data, in the document's store and in its signatures, and
the revocation data that this machine keeps.

Nothing of it is believed for being there: the engine checks each piece's own signature. One use needs no belief: a
certificate that any piece calls revoked is treated as revoked, stale or not, for a forger has no use for such a
claim.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from asn1crypto import core, x509  # type: ignore[import-untyped]
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from pyhanko.pdf_utils import generic
from pyhanko.sign.validation.policy_decl import LocalKnowledge
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from signatures.cms import Cms, require_searchable
from signatures.document import Document, Key, PdfValue, TooManyError, key_of
from signatures.marker import is_marked
from signatures.revocations import Revocations

MAX_STORE_ENTRIES: Final = 500  # streams in the store, over all revisions; ten years of renewals stay below
_SUCCESSFUL: Final = "successful"


@dataclass(kw_only=True)
class Knowledge:
    """The pieces, parsed. `marked` tells that a throwaway certificate is among them."""

    certificates: list[Any] = field(default_factory=list)
    crls: list[Any] = field(default_factory=list)
    ocsps: list[Any] = field(default_factory=list)
    marked: bool = False

    def add(self, kind: str, der: bytes) -> None:
        """Take one piece; a broken one is passed over, since leaving it out can only make the verdict stricter."""
        self.marked = self.marked or is_marked(der)
        try:
            if kind == "/Certs":
                certificate = x509.Certificate.load(der)
                certificate.subject.hashable, certificate.issuer.hashable  # noqa: B018 - parsed now, while we catch
                self.certificates.append(certificate)
            elif kind == "/CRLs":
                self.crls.append(asn1_crl.CertificateList.load(der))
            else:
                self.ocsps.append(asn1_ocsp.OCSPResponse.load(der))
        except Exception:  # noqa: BLE001 - hostile ASN.1 raises anything
            return

    def add_cms(self, cms: Cms) -> None:
        """Take what a signature embeds: revocation lists, and revocation data the way Adobe embeds it."""
        for choice in cms.signed_data["crls"]:
            if isinstance(choice.chosen, asn1_crl.CertificateList):
                self.crls.append(choice.chosen)
        for attribute in cms.revocation_attributes:
            self.crls.extend(attribute["crl"])
            self.ocsps.extend(attribute["ocsp"])

    def add_concerning(self, kept: "Knowledge", certificates: Iterable[Any]) -> None:
        """Take of what this machine keeps the lists by these certificates' issuers, and all answers.

        National lists are large; the engine would read each of them for each certificate.
        """
        issuers = {certificate.issuer.dump() for certificate in certificates}
        self.crls.extend(crl for crl in kept.crls if crl["tbs_cert_list"]["issuer"].dump() in issuers)
        self.ocsps.extend(kept.ocsps)

    def add_all(self, other: "Knowledge") -> None:
        """Take everything that another one holds."""
        self.certificates.extend(other.certificates)
        self.crls.extend(other.crls)
        self.ocsps.extend(other.ocsps)
        self.marked = self.marked or other.marked

    def local(self) -> LocalKnowledge:
        """In the engine's terms. Raises TooManyError for a heap of certificates no search should be let into."""
        require_searchable(self.certificates)
        return LocalKnowledge(
            known_ocsps=[container for response in self.ocsps for container in _ocsp_containers(response)],
            known_crls=[CRLContainer(crl) for crl in self.crls],
            known_certs=list(self.certificates),
        )

    def revoked_since(self, certificate: Any) -> datetime | None:
        """When, by any list or response here, this certificate was revoked; None if none says so."""
        moments = [*self._listed(certificate), *self._answered(certificate)]
        return min(moments, default=None)

    def _listed(self, certificate: Any) -> Iterator[datetime]:
        serial = core.Integer(certificate.serial_number).dump()
        for crl in self.crls:
            if serial not in crl.dump() or crl.issuer != certificate.issuer:
                continue  # the bytes first: national lists have tens of thousands of entries
            for entry in crl["tbs_cert_list"]["revoked_certificates"]:
                if entry["user_certificate"].native == certificate.serial_number:
                    yield entry["revocation_date"].native

    def _answered(self, certificate: Any) -> Iterator[datetime]:
        for response in self.ocsps:
            for single in _single_responses(response):
                status = single["cert_status"]
                if status.name == "revoked" and _is_about(single["cert_id"], certificate):
                    yield status.chosen["revocation_time"].native


def _is_about(identifier: Any, certificate: Any) -> bool:
    """Serial numbers are unique within one issuer only (RFC 6960, 4.1.1)."""
    if identifier["serial_number"].native != certificate.serial_number:
        return False
    digest = hashlib.new(identifier["hash_algorithm"]["algorithm"].native, certificate.issuer.dump()).digest()
    return bool(digest == identifier["issuer_name_hash"].native)


def _ocsp_containers(response: Any) -> Iterable[OCSPContainer]:
    try:
        return list(OCSPContainer.load_multi(response))
    except Exception:  # noqa: BLE001 - as in add
        return []


def _single_responses(response: Any) -> Iterable[Any]:
    if response["response_status"].native != _SUCCESSFUL:
        return []
    return response["response_bytes"]["response"].parsed["tbs_response_data"]["responses"]  # type: ignore[no-any-return]


def read_kept(revocations: Revocations) -> Knowledge:
    """The revocation data that this machine keeps."""
    kept = Knowledge()
    for der in revocations.crls:
        kept.add("/CRLs", der)
    for der in revocations.ocsps:
        kept.add("/OCSPs", der)
    return kept


def read_store(document: Document) -> tuple[Knowledge, Knowledge]:
    """The store (/DSS) of the last revision, and everything any revision ever had in its store.

    The second serves the search for throwaway certificates and revocations: taking a piece out must not hide it.
    """
    now, ever = Knowledge(), Knowledge()
    seen: set[tuple[Key | None, object]] = set()
    for revision in range(document.last, -1, -1):
        store = document.get(document.root(revision), "/DSS", revision)
        for kind, stream, identity in _streams(document, store, revision):
            if identity in seen:
                continue
            seen.add(identity)
            if len(seen) > MAX_STORE_ENTRIES:
                raise TooManyError("store-entries", MAX_STORE_ENTRIES)
            ever.add(kind, bytes(stream.data))
        if revision == document.last:
            now.add_all(ever)  # the same parsed pieces: they are parsed once
    return now, ever


def _streams(
    document: Document, store: PdfValue, revision: int
) -> Iterator[tuple[str, PdfValue, tuple[Key | None, object]]]:
    for kind in ("/Certs", "/CRLs", "/OCSPs"):
        yield from _stream_items(document, document.get(store, kind, revision), kind, revision)
    per_signature = document.get(store, "/VRI", revision)
    if not isinstance(per_signature, generic.DictionaryObject):
        return
    for name in per_signature:
        entry = document.get(per_signature, name, revision)
        for key, kind in (("/Cert", "/Certs"), ("/CRL", "/CRLs"), ("/OCSP", "/OCSPs")):
            yield from _stream_items(document, document.get(entry, key, revision), kind, revision)


def _stream_items(
    document: Document, array: PdfValue, kind: str, revision: int
) -> Iterator[tuple[str, PdfValue, tuple[Key | None, object]]]:
    if not isinstance(array, generic.ArrayObject):
        return
    for index in range(len(array)):
        item = array.raw_get(index)
        stream = document.resolve(item, revision)
        key = key_of(item)
        if isinstance(stream, generic.StreamObject):
            yield kind, stream, (key, document.marker(key, revision) if key else id(stream))
