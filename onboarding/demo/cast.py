"""Who plays in the demo: people and customers that do not exist, from `cast.yaml`."""

from dataclasses import dataclass
from importlib.resources import files

import yaml


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The names."""

    first: str
    second: str
    stranger: str
    """Somebody whom no agreement names."""
    national_id: str
    """The first one's national identity number: synthetic, its month is one of 81 to 92 (Skatteetaten)."""
    service_name: str
    """A signing service, its number, the first words of its front page and of its line at the bottom of each page."""
    service_org_number: str
    service_front: str
    service_footer: str
    places: tuple[str, ...]
    trades: tuple[str, ...]

    def customer(self, serial: int) -> str:
        """The n-th customer's name; the first thirty-five differ."""
        return f"{self.places[serial % len(self.places)]} {self.trades[serial % len(self.trades)]} AS"


def _load() -> Cast:
    document = yaml.safe_load(files("onboarding.demo").joinpath("cast.yaml").read_bytes())
    return Cast(
        **document["people"],
        national_id=document["national_id"],
        **{f"service_{key}": value for key, value in document["service"].items()},
        places=tuple(document["places"]),
        trades=tuple(document["trades"]),
    )


CAST = _load()
