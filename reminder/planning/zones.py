"""Which time zones a country has, from the zone database's own table."""

from collections import defaultdict
from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[str, tuple[str, ...]]:
    """zone1970.tab of the tzdata package: country codes, coordinates, zone, comment."""
    zones: dict[str, list[str]] = defaultdict(list)
    for line in files("tzdata").joinpath("zoneinfo/zone1970.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            countries, _, zone, *_ = line.split("\t")
            for country in countries.split(","):
                zones[country].append(zone)
    return {country: tuple(found) for country, found in zones.items()}


def zones_of_country(country: str) -> tuple[str, ...]:
    """The zones of a country (two letters); empty for none that is known."""
    return _table().get(country.upper(), ())
