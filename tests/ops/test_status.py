"""`reminder status` in words: quiet where all is well, and with a remedy for whatever is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reminder.ops.status import LATE_HEARTBEAT, Status, status
from reminder.store.database import Database
from reminder.store.status import Standing

NOW = datetime(2020, 12, 22, 9, tzinfo=UTC)
WELL: dict[str, Any] = {
    "heartbeat_at": NOW - timedelta(seconds=20),
    "waits_because": "",
    "key_confirmed": True,
    "campaigns": {"live": 2, "draft": 1},
    "cases_waiting": 0,
    "sendings_due": 0,
    "sendings_waiting": 0,
    "batches_open": 3,
    "batches_sending": 1,
    "oldest_due": None,
    "unclear": 0,
    "set_aside": 0,
    "organisers": 1,
}


def lines(providers: dict[str, str] | None = None, **different: Any) -> list[str]:
    standing = Standing(**{**WELL, **different})
    return Status(standing, providers or {}, NOW, standing.waits_because).lines()


def test_where_all_is_well_three_lines_say_so() -> None:
    assert lines() == [
        "Last heartbeat: 2020-12-22 08:59:40 UTC, 20 s ago.",
        "Campaigns: 1 draft, 2 live",
        "To be sent: 3 batches wait, 1 under way, 0 sendings due.",
    ]


@pytest.mark.parametrize(
    ("different", "words"),
    [
        ({"heartbeat_at": None}, "`reminder run` starts the service"),
        ({"heartbeat_at": NOW - LATE_HEARTBEAT}, "The service does not seem to run: `reminder run`."),
        ({"waits_because": "the clock went back"}, "Nothing is sent: the clock went back."),
        ({"campaigns": {}}, "Campaigns: none"),
        ({"sendings_waiting": 2}, "Waiting for you: 2 sendings above the limit (`reminder campaign send`)."),
        ({"sendings_waiting": 1}, "Waiting for you: 1 sending above the limit (`reminder campaign send`)."),
        ({"cases_waiting": 1}, "Waiting for you: 1 case with a question (`reminder case list`)."),
        ({"unclear": 4}, "Unclear, may have arrived: 4 messages (`reminder messages list --unclear`)."),
        ({"set_aside": 5}, "Set aside, could not be built: 5 messages (`reminder messages list`)."),
        ({"organisers": 0}, "Nobody gets the reports"),
        ({"key_confirmed": False}, "`reminder key confirm`"),
    ],
)
def test_each_thing_that_is_not_well_has_a_line_with_its_remedy(different: dict[str, Any], words: str) -> None:
    assert len([line for line in lines(**different) if words in line]) == 1
    assert not [line for line in lines() if words in line]


def test_a_heartbeat_is_late_after_five_minutes_and_not_before() -> None:
    just_in_time = lines(heartbeat_at=NOW - LATE_HEARTBEAT + timedelta(seconds=1))
    assert not [line for line in just_in_time if "does not seem to run" in line]


def test_a_provider_that_is_out_of_the_rotation_is_named() -> None:
    assert "Provider smtp: out of the rotation until 10:00 UTC (login refused)." in lines(
        {"smtp": "out of the rotation until 10:00 UTC (login refused)"}
    )


def test_a_fresh_database_can_be_looked_at(database: Database) -> None:
    found = status(database, ["email-folder"], NOW).to_json()
    assert (found["campaigns"], found["unclear"], found["providers_out"]) == ({}, 0, {})
