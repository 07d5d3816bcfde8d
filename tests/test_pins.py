"""What `make install` takes: every package pinned with its hashes, from whatever index the machine uses."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.lock", "requirements-dev.lock")
GROUPS = PROJECT["dependency-groups"]
ASKED = {
    "requirements.lock": PROJECT["project"]["dependencies"] + GROUPS["build"],
    "requirements-dev.lock": PROJECT["project"]["dependencies"] + GROUPS["build"] + GROUPS["dev"],
}


def entries(lock: str) -> Iterator[str]:
    """Each pinned package with its continuation lines as one line."""
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    return (line for line in text.splitlines() if line.strip() and not line.startswith("#"))


def pins(lock: str) -> dict[str, str]:
    """Package name to version; a line that is no pin fails."""
    found: dict[str, str] = {}
    for entry in entries(lock):
        pin = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", entry)
        assert pin is not None, entry
        found[canonicalize_name(pin[1])] = pin[2]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_no_option(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"\S*(?:://|@)\S*", text) == []
    assert re.findall(r"^\s*-\S*|--(?!hash=)\S+", text, re.MULTILINE) == re.findall(
        r"^\s*--hash=\S+", text, re.MULTILINE
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_its_hashes(lock: str) -> None:
    assert [entry for entry in entries(lock) if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_that_the_project_asks_for_is_pinned_within_its_range(lock: str) -> None:
    pinned = pins(lock)
    asked = [Requirement(text) for text in ASKED[lock]]
    faults = [str(r) for r in asked if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0"))]
    assert faults == []


def test_the_development_tools_are_added_to_the_same_versions_that_the_product_runs_on() -> None:
    product, everything = (pins(lock) for lock in LOCKS)
    assert {name: version for name, version in product.items() if everything.get(name) != version} == {}


def test_the_build_backend_is_pinned_since_the_project_is_built_without_isolation() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(GROUPS["build"])
