"""What somebody writes to us: STOP, DONE and the like are acted on at once, the rest is for a person to read."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from time import process_time
from typing import Any

import pytest

from reminder.domain.consent import Leaving
from reminder.domain.replies import Wish
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.events.inbox import deal_with
from reminder.events.replies import Replies, after_working_days, new_text
from reminder.events.supporters import leave
from reminder.providers.contract import Inbound
from reminder.store import hooks, inbox
from tests.databases import vault_for_tests
from tests.events.conftest import Ear
from tests.fakes.talking import Talking, callback, inbound
from tests.outbox.world import EPOCH, MINUTE, MORNING, ONE_DAY, address, phone

MAIL, TEXT = Channel.EMAIL, Channel.SMS


def says(name: str, text: str, channel: Channel = TEXT, **more: Any) -> dict[str, Any]:
    sender = phone(name) if channel is TEXT else address(name)
    return inbound(Inbound(channel, more.pop("at", MORNING), sender, "12345", text, **{"provider_id": "p1", **more}))


def with_both(ear: Ear, *names: str) -> Ear:
    """Supporters with both channels, reminded this morning by email."""
    for name in names:
        ear.world.person(name, sms=True)
    ear.world.scene().open(MORNING)
    ear.world.send(ear.provider)
    return ear


def answers(ear: Ear) -> list[Any]:
    """Each answer that is queued: whose, by which channel, what it says."""
    rows = ear.world.rows(
        "SELECT m.subscriber_id, m.channel, c.payload FROM message m JOIN batch b ON b.id = m.batch_id"
        " JOIN content c ON c.id = b.content_id WHERE m.kind = :kind",
        kind=int(MessageKind.ANSWER),
    )
    return sorted(f"{ear.world.names()[row.subscriber_id]} {Channel(row.channel).name} {row.payload}" for row in rows)


def waiting(ear: Ear) -> list[tuple[str, str, date | None]]:
    with ear.world.database.read() as connection:
        return [
            (vault_for_tests().decrypt(reply.text_ct, b"reply"), reply.what, reply.due_on)
            for reply in inbox.open_replies(connection)
        ]


def test_stop_ends_texts_and_says_what_still_comes(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Stop please!"))
    assert ear.closed() == ["stop"]
    [answer] = answers(ear)
    assert "Clara SMS" in answer
    assert "left_sms" in answer
    assert '"email"' in answer or "'email'" in answer


def test_stop_told_twice_is_answered_once(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "STOP"))
    ear.hear(says("Clara", "STOP"), at=MORNING + MINUTE)
    assert len(answers(ear)) == 1


def test_a_stop_that_the_provider_has_answered_is_not_answered_again(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Basta", handled=Leaving.STOP))
    assert ear.closed() == ["stop"]
    assert answers(ear) == []


def test_stop_from_a_number_that_nobody_has_is_kept_all_the_same(ear: Ear) -> None:
    ear.hear(inbound(Inbound(TEXT, MORNING, "+447700900999", "12345", "STOP")))
    assert ear.closed() == ["stop"]


def test_stop_by_mail_ends_all_email(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(
        says("Clara", "unsubscribe\n\nOn Tue, 22 Dec 2020 at 09:00, Letters <l@example.org> wrote:\n> hello", MAIL)
    )
    assert ear.closed() == ["left"]


def test_help_is_answered(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Aide"))
    assert ["help" in answer for answer in answers(ear)] == [True]
    assert waiting(ear) == []


def test_start_is_the_persons_own_yes(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "STOP"))
    ear.hear(says("Clara", "yes"), at=MORNING + MINUTE)
    assert ear.closed() == ["stop"], "a mere yes answers nothing that we asked"
    ear.hear(says("Clara", "START"), at=MORNING + 2 * MINUTE)
    assert ear.closed() == []
    assert any("joined" in answer for answer in answers(ear))


def test_a_mail_that_says_start_in_somebodys_name_only_asks_her(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.world.closes("Clara")
    ear.hear(says("Clara", "START", MAIL))
    assert ear.closed() == ["left"]
    assert ear.joined == [(MAIL, address("Clara"))]
    ear.hear(says("Clara", "START", MAIL, provider_id="p2", in_reply_to=ear.wire_id("Clara")), at=MORNING + MINUTE)
    assert ear.closed() == []


def test_two_machines_that_answer_each_other_come_to_an_end(ear: Ear) -> None:
    with_both(ear, "Clara")
    for number in range(5):
        ear.hear(says("Clara", "HELP", provider_id=f"p{number}"), at=MORNING + number * MINUTE)
    assert len(answers(ear)) == 1


def test_done_counts_for_both_appeals_of_the_message(ear: Ear) -> None:
    ear.world.person("Clara", sms=True)
    ear.world.scene(letters="AB").open(MORNING)
    ear.world.send(ear.provider)
    ear.hear(says("Clara", "I wrote!"))
    assert [row.campaign_id for row in ear.world.rows("SELECT campaign_id FROM letter ORDER BY 1")] == [1, 2]
    assert any("wrote" in answer for answer in answers(ear))


def test_done_counts_for_the_message_that_is_answered_and_not_for_the_newest(ear: Ear) -> None:
    with_both(ear, "Clara")
    first = ear.wire_id("Clara")
    ear.world.campaign("B")
    ear.world.wave("B", on=date(2020, 12, 23))
    ear.world.open(MORNING + ONE_DAY)
    ear.world.send(ear.provider)
    ear.hear(says("Clara", "Done", MAIL, in_reply_to=first))
    assert [row.campaign_id for row in ear.world.rows("SELECT campaign_id FROM letter")] == [ear.world.campaigns["A"]]


def test_done_of_somebody_who_was_reminded_of_nothing_is_for_a_person_to_read(ear: Ear) -> None:
    ear.world.person("Clara", sms=True)
    ear.hear(says("Clara", "done"))
    assert waiting(ear) == [("done", Wish.OTHER, None)]


def test_join_asks_for_consent(ear: Ear) -> None:
    ear.hear(inbound(Inbound(TEXT, MORNING, "+447700900999", "12345", "JOIN")))
    assert ear.joined == [(TEXT, "+447700900999")]


def test_somebody_who_cannot_join_by_herself_is_told_to_the_office(ear: Ear) -> None:
    def refuse(channel: Channel, sender: str, now: object) -> None:
        raise Trouble("The phone number", "cannot be used in this form", "Look.")

    replies = Replies(ear.world.database, vault_for_tests(), EPOCH, refuse)
    replies.take("talking", Inbound(TEXT, MORNING, "12", "12345", "JOIN"), MORNING)
    assert waiting(ear) == [("JOIN", Wish.OTHER, None)]


def test_what_sounds_like_leaving_silences_at_once_and_waits_ten_working_days(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.world.campaign("B")
    ear.world.wave("B", on=date(2020, 12, 23))
    ear.hear(says("Clara", "How did you get my number? Leave me alone"))
    assert waiting(ear) == [("How did you get my number? Leave me alone", Wish.SOUNDS_LIKE_LEAVING, date(2021, 1, 5))]
    ear.world.open(MORNING + ONE_DAY)
    assert [line for line in ear.world.messages() if "23" in line] == []
    assert ear.closed() == []


def test_anything_else_waits_for_the_office_in_the_clear_for_nobody_else(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Is a postcard fine?", MAIL, subject="Re: Reminder"))
    assert waiting(ear) == [("Re: Reminder\nIs a postcard fine?", Wish.OTHER, None)]
    [row] = ear.world.rows("SELECT text_ct, sender_ct FROM inbox")
    assert b"postcard" not in bytes(row.text_ct)
    assert b"clara" not in bytes(row.sender_ct)


@pytest.mark.parametrize("headers", [{"auto-submitted": "auto-replied"}, {"return-path": "<>"}])
def test_a_machines_answer_changes_nothing(ear: Ear, headers: dict[str, str]) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "I am away. STOP", MAIL, headers=headers))
    assert (ear.closed(), waiting(ear), answers(ear)) == ([], [], [])


def test_a_long_text_is_read_when_all_of_its_parts_are_there(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", " do I send it?", part=(2, 2)))
    assert waiting(ear) == []
    ear.hear(says("Clara", "Where", part=(1, 2)), at=MORNING + MINUTE)
    assert [text for text, _, _ in waiting(ear)] == ["Where do I send it?"]


@pytest.mark.parametrize(
    ("mail", "own"),
    [
        ("DONE\r\n\r\nOn Tue, 22 Dec 2020 at 09:00, Letters <l@example.org> wrote:\r\n> STOP\r\n", "DONE"),
        ("J'ai écrit\n\nLe mar. 22 déc. 2020 à 09:00, Lettres <l@example.org> a écrit :\n> STOP", "J'ai écrit"),
        ("готово\n\nвт, 22 дек. 2020 г. в 09:00, Letters <l@example.org>:\n> STOP", "готово"),
        ("完成\n\n在 2020年12月22日 09:00, Letters <l@example.org> 写道：\n> STOP", "完成"),
        ("Fertig\n-- \nClara\nLondon", "Fertig"),
        ("> STOP\n> STOP", ""),
        ("", ""),
    ],
)
def test_only_new_text_counts(mail: str, own: str) -> None:
    assert new_text(mail) == own


@pytest.mark.parametrize(
    ("day", "until"),
    [
        (date(2020, 12, 21), date(2021, 1, 4)),
        (date(2020, 12, 25), date(2021, 1, 8)),
        (date(2020, 12, 26), date(2021, 1, 8)),
    ],
)
def test_working_days_leave_weekends_out(day: date, until: date) -> None:
    assert after_working_days(day, 10) == until
    assert until - day >= timedelta(days=13)


def test_the_answer_goes_out_by_the_channel_it_was_asked_by(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "STOP"))
    texts = Talking(name="texts", channel=TEXT)
    ear.world.send(ear.provider, sms=[texts])
    [taken] = texts.taken
    assert taken.address == phone("Clara")
    [call] = texts.calls
    said = call.content.text.fill(call.recipients[0].values)
    assert said.startswith("You will get no more SMS from us. Email still comes.")


def test_an_answer_to_a_message_that_was_made_up_is_nobodys(ear: Ear) -> None:
    with_both(ear, "Clara")
    number = ear.wire_id("Clara").partition(".")[0]
    forged = f"{number}.0000000000000000"
    for word in ("STOP", "DONE", "START"):
        ear.hear(inbound(Inbound(MAIL, MORNING, "evil@example.net", "l", word, provider_id=word, in_reply_to=forged)))
    assert ear.world.one("SELECT count(*) FROM letter") == 0
    assert ear.world.one("SELECT count(*) FROM do_not_contact WHERE address_hash = :hash", hash=digest("Clara")) == 0


def digest(name: str) -> bytes:
    return vault_for_tests().address_hash(MAIL, address(name))


def test_a_start_that_comes_late_does_not_undo_what_was_said_after_it(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "STOP", provider_id="p1"), at=MORNING + 2 * MINUTE)
    ear.world.run("UPDATE do_not_contact SET since = :at", at=int((MORNING + MINUTE).timestamp()))
    ear.hear(says("Clara", "START", provider_id="p2"), at=MORNING + 3 * MINUTE)
    assert ear.closed() == ["stop"]


def test_the_button_of_a_mail_program_that_writes_a_mail_is_honoured(ear: Ear) -> None:
    with_both(ear, "Clara")
    headers = {"auto-submitted": "auto-generated"}
    written = "This message was automatically generated by a mail program."
    ear.hear(says("Clara", written, MAIL, subject="leave", headers=headers))
    assert ear.closed() == ["left"]


def test_what_was_dealt_with_silences_nobody_again(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Leave me alone"))
    deal_with(ear.world.database, vault_for_tests(), 1, MORNING + MINUTE, leaves=False)
    ear.world.database.write(lambda connection: hooks.again(connection, since=MORNING - ONE_DAY))
    ear.callbacks.apply_waiting(MORNING + 2 * MINUTE)
    assert ear.world.one("SELECT paused_until FROM subscriber") is None


def test_who_is_unknown_and_wants_nothing_more_gets_nothing_more(ear: Ear) -> None:
    ear.hear(inbound(Inbound(MAIL, MORNING, address("Davi"), "l", "Leave me alone")))
    deal_with(ear.world.database, vault_for_tests(), 1, MORNING, leaves=True)
    assert ear.closed() == ["opted out"]


def test_a_reply_that_cannot_be_understood_stops_no_other(ear: Ear) -> None:
    with_both(ear, "Clara")

    def broken(provider: str, said: Inbound, now: datetime) -> None:
        if said.text == "broken":
            raise ValueError("whatever it was")
        ear.replies.take(provider, said, now)

    ear.keep(callback([says("Clara", "broken")], MORNING))
    ear.keep(callback([says("Clara", "STOP")], MORNING))
    applied = replace(ear.callbacks, reply=broken).apply_waiting(MORNING)
    assert (applied.unreadable, ear.closed()) == (1, ["stop"])


@pytest.mark.parametrize("text", ["\n" * 100_000, "On " * 30_000, "Le " * 30_000, "> " * 30_000 + "\nwrote:"])
def test_no_mail_takes_long_to_read(text: str) -> None:
    began = process_time()
    new_text(text)
    assert process_time() - began < 5


def test_erasing_takes_what_the_person_wrote_along(ear: Ear) -> None:
    with_both(ear, "Clara")
    ear.hear(says("Clara", "Is a postcard fine?"))
    leave(ear.world.database, Leaving.ERASE, ear.world.people["Clara"], MORNING)
    assert ear.world.one("SELECT count(*) FROM inbox") == 0
