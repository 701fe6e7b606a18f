"""The QR code of a page, by zxing-cpp: the only module that imports it as a writer."""

from collections.abc import Iterator

import zxingcpp

from agreements.errors import ConfigurationError

SYMBOL_MODULES = 29  # version 3: holds the payload of `agreements.marking` at level Q (ISO/IEC 18004 table 7)
_LEVEL = (
    "Q"  # a quarter of the symbol may be lost (ISO/IEC 18004 6.5.1); what 18 mm was measured with, facts/rendering.md 6
)


def qr_runs(payload: str) -> tuple[tuple[int, int, int], ...]:
    """The dark modules in runs: column from the left, row from the bottom, length; SYMBOL_MODULES each way.

    Raises ConfigurationError `render_failed` for a payload that needs a larger symbol than the place was measured for.
    """
    barcode = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level=_LEVEL)
    image = barcode.to_image(scale=1, add_quiet_zones=False)
    if image.shape != (SYMBOL_MODULES, SYMBOL_MODULES):
        raise ConfigurationError("render_failed", reason=f"the QR code has {image.shape[0]} modules a side")
    pixels = memoryview(image).tobytes()  # type: ignore[arg-type]  # the stub leaves the buffer protocol out
    rows = (pixels[start : start + SYMBOL_MODULES] for start in range(0, len(pixels), SYMBOL_MODULES))
    return tuple(
        (column, SYMBOL_MODULES - 1 - row, length)
        for row, line in enumerate(rows)
        for column, length in _dark_runs(line)
    )


def _dark_runs(line: bytes) -> Iterator[tuple[int, int]]:
    start = None
    for column, pixel in enumerate((*line, 255)):
        if pixel == 0 and start is None:
            start = column
        elif pixel != 0 and start is not None:
            yield start, column - start
            start = None
