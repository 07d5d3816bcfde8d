"""Mail that comes back is fetched from a real mail server: stored before it is put away, nothing lost, nothing doubled."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reminder.domain.states import MessageKind
from reminder.errors import BadSetting, Busy
from reminder.events.fetching import AFTER_A_MISS, AFTER_A_REFUSAL, EVERY, TOLD_AFTER, Fetched, Fetching
from reminder.events.intake import PURPOSE, read
from reminder.providers.email.imap import LONGEST_FETCHED, MOST_MAILS, FetchedMail, ImapSettings, Patience, collect
from reminder.store.database import Database
from reminder.store.tables import Organiser
from tests.databases import vault_for_tests
from tests.fakes.certificates import make_certificate
from tests.fakes.imap import PASSWORD, Box, MailServer, broken_line, drip, mail_server
from tests.outbox.world import HOUR, MINUTE, MORNING, ONE_DAY, World

MAIL = b"From: clara@example.org\r\nSubject: Re: Reminder\r\nMessage-ID: <%d@mail.example.org>\r\n\r\nIs a postcard fine?\r\n"
IMPATIENT = Patience(connect=2, answer=0.3, look=5)


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def box(server: MailServer) -> Box:
    return server.mailbox()


def fetching(database: Database, settings: ImapSettings, **more: Any) -> Fetching:
    return Fetching(database, vault_for_tests(), settings, **more)


def stored(database: Database) -> list[bytes]:
    """The mails that are stored, the oldest first."""
    rows = World(database).rows("SELECT callback_ct FROM raw_event ORDER BY id")
    return [read(vault_for_tests().unseal(bytes(row.callback_ct), PURPOSE)).body for row in rows]


def told(database: Database) -> int:
    """How many alerts are queued."""
    return int(World(database).one("SELECT count(*) FROM message WHERE kind = :kind", kind=int(MessageKind.ALERT)))


def office(database: Database) -> None:
    World(database).add(Organiser, email_ct=b"x", email_hash=b"o" * 16, since=MORNING)


def test_mails_are_stored_and_moved_away(database: Database, box: Box) -> None:
    mails = [MAIL % number for number in range(3)]
    box.deliver(*mails)
    assert fetching(database, box.settings()).look(MORNING) == Fetched(3)
    assert (stored(database), box.holds(), box.holds(box.done)) == (mails, [], mails)


def test_without_another_folder_they_are_marked_as_read(database: Database, box: Box) -> None:
    box.deliver(MAIL % 1)
    box_only = fetching(database, box.settings(done_folder=""))
    assert box_only.look(MORNING).stored == 1
    assert box_only.look(MORNING + EVERY).stored == 0
    assert box.holds() == [MAIL % 1]


def test_the_mailbox_is_looked_at_once_a_minute_whoever_looks(database: Database, box: Box) -> None:
    here, there = (fetching(database, box.settings()) for _ in range(2))
    assert here.look(MORNING).not_before is None
    box.deliver(MAIL % 1)
    assert there.look(MORNING + EVERY / 2) == Fetched(not_before=MORNING + EVERY)
    assert there.look(MORNING + EVERY / 2, at_once=True).stored == 1


def test_no_mailbox_is_no_trouble(database: Database) -> None:
    assert Fetching(database, vault_for_tests(), None).look(MORNING) == Fetched()


def test_what_was_said_counts_when_our_mail_server_got_it(database: Database, box: Box) -> None:
    box.deliver(MAIL % 1, at=MORNING - ONE_DAY)
    box.deliver(MAIL % 2, at=MORNING + ONE_DAY)
    taken: list[FetchedMail] = []
    collect(box.settings(), taken.extend, MORNING)
    assert [mail.at for mail in taken] == [MORNING - ONE_DAY, MORNING], "a clock that is ahead does not make it later"
    assert {mail.at.tzinfo for mail in taken} == {UTC}


@pytest.mark.parametrize("command", [b" MOVE ", b" STORE "])
def test_a_line_that_is_cut_after_storing_loses_and_doubles_nothing(
    database: Database, box: Box, command: bytes
) -> None:
    box.deliver(MAIL % 1, MAIL % 2)
    done = box.done if command == b" MOVE " else ""
    with broken_line(box.server.port, command) as port:
        looked = fetching(database, box.settings(port=port, done_folder=done)).look(MORNING)
    assert looked.trouble.startswith("could not read")
    assert (len(stored(database)), len(box.holds())) == (2, 2)
    assert fetching(database, box.settings(done_folder=done)).look(MORNING + HOUR).stored == 2
    assert stored(database) == [MAIL % 1, MAIL % 2]
    assert box.holds(box.done) == ([MAIL % 1, MAIL % 2] if done else [])


def test_a_mail_that_cannot_be_stored_stays_in_the_mailbox(box: Box) -> None:
    box.deliver(MAIL % 1)

    def full(mails: object) -> None:
        raise Busy("The database", "is busy", "Wait.")

    with pytest.raises(Busy):
        collect(box.settings(), full, MORNING)
    assert box.holds() == [MAIL % 1]


def test_a_long_mail_is_not_loaded_whole(database: Database, box: Box) -> None:
    box.deliver(MAIL % 1 + b"x" * 50_000_000, MAIL % 2)
    assert fetching(database, box.settings()).look(MORNING).stored == 2
    assert [len(mail) for mail in stored(database)] == [LONGEST_FETCHED, len(MAIL % 2)]
    assert box.holds() == []


def test_one_look_takes_so_many_mails_and_the_next_comes_at_once(database: Database, box: Box) -> None:
    box.deliver(*(MAIL % number for number in range(MOST_MAILS + 5)))
    looking = fetching(database, box.settings())
    assert looking.look(MORNING).stored == MOST_MAILS
    assert looking.look(MORNING).stored == 5
    assert stored(database) == [MAIL % number for number in range(MOST_MAILS + 5)]


def test_bytes_that_are_no_mail_are_kept_and_stop_no_other(database: Database, box: Box) -> None:
    box.deliver(b"\x00\xff\xfe nothing\r\n" * 3, b"\r\n", MAIL % 1)
    assert fetching(database, box.settings()).look(MORNING).stored == 3
    assert box.holds() == []


def test_a_mailbox_that_was_made_anew_is_read_anew(database: Database, box: Box) -> None:
    """The numbers begin again at the same ones, with another UIDVALIDITY."""
    box.deliver(MAIL % 1)
    assert fetching(database, box.settings()).look(MORNING).stored == 1
    with box.server.client() as client:
        before = client.select_folder(box.name)[b"UIDVALIDITY"]
        client.close_folder()
        client.delete_folder(box.name)
        client.create_folder(box.name)
        assert client.select_folder(box.name)[b"UIDVALIDITY"] != before
    box.deliver(MAIL % 1, MAIL % 2)
    assert fetching(database, box.settings()).look(MORNING + EVERY).stored == 2
    assert stored(database) == [MAIL % 1, MAIL % 2]


def test_a_wrong_password_is_told_once_and_tried_ever_more_rarely(database: Database, box: Box) -> None:
    office(database)
    wrong = fetching(database, box.settings(password="not the one"))
    looks = [wrong.look(MORNING + number * 10 * MINUTE) for number in range(6 * 6)]
    tried = [number for number, looked in enumerate(looks) if looked.trouble]
    assert tried == [0, 6, 18], "after one hour, after two more"
    assert looks[0] == Fetched(trouble="the login was refused", not_before=MORNING + AFTER_A_REFUSAL)
    assert told(database) == 1
    box.deliver(MAIL % 1)
    assert fetching(database, box.settings()).look(MORNING + 6 * HOUR).stored == 1, "another password is tried at once"


def test_a_server_that_is_away_is_told_when_it_lasts(database: Database) -> None:
    office(database)
    with socket.create_server(("127.0.0.1", 0)) as door:
        nobody = door.getsockname()[1]
    away = fetching(database, ImapSettings("127.0.0.1", nobody, "none", "letters", PASSWORD))
    assert away.look(MORNING) == Fetched(
        trouble="could not connect: ConnectionRefusedError", not_before=MORNING + AFTER_A_MISS
    )
    assert told(database) == 0
    for number in range(1, 8 * 6):
        away.look(MORNING + number * 10 * MINUTE)
    assert told(database) == 1
    assert TOLD_AFTER == HOUR


@pytest.mark.parametrize("command", [b" LOGIN ", b" SELECT ", b" FETCH "])
def test_a_server_that_hangs_is_not_waited_for(database: Database, box: Box, command: bytes) -> None:
    box.deliver(MAIL % 1)
    with broken_line(box.server.port, command, hangs=True) as port:
        looked = fetching(database, box.settings(port=port), patience=IMPATIENT).look(MORNING)
    assert looked.trouble == "could not read: no answer in time"
    assert box.holds() == [MAIL % 1]


def test_a_server_that_answers_letter_by_letter_is_not_waited_for(database: Database, box: Box) -> None:
    with drip() as port:
        looked = fetching(database, box.settings(port=port), patience=replace(IMPATIENT, look=0.3)).look(MORNING)
    assert looked.trouble.startswith("could not read") or looked.trouble.startswith("the connection was lost")


def test_the_end_of_the_program_does_not_wait_for_a_server_and_is_no_miss(database: Database, box: Box) -> None:
    with drip() as port:
        looked = fetching(database, box.settings(port=port), go_on=lambda: False).look(MORNING)
    assert looked == Fetched()
    assert fetching(database, box.settings()).look(MORNING).not_before is None


def test_a_folder_that_does_not_exist_is_for_a_person_to_mend(database: Database, box: Box) -> None:
    looked = fetching(database, box.settings(folder="Nowhere")).look(MORNING)
    assert looked == Fetched(trouble="the folder cannot be opened", not_before=MORNING + AFTER_A_REFUSAL)


def test_starttls_with_a_certificate_of_ones_own(database: Database, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with mail_server(certificate) as running:
        box = Box(running, "INBOX")
        safe = {"tls": "starttls", "host": "localhost", "done_folder": "Done"}
        untrusted = fetching(database, box.settings(**safe)).look(MORNING)
        assert untrusted.trouble == "the server's certificate is not trusted"
        looked = fetching(database, box.settings(**safe, ca_file=str(certificate.file))).look(MORNING)
    assert (looked.trouble, looked.stored > 0) == ("", True)


def test_a_server_without_starttls_is_not_told_the_password(database: Database, box: Box) -> None:
    looked = fetching(database, box.settings(tls="starttls")).look(MORNING)
    assert looked.trouble.startswith("could not connect")
    assert looked.not_before == MORNING + AFTER_A_REFUSAL


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        ({"host": "imap.example.org"}, "IMAP_TLS"),
        ({"host": "two words"}, "IMAP_HOST"),
        ({"user": ""}, "IMAP_USER"),
        ({"done_folder": "INBOX", "folder": "INBOX"}, "IMAP_DONE_FOLDER"),
    ],
)
def test_settings_that_cannot_work_are_refused(box: Box, wrong: dict[str, Any], setting: str) -> None:
    with pytest.raises(BadSetting) as refused:
        box.settings(**wrong)
    assert refused.value.thing == setting
    assert PASSWORD not in repr(box.settings())


def test_nothing_that_is_stored_can_be_read_in_the_file(sqlite_database: Database, box: Box) -> None:
    box.deliver(MAIL % 1)
    fetching(sqlite_database, box.settings()).look(MORNING)
    [row] = World(sqlite_database).rows("SELECT callback_ct, received_at FROM raw_event")
    assert b"clara" not in bytes(row.callback_ct)
    assert datetime.fromtimestamp(row.received_at, UTC) - MORNING < timedelta(seconds=1)
