"""Is this zip archive an associated signature container (ASiC, ETSI EN 319 162-1)? Nothing in it is verified here.

Programs write them in many ways: the media type may stand compressed, late, in the comment or nowhere at all. A
signature over the files of an archive is what makes it one (4.3, 4.4), so every sign of one counts.
"""

import re
import zipfile
from contextlib import suppress
from typing import Final

from agreements.findings import Finding
from intake.unpacking.zips import METHODS, open_zip

_MEDIA_TYPE: Final = b"application/vnd.etsi.asic"  # -e+zip or -s+zip
_MIMETYPE_BYTES: Final = 200
"""The media type has 31 bytes; some writers put a byte order mark or a line break around it."""
_SIGNATURE: Final = re.compile(
    r"(?:.*/)?meta-inf/(?:[^/]*signatures?[^/]*\.xml|[^/]*\.(?:p7s|tst|ers)|asic[^/]*manifest[^/]*\.xml"
    r"|[^/]*evidencerecord[^/]*\.xml)",
    re.DOTALL,
)


def is_asic(data: bytes) -> bool:
    """True for an archive that says it is one, or has a signature, a time-stamp or a manifest of one in META-INF."""
    archive = open_zip(data)
    if isinstance(archive, Finding):
        return False
    if _MEDIA_TYPE in archive.comment:
        return True
    return any(_is_sign(archive, entry) for entry in archive.infolist())


def _is_sign(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    name = entry.filename.replace("\\", "/").lower()
    return bool(_SIGNATURE.fullmatch(name)) or (name == "mimetype" and _MEDIA_TYPE in _beginning(archive, entry))


def _beginning(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.compress_type in METHODS:
        with suppress(Exception), archive.open(entry) as file:  # hostile bytes: whatever the reader raises
            return file.read(_MIMETYPE_BYTES)
    return b""
