"""Scopes: what a supporter asks for and what an audience is made of, "all", "country:CN", "topic:writers", "list:london"."""

import unicodedata

ALL = "all"


def country_scope(country: str) -> str:
    """Appeals about `country` (ISO 3166 alpha-2)."""
    return f"country:{country.upper()}"


def topic_scope(name: str) -> str:
    """Appeals on a topic. Case and spaces do not tell topics apart."""
    return f"topic:{_folded(name)}"


def list_scope(name: str) -> str:
    """One of the organisers' own lists. Case and spaces do not tell lists apart."""
    return f"list:{_folded(name)}"


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split())
