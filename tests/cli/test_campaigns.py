"""reminder campaign …, forecast, rehearse, tick: from the draft to the report."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.office import ORGANISER, SUPPORTERS, URGENT, Office


def messages(office: Office) -> list[Path]:
    """What the folder providers have written."""
    return [path for path in (office.folder / "data" / "messages").rglob("*") if path.suffix in {".eml", ".txt"}]


def supporters_mail(office: Office) -> list[Path]:
    """The same without what went to the office."""
    return [path for path in messages(office) if ORGANISER.encode() not in path.read_bytes()]


def test_the_way_from_draft_to_live_and_back_says_each_next_step(office: Office) -> None:
    office.done("subscribers import", SUPPORTERS)
    code = office.code_of(URGENT)
    drafted = office.done(f"campaign create {code} --audience all --sending-limit 500")
    assert drafted.next == "look at `reminder forecast 1`, then `reminder campaign approve 1`"
    assert office.say("campaign start 1").errors[0].startswith("error: Campaign 1: is not approved.")
    assert office.done("campaign approve 1").next == "`reminder campaign start 1`"
    assert "Nothing that was due before now is sent." in office.done("campaign start 1").out
    assert "already; nothing was changed" in office.done("campaign start 1").out
    assert office.done("campaign pause 1").next == "`reminder campaign resume 1` when it may go on"
    assert "What fell due during the pause is not sent." in office.done("campaign resume 1").out
    assert office.done("campaign clone 1").next.startswith("look at `reminder forecast 2`")
    states = {each["campaign"]: each["state"] for each in json.loads(office.done("campaign list --json").out)}
    assert states == {1: "live", 2: "draft"}
    assert office.done("campaign close 1").next
    assert "closed" in office.done("campaign show 1").out


@pytest.mark.parametrize("mistake", ["{% if %}", "{{ no_such_thing }}"])
def test_with_a_template_that_has_an_error_no_campaign_starts(office: Office, mistake: str) -> None:
    office.done("subscribers import", SUPPORTERS)
    office.done("campaign create --audience all", office.code_of(URGENT))
    office.done("campaign approve 1")
    template = office.folder / "own" / "email" / "nudge.txt"
    template.parent.mkdir(parents=True)
    template.write_text(mistake)
    refused = office.with_settings(TEMPLATE_FOLDER=str(office.folder / "own")).say("campaign start 1")
    assert refused.errors[0].startswith("error: A campaign: cannot start while its templates have an error (Template ")
    assert "nudge.txt:1" in refused.errors[0]
    assert json.loads(office.done("campaign show 1 --json").out)["state"] == "approved"
    office.done("campaign start 1")


def test_an_audience_names_countries_as_people_do_and_none_that_is_not_there(office: Office) -> None:
    code = office.code_of(URGENT)
    refused = office.say(f"campaign create {code} --audience country:ZZ").errors[0]
    assert refused.startswith("error: --audience: names a country that is not known.")
    office.done(f"campaign create {code} --audience country:China --audience 'country: gb'")
    assert json.loads(office.done("campaign show 1 --json").out)["audience"] == ["country:CN", "country:GB"]


@pytest.mark.parametrize(
    ("command", "is_refused"),
    [
        ("campaign resume 1", "is draft and cannot be resumed"),
        ("campaign pause 1", "is draft and cannot be paused"),
        ("campaign answer 1 same", "did not ask this"),
        ("campaign approve 1 --version 9", "was changed since you looked at it"),
        ("campaign approve 1", "has an empty audience, which is nobody"),
    ],
)
def test_what_the_state_does_not_allow_is_refused_with_a_remedy(office: Office, command: str, is_refused: str) -> None:
    office.done("campaign create", office.code_of(URGENT))
    said = office.say(command)
    assert said.code == 1
    assert said.errors[0].startswith("error: Campaign 1: ")
    assert is_refused in said.errors[0]


def test_a_tick_sends_what_is_due_and_the_next_one_nothing_twice(live: Office) -> None:
    first = live.at(1, 9).done("tick")
    assert first.out.startswith("Sent 2, refused 0")
    assert live.at(1, 9).done("tick").out.startswith("Sent 0, refused 0")
    assert len(messages(live)) == 2
    assert first.next == "`reminder status`"


def test_a_clock_that_jumped_sends_nothing_until_somebody_says_it_is_right(live: Office) -> None:
    live.at(1, 9).done("tick")
    waits = live.at(7, 12).done("tick")
    assert waits.out.startswith("Nothing was sent: the clock went ahead")
    assert "--clock-is-right" in waits.next
    assert json.loads(live.at(7, 12).done("tick --json").out)["waits"]
    assert "Nothing is sent: the clock went ahead" in live.at(7, 12).done("status").out
    assert json.loads(live.at(7, 12).done("tick --clock-is-right --json").out)["waits"] == ""
    assert "Nothing is sent" not in live.at(7, 12).done("status").out


def test_a_part_of_the_heartbeat_that_fails_is_told_and_the_tick_ends_with_one(live: Office) -> None:
    with closing(sqlite3.connect(live.database_file)) as connection, connection:
        connection.execute("DROP TABLE report")
    said = live.at(1, 9).say("tick")
    assert said.code == 1
    assert said.out.startswith("Sent 3, refused 0"), "two supporters, and the office is told"
    assert "A part of it failed, report: The database: has no tables of this release." in said.out
    assert list(json.loads(live.at(1, 10).say("tick --json").out)["failed"]) == ["report"]


def test_the_forecast_counts_and_changes_nothing(live: Office) -> None:
    said = live.done("forecast 1")
    assert "1 person will get nothing: evidence of agreement is missing." in said.out
    assert json.loads(live.done("forecast 1 --json").out)
    assert messages(live) == []


def test_a_rehearsal_runs_to_the_report_in_silence_and_sends_nothing(live: Office) -> None:
    said = live.done("rehearse 1")
    assert "Nothing was sent." in said.out
    assert "Report on campaign 1" in said.out
    assert said.err == ""
    assert messages(live) == []
    story = json.loads(live.done("rehearse 1 --from 2020-12-01 --to 2020-12-02 --json").out)
    assert story["messages"] > 0


def test_a_rehearsal_can_keep_its_messages(live: Office, tmp_path: Path) -> None:
    live.done("rehearse 1 --to 2020-12-02 --folder", tmp_path / "rehearsed")
    assert list((tmp_path / "rehearsed").rglob("*.eml"))
    assert messages(live) == []


def test_a_test_goes_to_the_organisers_alone(live: Office) -> None:
    assert live.done("campaign test-send 1").next == "`reminder tick`, or leave it to the daemon"
    live.done("tick")
    assert len(set(messages(live)) - set(supporters_mail(live))) == 1


def test_a_test_needs_somebody_to_go_to(nowhere: Office) -> None:
    nowhere.done("init")
    nowhere.done("campaign create --audience all", nowhere.code_of(URGENT))
    said = nowhere.say("campaign test-send 1")
    assert said.errors == [
        "error: A test: has nobody to go to. Add an organiser with `reminder init --organiser NAME`."
    ]


def test_a_go_where_nothing_waits_says_so(live: Office) -> None:
    said = live.done("campaign send 1")
    assert said.out.startswith("Campaign 1 has no sending that waits for you; nothing was changed.")


def test_a_sending_above_the_limit_waits_for_the_organiser_and_then_goes(office: Office) -> None:
    office.done("subscribers import", SUPPORTERS)
    office.done("campaign create --audience all --sending-limit 1", office.code_of(URGENT))
    office.done("campaign approve 1")
    office.done("campaign start 1")
    office.at(1, 9).done("tick")
    assert "sendings above the limit (`reminder campaign send`)" in office.at(1, 9).done("status").out
    assert supporters_mail(office) == []
    assert office.at(1, 9).done("campaign send 1").next
    office.at(1, 9).done("tick")
    assert supporters_mail(office)
