"""The demo's real output, read back from the files it leaves: what went to whom, and what must never go."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from reminder.demo.cast import DEEDS
from reminder.demo.play import play
from reminder.demo.saying import WIDTH, closing_lines, lines
from reminder.demo.stage import Shown, fresh
from reminder.domain.states import CampaignState, Channel, MessageKind, Reason
from reminder.errors import Trouble
from reminder.rehearsal.story import OFFICE_KINDS, Entry
from tests.repository import ROOT

ZONES = {
    "Asia/Almaty",
    "Asia/Kathmandu",
    "Europe/London",
    "America/Sao_Paulo",
    "America/Los_Angeles",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
    "Asia/Shanghai",
}
DEADLINES = {1: date(2020, 12, 29), 2: date(2020, 12, 18)}
LAST_POST = date(2020, 12, 14)
OFFICE = "office@example.org"


@dataclass(frozen=True)
class Got:
    """A message as it lies in the folder, beside what the ledger says of it."""

    entry: Entry
    name: str
    to: str
    at: datetime
    body: str

    @property
    def day(self) -> date:
        return self.at.date()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return play(tmp_path_factory.mktemp("somewhere") / "demo")


def everything(shown: Shown) -> Iterator[Got]:
    for entry in shown.story.entries:
        path = shown.folder / "messages" / entry.file
        name = "" if entry.kind in OFFICE_KINDS else shown.cast.name(entry.person_id)
        if entry.channel is Channel.SMS:
            head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
            yield Got(entry, name, head.rpartition("To: ")[2], entry.local, body)
            continue
        with path.open("rb") as file:
            mail = BytesParser(policy=policy.default).parse(file)
        assert isinstance(mail, EmailMessage)
        body = "".join(str(part.get_content()) for part in mail.walk() if not part.is_multipart())
        yield Got(entry, name, str(mail["To"]), mail["Date"].datetime.astimezone(ZoneInfo(entry.zone)), body)


@pytest.fixture(scope="module")
def messages(shown: Shown) -> list[Got]:
    return list(everything(shown))


@pytest.fixture(scope="module")
def nudges(messages: list[Got]) -> list[Got]:
    return [got for got in messages if got.entry.kind is MessageKind.NUDGE]


def speaks_of(got: Got) -> set[int]:
    """The campaigns that a message asks to write for, by the links in a mail; a text has none, the ledger says it."""
    if got.entry.channel is Channel.SMS:
        return {campaign_id for campaign_id, _ in got.entry.steps}
    found = {1} if "No 380, Huanghe lu" in got.body else set()
    return found | ({2} if "Plaza de la Muestra" in got.body else set())


def test_every_message_in_the_folders_is_in_the_story_and_nothing_else(shown: Shown, messages: list[Got]) -> None:
    folder = shown.folder / "messages"
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/*") if path.suffix in {".eml", ".txt"}}
    assert files == {got.entry.file for got in messages}
    assert len(files) == shown.story.messages


def test_people_in_at_least_eight_zones_get_reminders_by_email_and_by_text(nudges: list[Got]) -> None:
    assert {got.entry.zone for got in nudges} >= ZONES
    ways: dict[str, set[Channel]] = {}
    for got in nudges:
        ways.setdefault(got.name, set()).add(got.entry.channel)
    assert ways["Bikash"] == {Channel.SMS}
    assert ways["Clara"] == ways["Ellen"] == ways["Ivo"] == {Channel.EMAIL, Channel.SMS}
    assert ways["Grace"] == {Channel.EMAIL}


def test_every_reminder_comes_at_nine_where_its_reader_lives(nudges: list[Got]) -> None:
    assert {(got.name, f"{got.at:%H:%M}") for got in nudges} == {(got.name, "09:00") for got in nudges}


def test_nobody_gets_two_reminders_on_one_local_day(nudges: list[Got]) -> None:
    assert [key for key, count in Counter((got.name, got.day) for got in nudges).items() if count > 1] == []


def test_nobody_gets_more_than_two_reminders_a_week_but_for_the_last_useful_ones(nudges: list[Got]) -> None:
    last = {(1, "post-by+0d"), (2, "deadline-0d")}
    for got in nudges:
        week = [
            other for other in nudges if other.name == got.name and got.day - timedelta(days=7) < other.day < got.day
        ]
        limit = 1 if got.name == "Farid" else 2
        assert len(week) < limit or last & set(got.entry.steps), (got.name, got.day)


def test_nothing_on_28_december_asks_anybody_to_post_a_letter(messages: list[Got]) -> None:
    on_that_day = [got for got in messages if got.day == date(2020, 12, 28)]
    assert {got.to for got in on_that_day} <= {OFFICE}
    assert not [got for got in on_that_day if "post your letter" in got.body]


def test_after_the_last_day_to_post_nothing_asks_to_write_to_a_target_with_a_postal_address_alone(
    nudges: list[Got],
) -> None:
    assert max(got.day for got in nudges if 1 in speaks_of(got)) == LAST_POST


def test_nothing_is_asked_after_the_date_and_the_last_morning_is_used(nudges: list[Got]) -> None:
    for campaign_id, deadline in DEADLINES.items():
        assert all(got.day <= deadline for got in nudges if campaign_id in speaks_of(got))
    assert {got.name for got in nudges if 2 in speaks_of(got) and got.day == DEADLINES[2]} >= {"Ellen", "Grace", "Jun"}


def test_nothing_comes_after_somebody_has_left(messages: list[Got]) -> None:
    mine = [got.at for got in messages if got.name == "Hana"]
    assert mine
    assert max(mine) < DEEDS["Hana"].at


WROTE = {"Ivo": 1, "Clara": 1, "Davi": 2}


@pytest.mark.parametrize(("name", "campaign_id"), WROTE.items(), ids=WROTE.keys())
def test_who_has_written_is_asked_no_more_for_that_appeal(nudges: list[Got], name: str, campaign_id: int) -> None:
    mine = [got for got in nudges if got.name == name]
    assert [got for got in mine if campaign_id in speaks_of(got) and got.at > DEEDS[name].at] == []
    assert [got for got in mine if campaign_id in speaks_of(got)]
    assert [got for got in mine if campaign_id not in speaks_of(got) and got.at > DEEDS[name].at] or name == "Davi"


def test_who_joins_late_gets_what_comes_then_and_nothing_of_before(messages: list[Got]) -> None:
    mine = [(got.day, got.entry.kind) for got in messages if got.name == "Jun"]
    assert mine[0] == (date(2020, 12, 10), MessageKind.CONFIRMATION)
    assert {kind for _, kind in mine[1:]} == {MessageKind.NUDGE}
    assert min(day for day, _ in mine[1:]) == date(2020, 12, 11)


def test_the_others_on_the_list_get_nothing_for_the_right_reason(shown: Shown, messages: list[Got]) -> None:
    assert {got.name for got in messages} & {"Kofi", "Otto"} == set()
    assert shown.imported.closed == 1
    reasons = {
        shown.cast.name(person.person_id): {each.reason for each in person.not_sent} for person in shown.story.people
    }
    assert reasons["Kofi"] == {Reason.WAITS_FOR_EVIDENCE}
    assert Reason.COUNTRY_LEFT_OUT in reasons["Lucía"]
    assert Reason.WEEKLY_LIMIT in reasons["Farid"]
    assert {campaign_id for got in messages if got.name == "Lucía" for campaign_id in speaks_of(got)} == {2}


def test_two_appeals_that_begin_on_one_day_come_in_one_message(nudges: list[Got]) -> None:
    first = {got.name: speaks_of(got) for got in reversed(nudges)}
    assert first["Clara"] == first["Noor"] == first["Grace"] == {1, 2}


def test_what_stands_on_a_locked_screen_names_nobody(nudges: list[Got]) -> None:
    named = re.compile(r"Nagyz|Muhammed|Kazakh|China|Urumqi|Rosa|Quispe|Peru", re.IGNORECASE)
    assert [got.entry.file for got in nudges if named.search(got.entry.says)] == []


def test_the_office_is_told_of_both_expiries(shown: Shown, messages: list[Got]) -> None:
    assert [report.end.state for report in shown.story.reports] == [CampaignState.EXPIRED, CampaignState.EXPIRED]
    told = [got.entry.says for got in messages if got.to == OFFICE and got.entry.kind is MessageKind.REPORT]
    assert [f"Report on campaign {number}: version 1, final" in told for number in (1, 2)] == [True, True]
    assert not [got for got in messages if got.entry.kind is MessageKind.ALERT]


def test_it_prints_the_whole_story_in_at_most_sixty_lines(shown: Shown) -> None:
    printed = [*lines(shown), "", *closing_lines(shown)]
    assert len(printed) <= 60
    assert max(map(len, printed)) <= WIDTH
    together = "\n".join(printed)
    for said in ("29", "Almaty", "Hana left", "weekly limit", "11 people reminded", "make run", "index.html"):
        assert said in together
    assert not re.search(r"@|\+\d{6}", together)


class Page(HTMLParser):
    """The tags of a page, and whatever they point at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.points_at: list[str] = []
        self.frames: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.points_at += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]
        if tag == "iframe":
            self.frames.append(dict(attrs))


def test_the_page_stands_alone_and_its_frames_may_do_nothing(shown: Shown, messages: list[Got]) -> None:
    text = (shown.folder / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.points_at == []
    assert page.tags["script"] == 0
    assert "url(" not in text.partition("</style>")[0]
    assert "@import" not in text
    assert {frame["sandbox"] for frame in page.frames} == {""}
    subjects = {got.entry.says for got in messages if got.entry.channel is Channel.EMAIL}
    assert {frame["title"] for frame in page.frames} == subjects
    assert all("</html>" in (frame["srcdoc"] or "") for frame in page.frames)


def test_the_page_shows_each_text_with_its_segments(shown: Shown, messages: list[Got]) -> None:
    page = (shown.folder / "index.html").read_text(encoding="utf-8")
    texts = {got.entry.local.replace(tzinfo=None): got for got in messages if got.entry.channel is Channel.SMS}
    assert len(texts) == page.count('class="bubble"') == page.count("1 segment, GSM-7")


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    command = [sys.executable, "-m", "reminder.demo", str(tmp_path)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "holds something that no demo made" in answer.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_last_demo_makes_room_for_the_next(tmp_path: Path) -> None:
    (tmp_path / "demo" / "messages").mkdir(parents=True)
    (tmp_path / "demo" / "index.html").write_text("old")
    assert list(fresh(tmp_path / "demo").iterdir()) == []


def test_a_folder_is_made_where_there_is_none_but_a_file_is_not_replaced(tmp_path: Path) -> None:
    assert fresh(tmp_path / "a" / "demo").is_dir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(Trouble, match="no demo made"):
        fresh(tmp_path / "file")
