"""What was acted on is acted on once: whatever of it is told again, in any order and however late, changes nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from reminder.domain.consent import Leaving
from reminder.domain.replies import Wish
from reminder.domain.states import Channel, MessageKind
from reminder.events.inbox import deal_with
from reminder.events.parts import LEAVING_WAITS, OTHERS_WAIT
from reminder.events.replies import ANSWERED_WITHIN, NOT_WHOLE
from reminder.events.supporters import leave, take_letter_back
from reminder.providers.contract import Inbound
from reminder.store import hooks
from tests.databases import vault_for_tests
from tests.events.conftest import Ear
from tests.events.test_replies import MAIL, TEXT, answers, says, waiting, with_both
from tests.fakes.talking import inbound
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, address, phone

SECOND = timedelta(seconds=1)
# Whatever a reply can change; of the callbacks themselves only how far they got changes.
CHANGEABLE = (
    "subscriber",
    "subscription",
    "exclusion",
    "do_not_contact",
    "consent",
    "letter",
    "event",
    "inbox",
    "message",
    "batch",
    "reply_part",
    "reply_done",
)
STRANGER = "+447700900999"


def everything(ear: Ear) -> dict[str, list[tuple[Any, ...]]]:
    with ear.world.database.read() as connection:
        return {
            table: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))), key=repr)
            for table in CHANGEABLE
        }


def said_in_a_month(ear: Ear) -> list[Inbound]:
    """Somebody says all that one can say, and it is applied as it comes."""
    with_both(ear, "Clara", "Davi")
    own = phone("Clara")
    words = ["HELP", "done", "Is a postcard fine?", "Leave me alone", "STOP", "START", "JOIN", "¿qué?"]
    texts = [Inbound(TEXT, MORNING + n * MINUTE, own, "12345", word, f"p{n}") for n, word in enumerate(words)]
    mails = [
        Inbound(MAIL, MORNING + HOUR, address("Davi"), "l", "I wrote", "m1", in_reply_to=ear.wire_id("Davi")),
        Inbound(MAIL, MORNING + 2 * HOUR, address("Davi"), "l", "unsubscribe", "m2", headers={}),
    ]
    parts = [
        Inbound(TEXT, MORNING, own, "12345", word, "c1", part=(n, 2)) for n, word in enumerate(("Where", " to?"), 1)
    ]
    alone = [Inbound(TEXT, MORNING, own, "12345", "no more reminders pl", "c2", part=(1, 2))]
    strangers = [Inbound(TEXT, MORNING, STRANGER, "12345", word, word) for word in ("JOIN", "Who is this?", "STOP")]
    said = [*texts, *mails, *parts, *alone, *strangers]
    for each in said:
        ear.hear(inbound(each), at=max(each.at, MORNING))
    ear.replies.end_waiting(MORNING + 3 * HOUR)
    return said


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_replay_of_any_of_it_in_any_order_changes_nothing(ear: Ear, data: st.DataObject) -> None:
    if not ear.world.people:
        ear.said = said_in_a_month(ear)  # type: ignore[attr-defined]
    said, joined = ear.said, list(ear.joined)  # type: ignore[attr-defined]
    before = everything(ear)
    again = data.draw(st.lists(st.sampled_from(said), min_size=1, max_size=2 * len(said)))
    later = MORNING + ONE_DAY * data.draw(st.integers(1, 60))
    for number, each in enumerate(again):
        ear.replies.take(ear.provider.name, each, later + number * SECOND)
    ear.replies.end_waiting(later + 2 * ONE_DAY)
    assert everything(ear) == before
    assert ear.joined == joined


def test_events_replay_changes_nothing(ear: Ear) -> None:
    said_in_a_month(ear)
    before = everything(ear)
    ear.world.database.write(lambda connection: hooks.again(connection, since=MORNING - ONE_DAY))
    assert ear.callbacks.apply_waiting(MORNING + 30 * ONE_DAY).replies > 10
    assert everything(ear) == before


def test_what_was_taken_back_is_not_said_again_by_a_replay(ear: Ear) -> None:
    with_both(ear, "Clara")
    wrote = says("Clara", "done")
    ear.hear(wrote)
    take_letter_back(ear.world.database, ear.world.campaigns["A"], ear.world.people["Clara"], MORNING + MINUTE)
    ear.hear(wrote, at=MORNING + HOUR)
    assert ear.world.one("SELECT count(*) FROM letter") == 0


def test_what_an_erased_person_wrote_does_not_come_back(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Is a postcard fine?"))
    leave(ear.world.database, Leaving.ERASE, ear.world.people["Clara"], MORNING + MINUTE)
    ear.hear(says("Clara", "Is a postcard fine?"), at=MORNING + HOUR)
    assert waiting(ear) == []


@pytest.mark.parametrize("word", ["STOP", "Leave me alone"])
def test_what_she_said_before_she_came_back_is_told_late_and_changes_nothing(ear: Ear, word: str) -> None:
    """The mailbox was not read for a week: there is no mark, but the yes came after it."""
    with_both(ear, "Clara")
    ear.hear(says("Clara", "STOP", provider_id="p1"))
    ear.hear(says("Clara", "START", provider_id="p2", at=MORNING + ONE_DAY), at=MORNING + ONE_DAY)
    queued = len(answers(ear))
    ear.hear(says("Clara", word, provider_id="p3", at=MORNING + HOUR), at=MORNING + 2 * ONE_DAY)
    assert ear.closed() == []
    assert ear.world.one("SELECT paused_until FROM subscriber") is None
    assert len(answers(ear)) == queued, "she is not told that she left"


def test_the_act_bears_to_be_done_again_where_the_mark_was_not_set_any_more(ear: Ear) -> None:
    """Killed between the two."""
    said = said_in_a_month(ear)
    ignored = {"reply_done", "reply_part"}
    before = {table: rows for table, rows in everything(ear).items() if table not in ignored}
    ear.world.run("DELETE FROM reply_done")
    for each in said:
        if each.text not in {"START", "JOIN"}:  # they were answered by what came after them
            ear.replies.take(ear.provider.name, each, MORNING + 3 * HOUR)
    after = {table: rows for table, rows in everything(ear).items() if table not in ignored}
    assert {table: len(rows) for table, rows in after.items()} == {table: len(rows) for table, rows in before.items()}
    assert after["message"] == before["message"]


def test_an_old_question_is_not_answered(ear: Ear) -> None:
    with_both(ear, "Clara")
    late = MORNING + ANSWERED_WITHIN + SECOND
    ear.hear(says("Clara", "HELP", provider_id="p1"), at=late)
    ear.hear(says("Clara", "JOIN", provider_id="p2"), at=late)
    assert (answers(ear), ear.joined) == ([], [])
    assert [text for text, _, _ in waiting(ear)] == ["JOIN"]


def test_a_letter_counts_when_she_said_so(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "done"), at=MORNING + 10 * ONE_DAY)
    [letter] = ear.world.rows("SELECT at, late FROM letter")
    assert (letter.at, bool(letter.late)) == (int(MORNING.timestamp()), False)


# Parts of long texts


def part(text: str, no: int, of: int = 2, at: datetime = MORNING) -> dict[str, Any]:
    return says("Clara", text, part=(no, of), provider_id="c1", at=at)


def test_a_text_of_which_a_part_never_comes_is_shown_to_the_office_after_a_day(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(part("Where", 1, 3), part(" post it?", 3, 3))
    assert ear.replies.end_waiting(MORNING + OTHERS_WAIT - SECOND) == 0
    assert ear.replies.end_waiting(MORNING + OTHERS_WAIT) == 1
    assert waiting(ear) == [(f"{NOT_WHOLE}\nWhere […]  post it?", Wish.OTHER, None)]
    assert ear.replies.end_waiting(MORNING + 2 * OTHERS_WAIT) == 0
    [row] = ear.world.rows("SELECT subscriber_id FROM inbox")
    assert row.subscriber_id == ear.world.people["Clara"]


@pytest.mark.parametrize("words", ["how did you get my number? leave me alo", "STOP"])
def test_who_seems_to_want_to_leave_in_the_part_that_came_gets_nothing_until_it_is_read(ear: Ear, words: str) -> None:
    with_both(ear, "Clara")
    ear.hear(part(words, 2))
    assert ear.replies.end_waiting(MORNING + LEAVING_WAITS - SECOND) == 0
    assert ear.replies.end_waiting(MORNING + LEAVING_WAITS + SECOND) == 1
    [(shown, what, due_on)] = waiting(ear)
    assert (words in shown, what, due_on is not None) == (True, Wish.SOUNDS_LIKE_LEAVING, True)
    assert ear.world.one("SELECT paused_until FROM subscriber") is not None
    deal_with(ear.world.database, vault_for_tests(), 1, MORNING + HOUR, leaves=True)
    assert ear.closed() == ["opted out"]


def test_a_stop_that_the_provider_took_waits_for_no_other_part(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear({**part("STOP all of", 1), "handled": Leaving.STOP})
    assert ear.closed() == ["stop"]


def test_a_part_that_is_told_again_after_the_text_was_whole_begins_no_other(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(part("Where", 1), part(" to?", 2))
    ear.hear(part("Where", 1), at=MORNING + MINUTE)
    assert ear.replies.end_waiting(MORNING + 2 * OTHERS_WAIT) == 0
    assert [text for text, _, _ in waiting(ear)] == ["Where to?"]


def test_parts_that_wait_can_be_read_by_nobody_else(ear: Ear) -> None:
    ear.hear(part("Where", 1))
    [row] = ear.world.rows("SELECT part_ct FROM reply_part")
    assert b"Where" not in bytes(row.part_ct)
    assert phone("Clara").encode() not in bytes(row.part_ct)


def test_every_kind_of_reply_was_said(ear: Ear) -> None:
    """Else the replay proves little."""
    said_in_a_month(ear)
    kinds = ear.world.one("SELECT count(*) FROM message WHERE kind = :kind", kind=int(MessageKind.ANSWER))
    assert kinds > 3
    assert ear.closed() == ["left", "stop"]
    assert len(ear.joined) == 2
    assert ear.world.one("SELECT count(*) FROM letter") == 2
    assert ear.world.one("SELECT count(*) FROM inbox") > 4
    assert ear.world.one("SELECT count(*) FROM reply_part") == 0
    assert {Channel.EMAIL, Channel.SMS} == {MAIL, TEXT}
