"""The keys that mail is signed with, fetched from DNS: one question, one small answer, five seconds.

DNS as such is not authenticated: whoever rules the resolver's answers rules the keys. The resolver should check DNSSEC.
"""

from collections.abc import Iterable
from typing import Final

from agreements.errors import ConfigurationError, TemporaryError
from intake.authenticity import MAX_KEY_BYTES
from onboarding.settings.model import Attestation

TIMEOUT_SECONDS: Final = 5.0


def fetch_keys(settings: Attestation, names: Iterable[str]) -> dict[str, str]:
    """The key records by name; without those that do not exist.

    Raises TemporaryError("dns_unavailable") if nobody answers, ConfigurationError("resolver_no_address").
    """
    import dns.exception
    import dns.resolver

    try:
        resolver = dns.resolver.Resolver(configure=settings.resolver is None)
        if settings.resolver is not None:
            resolver.nameservers = [settings.resolver]
            resolver.port = settings.resolver_port
    except ValueError as error:
        raise ConfigurationError("resolver_no_address", resolver=settings.resolver) from error
    except dns.exception.DNSException as error:
        raise TemporaryError("dns_unavailable", name="/etc/resolv.conf") from error
    found: dict[str, str] = {}
    for name in names:
        try:
            answer = resolver.resolve(name, "TXT", lifetime=TIMEOUT_SECONDS, search=False)
            record = b"".join(next(iter(answer)).strings)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            continue
        except (dns.exception.SyntaxError, dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong):
            continue  # what is no name has no key
        except dns.exception.DNSException as error:
            raise TemporaryError("dns_unavailable", name=name) from error
        if len(record) <= MAX_KEY_BYTES:
            found[name] = record.decode("ascii", "replace")
    return found
