"""Archives as customers make them."""

import zipfile
from io import BytesIO


def zipped(*files: tuple[str, bytes]) -> bytes:
    """A zip archive of these files."""
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, data in files:
            archive.writestr(name, data)
    return output.getvalue()
