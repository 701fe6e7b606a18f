"""What the fetching process does: ask for each source, keep what is fit, tell line by line what came of it.

It has no database, no keys and no documents: its whole world is the request on its standard input and the folder.
"""

import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from cryptography import x509
from pydantic import AwareDatetime, BaseModel, ConfigDict

from agreements.errors import AvtaleError
from onboarding.fetching.cache import is_held, keep, name_of, tidy
from onboarding.fetching.download import DownloadError, Network, download
from onboarding.fetching.hosts import Host, Target, find_target, parse_host
from onboarding.fetching.pieces import Piece, UnfitError, read_answer, read_list, request_for
from onboarding.sandbox.confinement import end_with_parent
from onboarding.sandbox.syscalls import control_process
from signatures.revocations import MAX_FILE_BYTES
from signatures.sources import RevocationSource

MEMORY_BYTES: Final = 2**29  # a list of 8 MB takes some 200 MB of address space, most of that the libraries
CPU_SECONDS: Final = 20
OPEN_FILES: Final = 32
MAX_REQUEST: Final = 4 * 2**20  # `signatures.sources` stays below 1 MB
_PR_SET_NO_NEW_PRIVS: Final = 38  # linux/prctl.h


class Order(BaseModel):
    """What is asked of the process: JSON on its standard input."""

    model_config = ConfigDict(frozen=True)

    hosts: tuple[str, ...]
    folder: Path
    now: AwareDatetime
    sources: tuple[RevocationSource, ...]


class Line(BaseModel):
    """One line of its report: JSON. Before each request one without `outcome`, so that who hangs is known."""

    model_config = ConfigDict(frozen=True)

    host: str
    key: str
    """The file that is meant."""
    outcome: str | None = None
    """A constant word."""
    of_host: bool = False
    """It failed, and another address at this host would fare no better."""
    written: bool = False


Tell = Callable[[Line], None]


@dataclass(frozen=True, kw_only=True)
class _Try:
    """One address that may answer for one certificate."""

    name: str
    target: Target
    request: bytes | None
    fit: Callable[[bytes], Piece]


def serve(parent: int, asked: BinaryIO, told: BinaryIO, network: Network | None = None) -> None:
    """The whole process, from the order to the report. Another network than the public one comes in by code only."""
    confine(parent)
    order = Order.model_validate_json(asked.read(MAX_REQUEST))

    def tell(line: Line) -> None:
        told.write(line.model_dump_json().encode() + b"\n")
        told.flush()

    fetch_all(order, tell, network or Network())


def confine(parent: int) -> None:
    """Limit this process for good, and have it end with the program."""
    for kind, limit in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        allowed = resource.getrlimit(kind)[1]
        bounded = limit if allowed == resource.RLIM_INFINITY else min(limit, allowed)
        resource.setrlimit(kind, (bounded, bounded))
    if sys.platform.startswith("linux"):
        control_process(_PR_SET_NO_NEW_PRIVS, 1)
    end_with_parent(parent)


def fetch_all(order: Order, tell: Tell, network: Network) -> None:
    """Ask for every source. A host that fails is not asked again; what is in force already is not asked for."""
    hosts = tuple(host for text in order.hosts if (host := parse_host(text)) is not None)
    tidy(order.folder, now=order.now)
    dead: set[str] = set()
    for source in order.sources:
        for attempt in _attempts(source, hosts, order.now):
            if attempt.target.host in dead:
                continue
            if is_held(order.folder, attempt.name, now=order.now):
                break
            tell(Line(host=attempt.target.host, key=attempt.name))
            line = _made(order.folder, attempt, network)
            tell(line)
            if line.of_host:
                dead.add(line.host)
            if line.outcome == _KEPT:
                break


_KEPT: Final = "kept"
_NOT_NEWER: Final = "not-newer-or-no-room"


def _attempts(source: RevocationSource, hosts: Iterable[Host], now: datetime) -> Iterator[_Try]:
    """Lists first: one serves every certificate of its issuer, and tells nobody whose signature is looked at."""
    allowed = tuple(hosts)
    try:
        issuer = x509.load_der_x509_certificate(source.issuer_der)
        certificate = x509.load_der_x509_certificate(source.certificate_der)
        request = request_for(certificate, issuer)
    except ValueError:
        return
    for url in source.crl_urls:
        target = find_target(url, allowed)
        if target is not None:
            name = name_of(source.issuer_der, url.encode(), "crl")
            yield _Try(name=name, target=target, request=None, fit=lambda der: read_list(der, issuer, now=now))
    for url in source.ocsp_urls:
        target = find_target(url, allowed)
        if target is not None:
            name = name_of(source.issuer_der, source.certificate_der, "ocsp")
            yield _Try(
                name=name,
                target=target,
                request=request,
                fit=lambda der: read_answer(der, certificate, issuer, now=now),
            )


def _made(folder: Path, attempt: _Try, network: Network) -> Line:
    line = Line(host=attempt.target.host, key=attempt.name)
    try:
        piece = attempt.fit(download(network, attempt.target, request=attempt.request))
        written = keep(folder, attempt.name, piece)
    except DownloadError as error:
        return line.model_copy(update={"outcome": error.trouble.value, "of_host": error.trouble.of_host})
    except UnfitError as error:
        return line.model_copy(update={"outcome": str(error)})
    except (OSError, AvtaleError):
        return line.model_copy(update={"outcome": "cannot-write"})
    except Exception as error:  # noqa: BLE001 - hostile bytes; the sources behind this one are asked all the same
        return line.model_copy(update={"outcome": type(error).__name__})
    return line.model_copy(update={"outcome": _KEPT if written else _NOT_NEWER, "written": written})


def can_be_asked(text: str, network: Network) -> bool:
    """Whether an entry of the list leads to an address that may be connected to. Asks the name service alone."""
    host = parse_host(text)
    try:
        addresses = () if host is None else network.resolve(host.name, host.port or 443)
    except (OSError, UnicodeError):
        return False
    return any(network.may_connect(address) for address in addresses)
