"""A rehearsal shows what would happen, on a copy, and changes nothing: not the database, not a provider, not a folder."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from reminder.app import App, build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.domain.consent import Leaving
from reminder.domain.states import CampaignState, Channel, MessageKind, Reason
from reminder.errors import NotAllowed, Trouble
from reminder.events.supporters import leave, report_letter
from reminder.intake.cases import Supplied, add_document
from reminder.intake.documents.read import read_document
from reminder.intake.subscribers import read_list
from reminder.intake.subscribers.keep import keep_list
from reminder.ops import setup
from reminder.planning import campaigns, drafts
from reminder.rehearsal import Story, rehearse
from reminder.store.campaigns import read_campaign
from reminder.store.database import Database
from reminder.store.tables import Instance
from reminder.store.vault import new_key

SAMPLES = Path(__file__).parent / "samples"
BEGIN = datetime(2020, 12, 1, 8, tzinfo=UTC)
LAST_POST = date(2020, 12, 14)
WHO = "office"
CLARA, ELLEN, KOFI = 1, 2, 3
LIST = """\
name,email,phone,zone,channels,countries,basis,source,wording,consented_on,sms_consented_on
Clara,clara@example.org,,Europe/London,email,all,consent,stall,"Yes, remind me",2020-01-02,
Ellen,ellen@example.org,+1 310 555 0142,America/Los_Angeles,email sms,all,consent,stall,"Yes, both",2020-01-02,2020-01-02
Kofi,kofi@example.org,,Africa/Accra,email,all,,spreadsheet,,2020-01-02,
"""


def rows(database: Database) -> str:
    """Every byte of every table."""
    with database.read() as connection:
        return repr(
            [
                connection.execute(table.select().order_by(*table.primary_key.columns)).all()
                for table in Instance.metadata.sorted_tables
            ]
        )


def settings_for(database_url: str, folder: Path, **more: Any) -> Settings:
    keys = {"index_key": new_key(), "data_keys": f"1:{new_key()}"}
    return Settings(
        data_folder=folder / "data", database_url=database_url, public_url="https://re.example.org", **keys, **more
    )


def installation(settings: Settings) -> App:
    """An installation with the founding case, a draft for it, and three people."""
    app = build_app(settings, VirtualClock(BEGIN))
    app.database.write(lambda connection: connection.execute(text("DELETE FROM instance")))
    setup.create(app.database, app.vault, BEGIN)
    setup.add_organiser(app.database, app.vault, "office@example.org", "Office", BEGIN)
    keep_list(app.database, app.vault, read_list(LIST.encode(), now=BEGIN), BEGIN)
    add_case(app, "nagyz-muhammed.txt", Supplied())
    return app


def add_case(app: App, name: str, supplied: Supplied) -> int:
    """The id of the draft campaign for a sample document."""
    data = (SAMPLES / name).read_bytes()
    document = read_document(data, file_name=name, read_on=BEGIN.date())
    case = add_document(
        app.database, app.vault, document, data, name, supplied, BEGIN, default_zone="Europe/London", who=WHO
    )
    return drafts.create(app.desk, case.case_id, ["all"], who=WHO, now=BEGIN).campaign_id


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Iterator[App]:
    made = installation(settings_for(sqlite_url, tmp_path))
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def story(sqlite_template: Path, kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The rehearsal of the draft, to be looked at from several sides."""
    folder = tmp_path_factory.mktemp("story")
    shutil.copy(sqlite_template, folder / "reminder.db")
    app = installation(settings_for(f"sqlite:///{folder / 'reminder.db'}", folder))
    try:
        return rehearse(app, 1, begin=BEGIN, folder=kept)
    finally:
        app.close()


def state_of(app: App) -> CampaignState:
    with app.database.read() as connection:
        campaign = read_campaign(connection, 1)
    assert campaign is not None
    return campaign.state


def reached(story: Story, person_id: int) -> list[tuple[str, Channel]]:
    """Local day and channel of each reminder that somebody got."""
    return [(f"{entry.local:%d %H:%M}", entry.channel) for entry in story.nudges if entry.person_id == person_id]


def test_a_draft_is_rehearsed_to_its_report_and_nothing_of_the_original_changes(
    database_url: str, tmp_path: Path
) -> None:
    app = installation(settings_for(database_url, tmp_path))
    before = rows(app.database)
    story = rehearse(app, 1, begin=BEGIN)
    assert rows(app.database) == before
    assert not (tmp_path / "data").exists() or list((tmp_path / "data").iterdir()) == []
    assert story.done == ("Campaign 1 is a draft: the rehearsal approved and started it.",)
    email, sms = Channel.EMAIL, Channel.SMS
    first = [("01 09:00", email), ("07 09:00", email)]
    assert reached(story, CLARA) == [*first, ("12 09:00", email), ("14 09:00", email)]
    assert reached(story, ELLEN) == [*first, ("12 09:00", sms), ("14 09:00", sms)]
    assert [report.end.state for report in story.reports] == [CampaignState.EXPIRED]
    assert story.until == datetime(2020, 12, 30, 12, tzinfo=UTC) + timedelta(hours=36)
    app.close()


def test_each_reminder_that_did_not_come_has_its_reason(story: Story) -> None:
    people = {person.person_id: person for person in story.people}
    assert {each.reason for each in people[KOFI].not_sent} == {Reason.WAITS_FOR_EVIDENCE}
    assert [(number, person.reminders, len(person.not_sent)) for number, person in people.items()] == [
        (CLARA, 4, 0),
        (ELLEN, 4, 0),
        (KOFI, 0, 4),
    ]


def test_the_configured_providers_are_never_used(sqlite_url: str, tmp_path: Path) -> None:
    """Nobody listens at this server: a message handed to it would come back, and its story would lack it."""
    options = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9"}
    app = installation(settings_for(sqlite_url, tmp_path, email_providers="smtp", provider_options=options))
    story = rehearse(app, 1, begin=BEGIN, until=date(2020, 12, 7))
    assert len(reached(story, CLARA)) == 2
    assert "providers" not in vars(app)
    app.close()


def test_the_messages_are_kept_where_a_folder_is_given(story: Story, kept: Path) -> None:
    files = {path.relative_to(kept).as_posix() for path in kept.glob("*/*") if path.suffix in {".eml", ".txt"}}
    assert {entry.file for entry in story.entries} == files
    assert len(files) == story.messages


def writes(person_id: int) -> Callable[[App, datetime], None]:
    def happen(copy: App, now: datetime) -> None:
        report_letter(copy.database, 1, person_id, "link", now)

    return happen


def leaves(person_id: int) -> Callable[[App, datetime], None]:
    def happen(copy: App, now: datetime) -> None:
        leave(copy.database, Leaving.ONE_CLICK, person_id, now)

    return happen


HAPPENINGS = {
    "has written": (writes(CLARA), Reason.LETTER_REPORTED),
    "has left": (leaves(CLARA), Reason.DO_NOT_CONTACT),
}


@pytest.mark.parametrize(("happening", "reason"), HAPPENINGS.values(), ids=HAPPENINGS.keys())
def test_what_people_do_in_the_meantime_counts_from_then_on(
    app: App, happening: Callable[[App, datetime], None], reason: Reason
) -> None:
    before = rows(app.database)
    happenings = [(datetime(2020, 12, 5, 12, tzinfo=UTC), happening)]
    story = rehearse(app, 1, begin=BEGIN, until=LAST_POST, happenings=happenings)
    assert [day for day, _ in reached(story, CLARA)] == ["01 09:00"]
    (clara,) = [person for person in story.people if person.person_id == CLARA]
    assert {each.reason for each in clara.not_sent} == {reason}
    assert len(reached(story, ELLEN)) == 4
    assert rows(app.database) == before


def test_a_last_day_ends_the_rehearsal_before_the_deadline(app: App) -> None:
    story = rehearse(app, 1, begin=BEGIN, until=date(2020, 12, 7))
    assert [day for day, _ in reached(story, CLARA)] == ["01 09:00", "07 09:00"]
    assert story.until == datetime(2020, 12, 8, tzinfo=UTC)
    assert [report.end.state for report in story.reports] == [CampaignState.LIVE]
    assert [len(person.not_sent) for person in story.people if person.person_id == KOFI] == [2]


def test_a_paused_campaign_is_resumed_in_the_copy_alone(app: App) -> None:
    campaigns.approve(app.desk, 1, who=WHO, now=BEGIN)
    campaigns.start(app.desk, 1, who=WHO, now=BEGIN)
    campaigns.pause(app.desk, 1, who=WHO, now=BEGIN)
    story = rehearse(app, 1, begin=BEGIN + timedelta(days=4), until=LAST_POST)
    assert story.done == ("Campaign 1 is paused: the rehearsal resumed it.",)
    assert [day for day, _ in reached(story, CLARA)] == ["07 09:00", "12 09:00", "14 09:00"]
    assert state_of(app) is CampaignState.PAUSED


def test_a_campaign_that_has_ended_or_that_nobody_knows_is_not_rehearsed(app: App) -> None:
    campaigns.close(app.desk, 1, who=WHO, now=BEGIN)
    with pytest.raises(NotAllowed, match="has ended"):
        rehearse(app, 1, begin=BEGIN)
    with pytest.raises(Trouble, match="does not exist"):
        rehearse(app, 7, begin=BEGIN)


def test_a_case_that_waits_for_an_answer_says_so(app: App) -> None:
    waiting = add_case(app, "rosa-quispe.toml", Supplied())
    with pytest.raises(NotAllowed, match="waits for an answer"):
        rehearse(app, waiting, begin=BEGIN)


def test_a_rehearsal_must_end_after_its_beginning(app: App) -> None:
    with pytest.raises(Trouble, match="end before it begins"):
        rehearse(app, 1, begin=BEGIN, until=date(2020, 11, 29))


def test_a_heartbeat_that_fails_ends_the_story(app: App) -> None:
    """Otherwise it would tell of a month in which nothing went, as if that were the plan."""

    def breaks(copy: App, now: datetime) -> None:
        copy.database.write(lambda connection: connection.execute(text("DROP TABLE wave")))

    with pytest.raises(Trouble, match="of the heartbeat failed"):
        rehearse(app, 1, begin=BEGIN, happenings=[(datetime(2020, 12, 5, 12, tzinfo=UTC), breaks)])


def test_the_story_names_people_by_number_and_no_link_opens_their_page(story: Story) -> None:
    told = "\n".join(story.text()) + json.dumps(story.to_json(), default=str)
    for personal in ("Clara", "Ellen", "Kofi", "@example", "+1310", "310 555"):
        assert personal not in told
    texts = {entry.says for entry in story.nudges if entry.channel is Channel.SMS}
    assert [text.endswith("https://re.example.org/s/…") for text in texts] == [True, True]
    assert "people 1, 2" in told


def test_the_text_tells_timeline_reasons_and_report(story: Story) -> None:
    lines = story.text()
    assert lines[0] == "Rehearsal of campaign 1, 1 Dec 2020 to 1 Jan 2021. Nothing was sent."
    assert "  Mon 14 Dec, 09:00 (London), email, the last day to post (campaign 1): person 1" in lines
    assert "  evidence of agreement is missing: 4 reminders, person 3, and got no other" in lines
    assert any(line.startswith("Report on campaign 1") for line in lines)


def test_the_office_hears_of_the_expiry(story: Story) -> None:
    reports = [entry for entry in story.entries if entry.kind is MessageKind.REPORT]
    assert reports[-1].at == datetime(2020, 12, 30, 12, tzinfo=UTC)
    assert "version 1, final" in reports[-1].says
