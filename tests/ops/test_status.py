"""`reminder status` in words: quiet where all is well, and with a remedy for whatever is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reminder.domain.limits import NO_LIMITS, Limits
from reminder.domain.states import Channel
from reminder.ops.status import LATE_HEARTBEAT, Status, status
from reminder.store import capacity
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


FOLDER = {Channel.EMAIL: {"email-folder": NO_LIMITS}, Channel.SMS: {"sms-folder": NO_LIMITS}}


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
        ({"numbers_asked": {"asked to confirm": 3, "no text may go": 40}}, "a number: 3 asked to confirm, 40 no text"),
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
    found = status(database, FOLDER, NOW).to_json()
    assert (found["campaigns"], found["unclear"], found["providers_out"]) == ({}, 0, {})
    assert found["channels_out"] == []


def test_the_only_provider_of_a_channel_that_was_stopped_is_told_with_what_it_means(database: Database) -> None:
    database.write(lambda c: capacity.stop(c, "email-folder", "3 of 900 messages were reported as spam", NOW))
    found = status(database, FOLDER, NOW)
    why = (
        "stopped, 3 of 900 messages were reported as spam; mend the list, then `reminder providers resume email-folder`"
    )
    assert f"Provider email-folder: {why}." in found.lines()
    assert "Nothing goes by email: no provider of it takes messages now (`reminder providers list`)." in found.lines()
    assert (found.to_json()["channels_out"], found.to_json()["providers_out"]) == (["email"], {"email-folder": why})


def test_a_provider_that_fails_or_is_used_up_leaves_the_channel_to_the_next(database: Database) -> None:
    limits = Limits(per_day=5)
    database.write(lambda c: capacity.note_failure(c, "smtp", "535", NOW, account=True))
    database.write(lambda c: capacity.reserve(c, "ses", 5, limits, NOW))
    both = {"smtp": NO_LIMITS, "ses": limits}
    found = status(database, {Channel.EMAIL: both}, NOW)
    assert found.providers == {
        "smtp": "out of the rotation until 09:01 UTC (535)",
        "ses": "its limit of today is used up; it goes on at 00:00 UTC",
    }
    assert found.channels_out == (Channel.EMAIL,)
    assert status(database, {Channel.EMAIL: {**both, "email-folder": NO_LIMITS}}, NOW).channels_out == ()
