"""After the texts of a case were removed no message carries its words any more, and no table keeps them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import text

from reminder.domain.states import CampaignState, Channel, MessageKind
from reminder.intake.cases import outcome, redact
from reminder.outbox.notes import queue_closing, queue_stop_note
from reminder.providers.contract import Call, Capabilities
from reminder.reporting.expiry import report_expired
from reminder.reporting.office import office_reminders
from reminder.store.columns import ordinal
from reminder.store.database import Connection, Database
from reminder.store.queueing import Addressee, at_once, organisers, queue
from reminder.store.tables import Organiser
from tests.databases import vault_for_tests
from tests.fakes.scripted import Scripted
from tests.outbox.world import HOUR, LONDON, MORNING, ONE_DAY, World, address, no_zones

T = TypeVar("T")
CODE = "k3x7qa"
NAME = "Nagyz"
ENDED = MORNING + 8 * ONE_DAY + 3 * HOUR
OFFICE = "office@example.org"
MORE: Any = {"zones_of": no_zones, "email_margin": HOUR}


@pytest.fixture
def ended(world: World) -> World:
    """An appeal that has expired, of which everything that people may type names the person."""
    for name in ("Clara", "Davi"):
        world.person(name, tell_outcome=True, closing_note=True)
    world.scene().open(MORNING)
    world.send(Scripted())
    world.set_campaign(state=CampaignState.EXPIRED, ended_at=ENDED, report_due_at=ENDED, started_on=MORNING.date())
    words = {"title": f"Free {NAME}", "deadline_because": f"{NAME}'s page", "stopped_because": f"{NAME} asked"}
    world.run(f"UPDATE casefile SET code = '{CODE}', " + ", ".join(f"{name} = :{name}" for name in words), **words)
    ct, digest = vault_for_tests().encrypt(OFFICE, b"email"), b"o" * 16
    world.add(Organiser, email_ct=ct, email_hash=digest, since=MORNING)
    world.clock.move_to(ENDED)
    how_it_ended(world, f"{NAME} is free.")
    return world


def how_it_ended(world: World, words: str) -> int:
    """Keep and queue how it ended; how many will be told."""
    outcome(world.database, vault_for_tests(), CODE, words, "clara", ENDED)
    return queue_closing(world.database, world.campaigns["A"], ENDED, outcome=True, **MORE)


def remove(world: World) -> int:
    return redact(world.database, vault_for_tests(), CODE, "clara", world.clock.now()).under_way


def words_of(call: Call) -> str:
    return f"{call.content.subject} {call.content.text} {call.content.html} {call.content.mime}"


def sent(world: World, provider: Scripted | None = None) -> list[tuple[list[str], bool]]:
    """Who got each call, and whether it names the person."""
    provider = provider or Scripted()
    world.send(provider)
    return [(sorted(r.address for r in call.recipients), NAME in words_of(call)) for call in provider.calls]


def everything(world: World) -> str:
    """All that the tables hold in plain sight."""
    tables = ("casefile", "document", "campaign", "content", "case_key", "report", "message", "batch")
    with world.database.read() as connection:
        return " ".join(
            str(tuple(row)) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}"))
        )


def waiting_reports(world: World) -> None:
    """A report and the lists of a Monday wait to be mailed."""
    assert len(report_expired(world.database, ENDED)) == 1
    world.run("UPDATE instance SET created_at = 0, monday_on = NULL, morning_on = NULL")
    world.run("UPDATE casefile SET questions = :asked", asked=f'[{{"code": "ended", "question": "Is {NAME} free?"}}]')
    assert len(office_reminders(world.database, ENDED, LONDON)) == 2


def test_nothing_that_waits_or_was_reported_keeps_a_name(ended: World) -> None:
    waiting_reports(ended)
    assert NAME in everything(ended)
    remove(ended)
    assert NAME not in everything(ended)
    assert sent(ended) == [([OFFICE], False)] * 3


def test_a_report_that_waits_still_tells_the_figures(ended: World) -> None:
    report_expired(ended.database, ENDED)
    remove(ended)
    provider = Scripted()
    ended.send(provider)
    assert "People reminded" in words_of(provider.calls[0])
    assert ended.one("SELECT count(*) FROM report") == 1


def test_how_it_ended_is_taken_back_and_may_be_told_in_other_words(ended: World) -> None:
    remove(ended)
    assert sent(ended) == []
    assert how_it_ended(ended, "It ended well.") == 2
    assert sent(ended) == [([address("Clara"), address("Davi")], False)]


def test_a_closing_note_and_a_test_are_taken_back_and_the_note_after_a_stop_goes(ended: World) -> None:
    campaign = ended.campaigns["A"]
    queue_closing(ended.database, campaign, ENDED, outcome=False, **MORE)
    queue_stop_note(ended.database, campaign, ENDED, **MORE)
    queue_test(ended)
    remove(ended)
    assert sent(ended) == [([address("Clara"), address("Davi")], False)]
    assert {line.split(": ")[1] for line in ended.messages(MessageKind.NOTE)} == {"accepted"}


def queue_test(world: World) -> None:
    items = [[world.campaigns["A"], "test", ordinal(ENDED.date()), int(Channel.EMAIL)]]
    kind = MessageKind.TEST
    world.database.write(
        lambda c: queue(c, kind, organisers(c), dedupe="t", items=items, when=at_once(kind, ENDED), now=ENDED)
    )


def one_by_one(world: World) -> Scripted:
    """A provider that takes one message a call; while the first is under way, the texts are removed."""
    provider = Scripted(capabilities=Capabilities(batch_size=1, volley=1, real=False))
    provider.before = lambda call: remove(world) if len(provider.calls) == 1 else None
    return provider


def test_a_note_that_is_being_sent_ends_after_the_call_under_way(ended: World) -> None:
    assert len(sent(ended, one_by_one(ended))) == 1
    lines = sorted(line.split(": ")[1] for line in ended.messages(MessageKind.CLOSING))
    assert lines == ["accepted", "cancelled, document changed"]


def test_a_mail_to_the_office_that_is_being_sent_goes_on_without_the_name(ended: World) -> None:
    ct = vault_for_tests().encrypt("second@example.org", b"email")
    ended.add(Organiser, email_ct=ct, email_hash=b"p" * 16, since=MORNING)
    ended.run("DELETE FROM message WHERE kind = 2")
    report_expired(ended.database, ENDED)
    assert [names for _, names in sent(ended, one_by_one(ended))] == [True, False]
    assert ended.one("SELECT count(*) FROM message WHERE kind = 5 AND state = 2") == 2


class RemovedBeforeWriting(Database):
    """The world's database, in which the texts are removed between what a service reads and what it writes."""

    def __init__(self, world: World) -> None:
        super().__init__(world.database.url.render_as_string(hide_password=False))
        self.world, self.removed = world, False

    def write(self, work: Callable[[Connection], T]) -> T:
        if not self.removed:
            self.removed = True
            remove(self.world)
        return super().write(work)


def test_what_was_read_before_the_removal_is_not_kept_after_it(ended: World) -> None:
    ended.run("UPDATE instance SET created_at = 0, monday_on = NULL")
    makers: list[Callable[[Database], object]] = [
        lambda database: report_expired(database, ENDED),
        lambda database: office_reminders(database, ENDED, LONDON),
    ]
    for make in makers:
        ended.run("UPDATE casefile SET title = :title", title=f"Free {NAME}")
        interrupted = RemovedBeforeWriting(ended)
        try:
            assert make(interrupted) == []
        finally:
            interrupted.close()
        assert NAME not in everything(ended)
        assert make(ended.database)
        ended.clock.move_to(ended.clock.now() + timedelta(minutes=1))


def test_the_words_of_other_cases_stay(ended: World) -> None:
    ended.campaign("B")
    ended.run("UPDATE casefile SET title = 'Free Olga' WHERE code = 'codeB'")
    ended.run("UPDATE document SET read = '{}' WHERE digest = :digest", digest=b"B")
    ended.set_campaign("B", state=CampaignState.EXPIRED, ended_at=ENDED, report_due_at=ENDED)
    assert len(report_expired(ended.database, ENDED)) == 2
    remove(ended)
    assert (everything(ended).count("Free Olga"), NAME in everything(ended)) == (3, False)


def test_a_mail_tells_nothing_of_supporters_who_are_only_queued_for(ended: World) -> None:
    to = [Addressee(ended.people["Clara"], Channel.EMAIL, "en", 1)]
    kind, payload = MessageKind.CONFIRMATION, {"wording": "Yes, remind me."}
    ended.database.write(
        lambda c: queue(c, kind, to, dedupe="c", payload=payload, when=at_once(kind, ENDED), now=ENDED)
    )
    remove(ended)
    assert sent(ended) == [([address("Clara")], False)]
