"""What came in, at the command line: mails piped in, the inbox, providers that were stopped."""

import pytest

from reminder.store import brake, capacity
from reminder.store.database import Database
from tests.cli.office import Office
from tests.fakes.imap import PASSWORD, USER, mail_server

REPLY = """\
From: {sender}
To: letters@example.org
Subject: Re: Reminder
Message-ID: <1@mail.example.org>

{text}
"""


def database(office: Office) -> Database:
    return Database(f"sqlite:///{office.folder / 'data' / 'reminder.db'}")


def test_a_reply_that_was_piped_in_waits_in_the_inbox_until_it_is_dealt_with(office: Office) -> None:
    said = office.say("events mail", typed=REPLY.format(sender="clara@example.org", text="Is a postcard fine?"))
    assert (said.code, said.errors) == (0, [])
    office.done("tick")
    listed = office.say("inbox list")
    assert "nobody we know: reply" in listed.out.splitlines()[0]
    assert "clara" not in "".join(listed.out.splitlines())
    shown = office.say("inbox show 1")
    assert "Is a postcard fine?" in "\n".join(shown.out.splitlines())
    assert office.say("inbox done 1").code == 0
    assert office.say("inbox list").out.splitlines() == ["No reply waits."]
    assert office.say("inbox done 1").code == 1


def test_a_mail_that_is_piped_in_twice_is_read_once(office: Office) -> None:
    mail = REPLY.format(sender="clara@example.org", text="Hello")
    office.say("events mail", typed=mail)
    assert "known already" in "\n".join(office.say("events mail", typed=mail).out.splitlines())


def test_a_mail_that_cannot_be_stored_now_is_kept_by_the_mail_server(office: Office) -> None:
    broken = office.with_settings(DATA_KEYS="1:nonsense")
    said = broken.say("events mail", typed=REPLY.format(sender="clara@example.org", text="Hello"))
    assert (said.code, len(said.errors)) == (75, 1)


def test_nothing_piped_in_is_told(office: Office) -> None:
    said = office.say("events mail", typed="\n")
    assert (said.code, said.errors) == (
        1,
        ["error: Standard input: holds no mail. Pipe one mail into this command."],
    )


@pytest.mark.parametrize("command", ["show", "done"])
def test_a_reply_that_nobody_knows(office: Office, command: str) -> None:
    said = office.say(f"inbox {command} 99")
    assert said.code == 1
    assert "Reply 99: is not known" in said.errors[0]


def test_what_was_stored_can_be_applied_again(office: Office) -> None:
    office.say("events mail", typed=REPLY.format(sender="clara@example.org", text="Hello"))
    said = office.say("events replay --since 2020-01-01")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("Applied again: 1 callbacks")
    assert len(office.say("inbox list").out.splitlines()) == 2, "one reply and what to do next"


def test_mail_is_fetched_by_hand_and_by_a_tick(office: Office) -> None:
    refused = office.say("events fetch")
    assert (refused.code, refused.errors[0].startswith("error: IMAP_HOST: is not set")) == (1, True)
    with mail_server() as server:
        box = server.mailbox()
        where = {"IMAP_HOST": "127.0.0.1", "IMAP_PORT": str(server.port), "IMAP_TLS": "none", "IMAP_USER": USER}
        folders = {"IMAP_FOLDER": box.name, "IMAP_DONE_FOLDER": box.done}
        wrong = office.with_settings(**where, **folders, IMAP_PASSWORD="not the one").say("events fetch")
        assert (wrong.code, wrong.errors[0].startswith("error: The mailbox: the login was refused")) == (1, True)
        box.deliver(REPLY.format(sender="clara@example.org", text="Is a postcard fine?").encode())
        ours = office.with_settings(**where, **folders, IMAP_PASSWORD=PASSWORD)
        assert ours.done("events fetch").out.startswith("Fetched 1 mail: 0 events, 1 reply.")
        assert "nobody we know: reply" in ours.done("inbox list").out
        assert ours.done("events fetch").out.startswith("Nothing is due before")
        assert ours.done("events fetch --again").out.startswith("Fetched 0 mails")
        box.deliver(REPLY.format(sender="davi@example.org", text="And a fax?").encode())
        ours.at(1, 9).done("tick")
        assert len(ours.done("inbox list").out.splitlines()) == 3
        assert PASSWORD not in wrong.err + wrong.out


def test_the_text_of_a_reply_is_removed_some_time_after_it_was_dealt_with(office: Office) -> None:
    for sender in ("clara", "davi"):
        office.say("events mail", typed=REPLY.format(sender=f"{sender}@example.org", text=f"I am {sender}"))
    office.done("tick")
    office.done("inbox done 1")
    later = office.with_settings(INBOX_DAYS="7").at(9, 9)
    later.done("tick --clock-is-right")
    assert "removed" in later.done("inbox show 1").out
    assert "I am davi" in later.done("inbox show 2").out, "what waits stays"


def test_a_provider_that_was_stopped_is_shown_and_used_again_when_an_organiser_says_so(office: Office) -> None:
    now = office.clock.now()
    store = database(office)
    store.write(lambda connection: brake.count(connection, "email-folder", now, accepted=100, complained=3))
    store.write(lambda connection: capacity.stop(connection, "email-folder", "3 of 100 messages", now))
    store.close()
    listed = "\n".join(office.say("providers list").out.splitlines())
    assert "stopped: 3 of 100 messages" in listed
    assert office.say("providers resume email-folder").code == 0
    assert "stopped" not in "\n".join(office.say("providers list").out.splitlines())
    assert office.say("providers resume email-folder").code == 1


def test_keys_that_cannot_be_tried_are_told_as_such(office: Office) -> None:
    said = office.say("providers check")
    assert said.code == 0
    assert any("not tried" in line for line in said.out.splitlines())
