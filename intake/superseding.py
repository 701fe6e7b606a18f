"""Does a delivery complete an earlier one? Pure.

A file that was taken in the middle of being written, and grew afterwards, comes again: same place, the earlier bytes
first. So does a file that was rewritten where it lay. The later receipt names the earlier one, so that a hasty "not
signed" can be re-opened.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from intake.matching import prefix_digests
from intake.receipts import Delivery, Receipt, SourceOutcome

SUPERSEDE_WINDOW = timedelta(hours=24)  # facts/mail-and-folders.md §7: how far back a verdict is re-opened


def find_superseded(
    delivery: Delivery,
    earlier: Iterable[Receipt],
    *,
    read_bytes: Callable[[], bytes],
    is_same_file: Callable[[str, str], bool],
) -> int | None:
    """The id of the newest earlier receipt that this delivery replaces, or None.

    `earlier` as of `ledger.earlier_in_slot`. `read_bytes` reads the new content and is called only if something came
    before. `is_same_file` tells whether two keys name one file (`sources.folder.is_same_file`).
    """
    candidates = tuple(earlier)
    if not candidates:
        return None
    digests = prefix_digests(read_bytes(), {receipt.size for receipt in candidates})
    for receipt in candidates:
        still_there = receipt.source_outcome is not SourceOutcome.MOVED
        rewritten = still_there and is_same_file(receipt.source_key, delivery.source_key)
        grown = receipt.size < delivery.size and (receipt.size == 0 or digests.get(receipt.size) == receipt.sha256)
        if rewritten or grown:
            return receipt.id
    return None
