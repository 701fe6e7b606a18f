"""File names: any bytes may come, none is ever used as a path of ours, and people see a clean form."""

import re
import unicodedata
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote_to_bytes

MAX_DISPLAY_NAME = 120  # characters; facts/mail-and-folders.md §5
MAX_FILE_NAME = 255  # bytes; NAME_MAX of Linux, macOS and Windows file systems
NOTE_SUFFIX = b".grunn.txt"
DONE_FOLDER = b"ferdig"
QUARANTINE_FOLDER = b"karantene"
MAIL_FOLDER: Final = "Inntak"
"""On mail servers, the folder of the folders that decided mail is moved to."""
DONE_MARKER: Final = b".ferdig"
"""Behind a file's name: the sender's word that the file is complete (`doneFileName` of Apache Camel)."""
SENTINEL: Final = b".avtalemottak"
"""Lies in every watched folder and says which one it is: an empty mount point has none."""
ACCEPTANCE: Final = b".avtalemottak-ny"
"""Put there by a person: this folder is the right one from now on."""
OWN_FOLDER: Final = "own_folder"
"""The reason for which `ferdig`, `karantene` and our hidden files are passed over."""
SYSTEM: Final = "system"
"""The reason for which files are passed over that operating systems and file servers leave in every folder."""
BLOCKED: Final = "blocked"
"""The reason for which `ferdig` or `karantene` is passed over that is a link or a file: nothing can be moved there."""
LONE_MARKER: Final = "marker"
"""The reason for which a marker without its file is passed over."""
UNTOLD: Final = frozenset({OWN_FOLDER, SYSTEM})
"""Nobody need be told that these are passed over."""

_OUR_FOLDERS = (DONE_FOLDER, QUARANTINE_FOLDER)
# What programs call a file while they still write it: browsers, SFTP clients, Office, and folder shortcuts of Windows.
_TEMPORARY = re.compile(rb"(?i)(^~\$|\.(part|partial|tmp|temp|filepart|crdownload|download|lnk)$)")
# facts/mail-and-folders.md §1.1, §7: macOS, Windows, Synology, QNAP, Syncthing, Linux, NFS, and servers' snapshots.
_SYSTEM = re.compile(
    rb"(?i)(\._.*|\.ds_store|\.(trash|nfs|smbdelete|fuse_hidden|~lock\.).*|\.(stfolder|snapshots?|spotlight-v100"
    rb"|fseventsd|temporaryitems|apdisk)|thumbs\.db|ehthumbs\.db|desktop\.ini|\$recycle\.bin"
    rb"|system volume information|lost\+found|@eadir|#recycle|#snapshot|@recycle|~snapshot)"
)
_UNNAMED: Final = "_"


def display_name(name: bytes) -> str:
    """The name as people may safely see it: its last part, NFC, no control or direction characters, at most 120
    characters.
    """
    text = unicodedata.normalize("NFC", name.rpartition(b"/")[2].decode("utf-8", "replace"))
    shown = "".join(
        c for c in text if unicodedata.category(c)[0] != "C" and unicodedata.category(c) not in ("Zl", "Zp")
    )
    shown = shown.strip() or _UNNAMED
    if len(shown) <= MAX_DISPLAY_NAME:
        return shown
    ending = Path(shown).suffix[:10]
    return shown[: MAX_DISPLAY_NAME - len(ending) - 1] + "…" + ending


def ignored_as(name: bytes) -> str | None:
    """Why a name is passed over (`hidden`, `temporary`, `own_folder`, `system`), or None for a name that is a
    delivery or a marker.
    """
    if name in _OUR_FOLDERS or name.startswith(SENTINEL):
        return OWN_FOLDER
    if _SYSTEM.fullmatch(name):
        return SYSTEM
    if name.startswith(b"."):
        return "hidden"
    return "temporary" if _TEMPORARY.search(name) else None


def marked_name(name: bytes, marker: bytes) -> bytes | None:
    """The name of the file that this name marks as complete; None when it is no marker."""
    return name.removesuffix(marker) if name.endswith(marker) and name != marker else None


def slot_of(name: bytes) -> str:
    """The name as plain text that every database can hold; `name_in_slot` gives the bytes back."""
    return quote(name, safe="")


def name_in_slot(slot: str) -> bytes:
    """The bytes of the name that `slot_of` wrote."""
    return unquote_to_bytes(slot)


def done_name(receipt_id: int, name: bytes, attempt: int = 0) -> bytes:
    """The name of a finished file: `000017_avtale.pdf`, short enough for its note; `attempt` makes another one."""
    prefix = b"%06d_" % receipt_id + (b"%d_" % attempt if attempt else b"")
    stem, dot, ending = name.rpartition(b".")
    stem, ending = (stem, dot + ending) if stem and len(ending) <= 15 else (name, b"")
    room = MAX_FILE_NAME - len(prefix) - len(ending) - len(NOTE_SUFFIX) - 1  # and the dot of the note's draft
    return prefix + stem[:room] + ending
