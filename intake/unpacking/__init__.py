"""From a delivery's bytes to the documents in it: a mail, an archive, a signed package or a PDF as it is.

Pure functions over hostile bytes, to be run in the sandbox. Every way a PDF is known to travel is followed (attachment,
in the text, wrong type or name, forwarded message, zip, winmail.dat, opaque S/MIME), under the bounds of `limits`.
What can't be followed is never passed over: a finding says what it was. Nothing here says whether a document is good,
or whose it is.

Not promised: documents inside PDFs, pictures and office files; fragments (message/partial); uuencoded text.
"""

from intake.unpacking.opening import Unpacked, unpack
from intake.unpacking.values import (
    BarToReply,
    Candidate,
    DeliveryReport,
    MailKind,
    MailReading,
    Other,
    RecipientReport,
    Unpacking,
)

__all__ = [
    "BarToReply",
    "Candidate",
    "DeliveryReport",
    "MailKind",
    "MailReading",
    "Other",
    "RecipientReport",
    "Unpacked",
    "Unpacking",
    "unpack",
]
