"""docs/providers.md says what the code says."""

import re
from dataclasses import fields, replace

import pytest

from reminder.providers.contract import Capabilities
from reminder.providers.registry import REGISTRY
from reminder.providers.table import CAPABILITY_WORDS, capability_table, conditions, settings_table
from tests.repository import ROOT

TABLES = {"capabilities": capability_table, "conditions": conditions, "settings": settings_table}


@pytest.mark.parametrize("mark", TABLES)
def test_the_document_has_the_table_of_today(mark: str) -> None:
    text = (ROOT / "docs" / "providers.md").read_text()
    found = re.search(rf"<!-- {mark} -->\n(.*?)\n?<!-- end -->", text, re.DOTALL)
    assert found is not None
    assert found.group(1) == TABLES[mark]()


def test_every_provider_has_its_row() -> None:
    rows = capability_table().splitlines()
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows[2:]] == list(REGISTRY)
    assert {row.count("|") for row in rows} == {rows[0].count("|")}


@pytest.mark.parametrize("name", [field.name for field in fields(Capabilities) if field.name != "conditions"])
def test_every_capability_shows_in_the_table(name: str) -> None:
    plain = Capabilities(webhooks=True)
    value = getattr(plain, name)
    other = replace(plain, **{name: not value if isinstance(value, bool) else value / 2 if value > 99 else value + 5})
    assert [word(plain) for word in CAPABILITY_WORDS.values()] != [word(other) for word in CAPABILITY_WORDS.values()]


def test_a_secret_is_marked_as_one() -> None:
    assert "| `SMTP_PASSWORD` | Password to log in with. | secret |" in settings_table()
