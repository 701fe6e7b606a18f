"""How much of a delivery is looked at. Sources: facts/mail-and-folders.md §5, measured on bombs; where the facts name
no figure, the comment says why it is what it is.

What is beyond a bound is told (INT-017), and the rest is looked at all the same.
"""

from enum import StrEnum
from typing import Final


class Bound(StrEnum):
    """What a finding calls the bound that was exceeded; its words stand under `terms.limit`."""

    SIZE = "size"
    HEADER = "header"
    HEADERS = "headers"
    PARTS = "parts"
    DEPTH = "depth"
    PDFS = "pdfs"
    ZIP_ENTRIES = "zip_entries"
    ZIP_DEPTH = "zip_depth"
    ZIP_RATIO = "zip_ratio"
    UNPACKED = "unpacked"


MAX_RAW_BYTES: Final = 40 * 2**20  # a mail as it came: 25 MiB of PDF in base64, and room
MAX_HEADER_BLOCK_BYTES: Final = 256 * 2**10
MAX_HEADER_BYTES: Final = 16 * 2**10  # one header field, unfolded
MAX_ALL_HEADERS_BYTES: Final = 2**20  # of all parts together; an honest mail has some 20 kB
MAX_PARTS: Final = 200
MAX_DEPTH: Final = 8  # parts in parts, messages in messages, archives in messages
MAX_PDFS: Final = 50
MAX_OTHERS: Final = 50  # files beside the documents that are told by name; the rest are counted

MAX_ZIP_ENTRIES: Final = 100
MAX_ZIP_DIRECTORY: Final = 1000  # records the standard library may meet while it opens an archive, stored ones included
MAX_ZIP_DEPTH: Final = 1  # an archive in an archive is not opened
MAX_UNPACKED_BYTES: Final = 100 * 2**20  # out of all archives of a delivery
MAX_ZIP_RATIO: Final = 100  # out against in; PDFs are compressed already
ZIP_RATIO_FREE_BYTES: Final = 2**20  # below this an archive may be as empty as it likes: a blank form packs well

MAX_PARAMETERS: Final = 100  # of one header field; 10,000 of them cost the standard library 1.7 s
MAX_ADDRESSES: Final = 100  # read from one header field: beyond it stands a list, not a correspondent
MAX_REFERENCES: Final = 100  # Message-IDs of one thread, the latest ones
MAX_MESSAGE_ID: Final = 250  # characters; RFC 5322 2.1.1 folds lines at 998, real ones have under 100
MAX_ADDRESS: Final = 254  # characters; RFC 5321 4.5.3.1.3 less its brackets
MAX_SUBJECT: Final = 500  # characters kept: enough for any number in it
MAX_RECIPIENTS: Final = 100  # of one delivery report
MAX_DIAGNOSTIC: Final = 500  # characters of what the other server said
MAX_LOOKED_AT: Final = 256 * 2**10  # bytes of one text part: for links, for what should not stand in it
MAX_TEXTS: Final = 10  # text parts of one mail that are read as its letter; honest ones have two
MAX_SENDER_IDS: Final = 5  # numbers called a sender id in one mail; an answer has one
MAX_TNEF_ITEMS: Final = 10_000  # attributes and properties of one winmail.dat
MAX_NAMED: Final = 5  # names or hosts told in one finding
MAX_LOGO_BYTES: Final = 100 * 2**10  # a picture in a letter's text; larger ones are photographs, perhaps of a page
