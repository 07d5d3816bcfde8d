"""The forms of a report: a terminal, a spreadsheet, a page, a mail."""

import csv
import io
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from reminder.domain.states import CampaignState, Channel, DeliveryState, MessageState, Reason, Result, WaveState
from reminder.rendering.templates import Templates, default_template_folder
from reminder.rendering.views import Table
from reminder.reporting.forms import as_csv, as_text
from reminder.reporting.make import make_report
from reminder.reporting.outline import A_CLAIM, AFTER, PROTECTED, Outline, outline
from reminder.reporting.report import Report
from reminder.reporting.show import Form, report_as, show_report
from reminder.reporting.words import step_words
from reminder.store.database import Database
from tests.reporting.world import ENDED, START, World, world

NOW = ENDED + timedelta(minutes=1)
TEMPLATES = Templates([default_template_folder()])
# What the software does is never told in these words, since they mean something else beside a prisoner's name.
FRIGHTENING = re.compile(
    r"(?i)\b(?:releas\w*|held|kill\w*|poison\w*|execut\w*|suppress\w*|ambiguous|waves?|ladders?)\b"
)
FORMS: list[Form] = ["text", "json", "csv", "html"]


@pytest.fixture
def report(sqlite_database: Database) -> Report:
    """A report in which every part has something to say."""
    appeal = world(sqlite_database)
    appeal.promise("Clara", result=Result.DELIVERED)
    appeal.promise("Clara", "deadline-7d", channel=Channel.SMS)
    appeal.promise("Davi", result=Result.BOUNCED)
    appeal.promise("Ellen", state=DeliveryState.DUE, message=MessageState.AMBIGUOUS)
    appeal.promise("Farid", state=DeliveryState.SKIPPED, reason=Reason.WEEKLY_LIMIT, message=None)
    appeal.promise("Grace", state=DeliveryState.SKIPPED, reason=Reason.GAVE_UP, message=MessageState.REJECTED)
    appeal.promise("Bikash", state=DeliveryState.SET_ASIDE, reason=Reason.NOT_BUILT, message=None)
    appeal.promise("Aigerim", state=DeliveryState.MISSED, reason=Reason.TOO_LATE, message=None)
    appeal.add_wave(WaveState.SUPERSEDED, 4)
    appeal.wrote("Clara")
    appeal.wrote("Davi", late=True)
    appeal.left("Davi", START + timedelta(days=3))
    appeal.run("UPDATE casefile SET outcome = 'moved to a hospital', outcome_at = :at", at=int(START.timestamp()))
    return make_report(sqlite_database, appeal.campaign_id, NOW)


def table(shown: Outline, title: str) -> Table:
    return next(each for each in shown.tables if each.title == title)


def test_the_ledger_is_told_line_by_line_and_adds_up(report: Report) -> None:
    rows = dict(table(outline(report), "What became of each reminder").rows)
    assert rows.pop("together") == "8"
    assert {name: count for name, count in rows.items() if count != "0"} == {
        "delivered": "1",
        "accepted by the provider, no word since": "1",
        "bounced": "1",
        "unclear: may have arrived": "1",
        "too late, not sent": "1",
        "skipped: weekly limit": "1",
        "skipped: given up by an organiser": "1",
        "set aside: could not be built": "1",
    }
    assert sum(map(int, rows.values())) == 8


def test_what_an_organiser_must_know_stands_in_the_notes(report: Report) -> None:
    notes = outline(report.as_version(1, final=False)).notes
    assert {PROTECTED, A_CLAIM, AFTER} <= set(notes)
    number = report.unclear_messages[0]
    assert f"Unclear, by number of the message: {number}. Decide with `reminder messages decide`." in notes
    assert "Still open when this report was made: 1 reminder is unclear: may have arrived." in notes
    assert "Another version follows when that is settled, or three days after the end." in notes


def test_the_last_version_says_that_it_is(report: Report) -> None:
    notes = outline(report.as_version(2, final=True)).notes
    assert "This version is the last: three days after the end the rest is left as it is." in notes


def test_no_line_of_a_report_is_wider_than_a_terminal(report: Report) -> None:
    text = report_as(report, "text", TEMPLATES)
    assert max(map(len, text.splitlines())) <= 80
    assert "People reminded     2\n" in text
    assert "Deadline            Tuesday 29 December 2020, that whole day included\n" in text


def test_long_and_wide_words_do_not_break_the_lines_of_a_table() -> None:
    rows = (("习近平" * 30, "a" * 200, "12"), ("e\u0301" * 90, "one two three " * 9, "not shown"))
    text = as_text(Outline("s", "h", (("fact", "字" * 90),), (Table("t", ("a", "b", "n"), rows),), ()))
    wide = {
        sum(2 if "\u4e00" <= c <= "\u9fff" else 0 if c == "\u0301" else 1 for c in line) for line in text.splitlines()
    }
    assert max(wide) <= 80


def test_a_spreadsheet_runs_no_cell_of_a_document(sqlite_database: Database) -> None:
    appeal = world(sqlite_database)
    appeal.run("UPDATE casefile SET title = '=HYPERLINK(\"http://example.net\")'")
    written = show_report(sqlite_database, appeal.campaign_id, NOW, "csv", TEMPLATES)
    cells = [cell for row in csv.reader(io.StringIO(written)) for cell in row]
    assert '\'=HYPERLINK("http://example.net")' in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_counts_in_a_spreadsheet_are_numbers() -> None:
    written = as_csv(
        Outline("s", "h", (), (Table("t", ("", "People"), (("all", "1,234"), ("some", "fewer than 10"))),), ())
    )
    assert [row[3] for row in csv.reader(io.StringIO(written))] == ["value", "1234", "fewer than 10"]


class Page(HTMLParser):
    """Collects what a page would fetch or run, and whether its elements are closed in order."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag in {"script", "link", "img", "iframe", "object", "embed"} or {"src", "href", "style"} & names.keys():
            self.fetched.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_fetches_nothing_and_runs_nothing(report: Report) -> None:
    page = Page()
    written = report_as(report, "html", TEMPLATES)
    page.feed(written)
    assert (page.fetched, page.open) == ([], [])
    assert "url(" not in written
    assert "@import" not in written


def test_what_a_document_says_cannot_become_part_of_the_page(sqlite_database: Database) -> None:
    appeal = world(sqlite_database)
    appeal.run("UPDATE casefile SET title = '<script>alert(1)</script>'")
    written = show_report(sqlite_database, appeal.campaign_id, NOW, "html", TEMPLATES)
    assert "<script" not in written
    assert "&lt;script&gt;" in written


def test_the_bars_of_a_page_are_as_long_as_their_counts(report: Report) -> None:
    written = report_as(report, "html", TEMPLATES)
    bars = re.findall(r'<rect x="([\d.]+)" y="0" width="([\d.]+)" height="16" class="(\w+)"><title>(\d+)', written)
    assert [(kind, count) for _, _, kind, count in bars] == [
        ("reached", "1"), ("failed", "1"), ("unclear", "1"), ("unsent", "4"), ("reached", "1"), ("unsent", "4"),
    ]  # fmt: skip
    lengths = [float(length) for _, length, _, _ in bars]
    assert sum(lengths[:4]) == pytest.approx(100, abs=0.05)
    assert lengths[3] / lengths[0] == pytest.approx(4, abs=0.01)


def test_the_deadline_stands_behind_the_steps_before_it(report: Report) -> None:
    written = report_as(report, "html", TEMPLATES)
    assert written.index("7 days before the deadline") < written.index('class="row deadline"')
    assert "29 Dec 2020" in written[written.index('class="row deadline"') :]


def test_the_subject_of_the_mail_tells_nothing_of_the_case(report: Report) -> None:
    payload: dict[str, Any] = outline(report.as_version(2, final=True)).payload()
    assert payload["subject"] == f"Report on campaign {report.campaign_id}: version 2, final"
    assert ["Title", "Writer sentenced for a poem"] in payload["facts"]
    assert all(len(row) == len(each["header"]) for each in payload["tables"] for row in each["rows"])


@pytest.mark.parametrize("form", FORMS)
def test_no_form_says_a_word_that_frightens(report: Report, form: Form) -> None:
    assert FRIGHTENING.findall(report_as(report, form, TEMPLATES)) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_campaign_that_did_nothing_yet_has_a_report_in_every_form(sqlite_database: Database, form: Form) -> None:
    appeal = World(sqlite_database)
    appeal.case_id = appeal.add_case(deadline_on=None)
    appeal.campaign_id = appeal.add_campaign(
        appeal.case_id,
        state=CampaignState.DRAFT,
        deadline_on=None,
        expires_at=None,
        ended_at=None,
        report_due_at=None,
        started_on=None,
    )
    appeal.run("DELETE FROM step")
    assert "draft" in show_report(sqlite_database, appeal.campaign_id, NOW, form, TEMPLATES).lower()


STEPS = {
    "start+0d": "start",
    "half+0d": "half-time",
    "post-by-2d": "2 days before the last day to post",
    "post-by+0d": "the last day to post",
    "deadline-1d": "1 day before the deadline",
    "deadline-0d": "the last morning",
    "update-2+0d": "new letter",
    "hearing-7d": "7 days before the hearing",
    "hearing+0d": "on the day of the hearing",
    "something else": "something else",
}


@pytest.mark.parametrize(("key", "words"), STEPS.items())
def test_a_step_is_told_as_people_say_it(key: str, words: str) -> None:
    assert step_words(key) == words
