"""What a host can do to whoever asks it, and which addresses and hosts are asked at all."""

import gzip
import ipaddress
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from onboarding.fetching.addresses import is_public, resolve
from onboarding.fetching.download import DownloadError, Network, Trouble, download
from onboarding.fetching.hosts import Host, Target, find_target, parse_host
from tests.onboarding.misbehaving import (
    HOST,
    LOOPBACK,
    Server,
    Talk,
    answer,
    for_ever,
    leading_here,
    raw,
    serving,
    silent,
    slowly,
)


def target(server: Server, *, encrypted: bool = False) -> Target:
    return Target(host=HOST, port=server.port, encrypted=encrypted, path="/liste.crl?a=b")


def trouble(talk: Talk, network: Network | None = None) -> Trouble:
    with serving(talk) as server, pytest.raises(DownloadError) as caught:
        download(network or leading_here(), target(server))
    return caught.value.trouble


def test_an_honest_answer_comes_whole_and_the_request_names_the_host_and_wants_no_compression() -> None:
    with serving(answer(b"liste")) as server:
        assert download(leading_here(), target(server)) == b"liste"
    [request] = server.requests
    assert request.startswith(b"GET /liste.crl?a=b HTTP/1.1\r\n")
    assert f"Host: {HOST}:{server.port}\r\n".encode() in request
    assert b"Accept-Encoding: identity\r\n" in request


def test_a_question_is_posted_as_such() -> None:
    with serving(answer(b"svar")) as server:
        assert download(leading_here(), target(server), request=b"question") == b"svar"
    [request] = server.requests
    assert request.startswith(b"POST ")
    assert b"Content-Type: application/ocsp-request\r\n" in request
    assert request.endswith(b"\r\n\r\nquestion")


def test_an_answer_in_pieces_and_one_without_a_length_come_whole() -> None:
    with serving(
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nlis\r\n2\r\nte\r\n0\r\n\r\n")
    ) as server:
        assert download(leading_here(), target(server)) == b"liste"
    with serving(raw(b"HTTP/1.0 200 OK\r\n\r\nliste")) as server:
        assert download(leading_here(), target(server)) == b"liste"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("place", ["http://127.0.0.1:{port}/inside", "http://crl.example.org:{port}/inside", "/inside"])
def test_nobody_is_sent_on(status: str, place: str) -> None:
    pages: dict[str, Talk] = {"/inside": answer(b"inside")}
    with serving(pages) as server:
        pages["/liste.crl?a=b"] = answer(b"", status, f"Location: {place.format(port=server.port)}")
        with pytest.raises(DownloadError) as caught:
            download(leading_here(), target(server))
    assert caught.value.trouble is Trouble.REDIRECT
    assert len(server.requests) == 1


ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MISBEHAVIOUR: dict[str, tuple[Talk, Trouble]] = {
    "another status": (answer(b"liste", "404 Not Found"), Trouble.STATUS),
    "a part of it": (answer(b"liste", "206 Partial Content"), Trouble.STATUS),
    "nothing new": (answer(b"", "204 No Content"), Trouble.STATUS),
    "one byte too many": (answer(b"a" * 100_001), Trouble.TOO_LARGE),
    "a huge length": (answer(b"", length=10**12), Trouble.TOO_LARGE),
    "a length that is too long": (answer(b"abc", length=50), Trouble.BROKEN),
    "a length that is none": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n" + b"a" * 100_001),
        Trouble.TOO_LARGE,
    ),
    "no length and no end": (for_ever(b"HTTP/1.0 200 OK\r\n\r\n", b"a" * 4096), Trouble.TOO_LARGE),
    "pieces without end": (for_ever(ENDLESS, b"1000\r\n" + b"a" * 4096 + b"\r\n"), Trouble.TOO_LARGE),
    "a piece of no size": (raw(ENDLESS + b"zz\r\nabc"), Trouble.BROKEN),
    "headers without end": (for_ever(b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n"), Trouble.BROKEN),
    "a header line without end": (for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 4096), Trouble.BROKEN),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH\r\n\r\n"), Trouble.BROKEN),
    "nothing at all": (raw(b""), Trouble.BROKEN),
    "a bomb": (answer(gzip.compress(b"a" * 10**6), "200 OK", "Content-Encoding: gzip"), Trouble.ENCODING),
    "two encodings": (answer(b"abc", "200 OK", "Content-Encoding: identity, br"), Trouble.ENCODING),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_a_server_that_misbehaves_gets_nothing_in(name: str) -> None:
    talk, expected = MISBEHAVIOUR[name]
    assert trouble(talk) is expected


SLOW: dict[str, Talk] = {
    "silence": silent,
    "a byte at a time of the head": slowly(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50, 0.1),
    "a byte at a time of the body": slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"a" * 500, 0.1),
    "come back later, for ever": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the end of the pieces for ever": for_ever(ENDLESS + b"0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_server_is_left_when_the_time_is_up(name: str) -> None:
    before = time.monotonic()
    found = trouble(SLOW[name], leading_here(request_seconds=0.6))
    assert found is Trouble.TIME
    assert time.monotonic() - before < 4


def test_a_host_that_takes_no_connection_is_told() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(DownloadError) as caught:
        download(leading_here(), Target(host=HOST, port=port, encrypted=False, path="/"))
    assert caught.value.trouble is Trouble.NO_CONNECTION


# --- encrypted --------------------------------------------------------------------------------------------------------


def certified(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and that of a client that trusts its certificate."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + certificate)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "server.pem")
    return server, ssl.create_default_context(cadata=certificate.decode())


def test_an_encrypted_answer_comes_from_the_host_that_was_named_or_not_at_all(tmp_path: Path) -> None:
    theirs, ours = certified(tmp_path, HOST)
    with serving(answer(b"liste"), tls=theirs) as server:
        assert download(leading_here(tls=ours), target(server, encrypted=True)) == b"liste"
    theirs, ours = certified(tmp_path, "other.example.org")
    with serving(answer(b"liste"), tls=theirs) as server, pytest.raises(DownloadError) as caught:
        download(leading_here(tls=ours), target(server, encrypted=True))
    assert caught.value.trouble is Trouble.BROKEN
    assert server.requests == []


# --- where a name may lead --------------------------------------------------------------------------------------------


def test_a_name_that_leads_inside_is_not_asked() -> None:
    with serving(answer(b"inside")) as server, pytest.raises(DownloadError) as caught:
        download(Network(resolve=lambda host, port: (LOOPBACK, "::1", "::ffff:127.0.0.1")), target(server))
    assert caught.value.trouble is Trouble.PRIVATE_ADDRESS
    assert server.requests == []


def test_the_connection_goes_to_the_address_that_was_checked_and_the_name_is_not_looked_up_again() -> None:
    looked_up: list[str] = []
    checked: list[str] = []

    def rebinding(host: str, port: int) -> tuple[str, ...]:
        looked_up.append(host)
        return (LOOPBACK,) if len(looked_up) == 1 else ("127.0.0.2",)

    def note(address: str) -> bool:
        checked.append(address)
        return True

    with serving(answer(b"liste")) as server:
        network = Network(resolve=rebinding, may_connect=note)
        assert download(network, target(server)) == b"liste"
    assert (looked_up, checked) == ([HOST], [LOOPBACK])


def test_of_several_addresses_one_that_is_refused_is_passed_over() -> None:
    with serving(answer(b"liste")) as server:
        network = Network(resolve=lambda host, port: ("127.0.0.2", LOOPBACK), may_connect=lambda a: a == LOOPBACK)
        assert download(network, target(server)) == b"liste"


def test_where_one_address_takes_no_connection_the_next_is_asked() -> None:
    with serving(answer(b"liste")) as server:
        network = Network(resolve=lambda host, port: ("127.0.0.2", LOOPBACK), may_connect=lambda address: True)
        assert download(network, target(server)) == b"liste"


def test_a_name_that_is_not_known_is_told() -> None:
    def unknown(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror

    with pytest.raises(DownloadError) as caught:
        download(Network(resolve=unknown), Target(host=HOST, port=80, encrypted=False, path="/"))
    assert caught.value.trouble is Trouble.UNKNOWN_HOST


def test_the_systems_resolver_leads_this_machine_to_addresses_that_are_refused() -> None:
    found = resolve("localhost", 80)
    assert found
    assert not any(is_public(address) for address in found)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.212.1.10", "2001:4860:4860::8888", "2a02:c0::1"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a00:1", "::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:808:808::1"),
        *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "5f00::1", "100::1"),
        *("2a02:c0::1%1", "", "example.org", "127.1", "0x7f000001", "2130706433", "0177.0.0.1"),
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_no_form_of_an_address_inside_ipv6_lets_it_through(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    holding = (
        *(ipaddress.IPv6Address((0xFFFF << 32) | number), ipaddress.IPv6Address(number)),
        ipaddress.IPv6Address((0x0064FF9B << 96) | number),
        ipaddress.IPv6Address((0x2002 << 112) | (number << 80)),
        ipaddress.IPv6Address((0x20010000 << 96) | (~number & 0xFFFFFFFF)),
    )
    assert not any(is_public(str(one)) for one in holding)


# --- which hosts are asked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["crl.example.org", "a.no", "CRL.Example.org", "crl.example.org:8080", "1.example.org"]
)
def test_hosts_with_and_without_a_port_may_stand_in_the_list(text: str) -> None:
    host = parse_host(text)
    assert host is not None
    assert host.name == text.lower().partition(":")[0]


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost", "a.localhost", "localhost:80", "intranet", "*.example.org", "*", ".example.org"),
        *("example.org.", "127.0.0.1", "127.1", "0x7f.1", "[::1]", "::1", "2130706433", "example.org:0"),
        *("example.org:65536", "example.org:http", "example.org:", "http://example.org", "example.org/crl"),
        *("user@example.org", "exa mple.org", "example.org\n", "-a.example.org", "a_b.example.org", "a..b"),
        *("xn--\u00e5.no", "\u00e5.no", "a" * 64 + ".no", "a." * 130 + "no"),
    ],
)
def test_nothing_else_may(text: str) -> None:
    assert parse_host(text) is None


HOSTS = (Host(name="crl.example.org"), Host(name="ocsp.example.org", port=8080))


@pytest.mark.parametrize(
    ("url", "port", "path"),
    [
        ("http://crl.example.org/a.crl", 80, "/a.crl"),
        ("https://crl.example.org/a.crl?x=1#part", 443, "/a.crl?x=1"),
        ("HTTP://CRL.example.org:80", 80, "/"),
        ("http://ocsp.example.org:8080/", 8080, "/"),
        ("https://ocsp.example.org:8080/", 8080, "/"),
    ],
)
def test_addresses_at_hosts_of_the_list_are_asked(url: str, port: int, path: str) -> None:
    found = find_target(url, HOSTS)
    assert found is not None
    assert (found.port, found.path, found.encrypted) == (port, path, url.startswith("https"))


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://other.example.org/",
            "http://example.org/",
            "http://a.crl.example.org/",
            "http://crl.example.org.evil.no/",
        ),
        *(
            "http://crl.example.org:8080/",
            "http://ocsp.example.org/",
            "https://crl.example.org:80/",
            "http://127.0.0.1/",
        ),
        *(
            "ftp://crl.example.org/",
            "file:///etc/passwd",
            "ldap://crl.example.org/",
            "//crl.example.org/",
            "crl.example.org",
        ),
        *(
            "http://crl.example.org@127.0.0.1/",
            "http://user:word@crl.example.org/",
            "http://127.0.0.1#@crl.example.org/",
        ),
        *("http://crl.example.org/a b", "http://crl.example.org/\r\nX: y", "http://crl.example.org\\@127.0.0.1/"),
        *(
            "http://crl.example.org:99999/",
            "http://crl.example.org:a/",
            "http://[::1]/",
            "http://[crl.example.org/",
            "",
        ),
        *("http://crl.example.org./", "http://crl.ex\u00e5mple.org/", "http://crl.example.org\u3002/"),
    ],
)
def test_no_other_address_is(url: str) -> None:
    assert find_target(url, HOSTS) is None
