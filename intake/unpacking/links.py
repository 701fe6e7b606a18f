"""Links to files that were sent in place of the files: recognised by where they point, never followed."""

import re
from collections.abc import Iterator
from typing import Final

from intake.unpacking.limits import MAX_LOOKED_AT, MAX_NAMED

FILE_HOSTS: Final = (
    # where people leave files
    *("sharepoint.com", "1drv.ms", "onedrive.live.com", "drive.google.com", "docs.google.com", "dropbox.com"),
    *("wetransfer.com", "we.tl", "box.com", "icloud.com", "jottacloud.com", "filemail.com", "filesender.org"),
    # where signing services keep what was signed
    *("verified.eu", "signicat.com", "scrive.com", "penneo.com", "vismasign.com", "getaccept.com", "oneflow.com"),
    *("docusign.net", "adobesign.com", "signering.posten.no"),
)
_HOST: Final = "|".join(re.escape(host) for host in FILE_HOSTS)
# Mail gateways put their own address in front and encode the sender's: %3A%2F%2F.
_LINK: Final = re.compile(rf"(?://|%2F%2F)((?:[a-z0-9-]{{1,63}}\.){{0,6}}(?:{_HOST}))(?![a-z0-9.-])", re.IGNORECASE)


def find_links(text: bytes) -> Iterator[str]:
    """Hosts of file and signing services that a text or HTML part points at, in lower case, the first MAX_NAMED."""
    shown = text[:MAX_LOOKED_AT].decode("latin-1").replace("\0", "")  # UTF-16 too: addresses are ASCII
    found = dict.fromkeys(match[1].lower() for match in _LINK.finditer(shown))
    yield from list(found)[:MAX_NAMED]
