"""The set-up file of Fjord HR: INI, one section for the sender, one line for each value that the vendor enters.

An example of a plug-in for `avtale config export --format fjord` (docs/extensions.md).
"""

import configparser
import io
import json
from collections.abc import Mapping
from typing import Any


def render(document: Mapping[str, Any], language: str) -> bytes:
    """The file, from the configuration summary (docs/schemas/config-v1.schema.json). `language`: nb, nn or en.

    Raises ValueError where the file would be wrong: while a value that Fjord HR can't do without is lacking, and where
    one differs from what was signed. `avtale` then says that this format could not be made.
    """
    if document["schema"] != "avtale/config/v1":
        raise ValueError("another schema")
    values = {entry["field"]: entry["value"] for entry in document["set_up"]["vendor"]}
    if document["deviations"] or "setup.sender_id" not in values:
        raise ValueError("not ready to be read by a program")
    file = configparser.ConfigParser(interpolation=None)
    file["avsender"] = {
        "sak": document["case"],
        "organisasjonsnummer": document["customer"]["org_number"],
        "avsender-id": str(values["setup.sender_id"]),
        "behandler-id": str(values["vendor.broker_id"]),
        "adresse": values["setup.environment"],
        "autentisering": values["defaults.authentication_level"],
        # JSON keeps whatever is written in a name on one line, within its quotes.
        "navn": json.dumps(document["customer"]["name"]),
    }
    out = io.StringIO()
    file.write(out)
    return out.getvalue().encode()


render.ending = "ini"  # type: ignore[attr-defined]  # the file's name ends so
