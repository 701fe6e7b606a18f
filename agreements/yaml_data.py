"""Reads the YAML files shipped as package data (catalogue, texts). Nothing else is read from disk in the ground."""

from importlib.resources import files
from typing import Any

import yaml

# libyaml is ten times faster; the pure loader is the same language where the wheel lacks it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_package_yaml(*parts: str) -> Any:
    """The parsed content of a YAML file under `agreements/`."""
    return yaml.load(files("agreements").joinpath(*parts).read_bytes(), Loader=_LOADER)  # noqa: S506 - a safe loader
