"""The world that is measured: people with encrypted addresses, an appeal that is due, reminders of days before.

Of every hundred people one has written, one leaves the country out, one is on the do-not-contact list; in turns they
read English, French and Spanish. Five days before, a fifth of them was reminded of another appeal, and two days before a
tenth; two in a hundred were reminded on both days, so that their week is full.
"""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from reminder.clock import VirtualClock
from reminder.domain.links import Links
from reminder.domain.states import CampaignState, Channel
from reminder.outbox.opening import CHUNK_ON_SQLITE, open_due
from reminder.outbox.recipients import Recipients
from reminder.outbox.sender import Sender
from reminder.outbox.views import Contents, Senders
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import default_template_folder
from reminder.rendering.views import Office
from reminder.rendering.views import Sender as From
from reminder.store import schema
from reminder.store.columns import ordinal, seconds
from reminder.store.database import Connection, Database
from reminder.store.tables import Campaign, CaseDocument, CaseFile, Instance, Rhythm, Step, Wave
from reminder.store.vault import Vault

INDEX_KEY, DATA_KEY = bytes(range(32)), bytes(range(32, 64))
PUBLIC_URL = "https://letters.example.org"
LOCALES = ("en", "fr", "es")
NAMES = ("Aigerim", "Bikash", "Clara", "Davi", "Ellen", "Farid", "Grace", "Jun")
LONG_AGO = datetime(2020, 11, 1, tzinfo=UTC)
DUE = datetime(2020, 12, 22, 9, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
OTHER_DEADLINE = date(2020, 12, 31)
# Beside it the other campaigns have to do with nothing that is measured.
CAMPAIGN, OTHER = 1, 2
ROWS_AT_ONCE = 20_000
# Makes a mail of about 8 kB with everything that the templates say around it.
LETTER = " ".join(["I ask you with respect to let the writer go home, and to tell the family where he is."] * 2)


EVENING_OF_YEAR = datetime(2020, 12, 31, 12, tzinfo=UTC)
CHUNK = CHUNK_ON_SQLITE
# The last two digits of the ids of those whom a reminder does not reach.
WROTE, LEAVES_OUT, DO_NOT_CONTACT = 0, 33, 66


def vault() -> Vault:
    """The keys of everything that is measured."""
    return Vault(INDEX_KEY, {1: DATA_KEY})


def seed(path: Path, people: int) -> None:
    """A database with `people` subscribers in London's rhythm and one reminder that is due at `DUE`, not opened yet."""
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.write(_appeals)
    _subscribers(database, people)
    database.write(_small_tables)
    for days, share in ((5, "s.id % 50 < 10"), (2, "s.id % 50 IN (9, 10, 11, 12, 13)")):
        database.write(partial(_reminded, days=days, share=share))
    database.close()


def _appeals(connection: Connection) -> None:
    instance = {"id": 1, "epoch": b"epoch-01", "key_fingerprint": vault().fingerprint(), "created_at": LONG_AGO}
    connection.execute(insert(Instance).values(**instance))
    connection.execute(insert(Rhythm).values(id=1, zone="Europe/London"))
    for number, deadline in ((CAMPAIGN, DEADLINE), (OTHER, OTHER_DEADLINE)):
        add_campaign(connection, number, deadline)
    wave = {
        "campaign_id": CAMPAIGN,
        "step_key": "deadline-7d",
        "anchor_on": DEADLINE,
        "rhythm_id": 1,
        "channel": Channel.EMAIL,
        "local_on": DUE.date(),
        "due_at": DUE,
        "open_until": DUE.replace(hour=21),
        "not_after": datetime(2020, 12, 29, 23, tzinfo=UTC),
    }
    connection.execute(insert(Wave).values(**wave))


def add_campaign(connection: Connection, number: int, deadline: date) -> None:
    """A case with its document and a live campaign of the same number, planned for as long as anything is measured."""
    case = {"key": f"org/ua/{number}/2020", "code": f"code{number}", "organisation": "org", "country": "CN"}
    connection.execute(
        insert(CaseFile).values(id=number, zone="UTC", created_at=LONG_AGO, deadline_on=deadline, **case)
    )
    read: dict[str, Any] = {
        "language": "en",
        "case_names": ["Nagyz Muhammed"],
        "targets": [
            {"name": "Wang Jiang", "role": "Director", "postal_address": "Prison Administration Bureau\nUrumqi"}
        ],
        "demands": ["Let him go home.", "Tell his family where he is.", "Let a doctor see him."],
        "letter": LETTER,
        "write_in": ["zh", "en"],
    }
    document = {"case_id": number, "sequence": 1, "digest": b"%d" % number, "file_name": "appeal.txt", "read": read}
    connection.execute(insert(CaseDocument).values(id=number, added_at=LONG_AGO, **document))
    campaign = {"state": CampaignState.LIVE, "approved_version": 1, "zone": "UTC", "audience": ["all"]}
    dates = {"created_at": LONG_AGO, "live_since": LONG_AGO, "started_on": LONG_AGO.date(), "deadline_on": deadline}
    ahead = {"expires_at": EVENING_OF_YEAR, "plan_again_at": EVENING_OF_YEAR, "planned_until": EVENING_OF_YEAR}
    connection.execute(insert(Campaign).values(id=number, case_id=number, **campaign, **dates, **ahead))
    step = {"step_key": "deadline-7d", "anchor": "deadline", "anchor_on": deadline, "offset_days": -7, "at_hour": 9}
    connection.execute(insert(Step).values(campaign_id=number, channels="email", **step))


def _subscribers(database: Database, people: int) -> None:
    """Loaded without indexes: a bench must not take an hour."""
    with database.read() as connection:
        indexes = connection.execute(
            text(
                "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'subscriber' AND type = 'index' AND sql IS NOT NULL"
            )
        ).all()
    database.write(lambda connection: [connection.execute(text(f"DROP INDEX {name}")) for name, _ in indexes])
    for first in range(1, people + 1, ROWS_AT_ONCE):
        rows = [_subscriber(number) for number in range(first, min(first + ROWS_AT_ONCE, people + 1))]
        database.write(partial(_insert_subscribers, rows=rows))
    database.write(lambda connection: [connection.exec_driver_sql(sql) for _, sql in indexes])
    database.write(
        lambda connection: connection.execute(text("INSERT INTO subscription SELECT 'all', id FROM subscriber"))
    )


KEYS = vault()


def _subscriber(number: int) -> tuple[Any, ...]:
    address = f"person{number}@example.org"
    return (
        number,
        KEYS.encrypt(address, b"email"),
        KEYS.address_hash(Channel.EMAIL, address),
        KEYS.encrypt(NAMES[number % len(NAMES)], b"name"),
        LOCALES[number % len(LOCALES)],
        None if number % 100 == DO_NOT_CONTACT else seconds(LONG_AGO),
        seconds(LONG_AGO),
    )


def _insert_subscribers(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    connection.exec_driver_sql(
        "INSERT INTO subscriber (id, email_ct, email_hash, name_ct, locale, email_since, joined_at, country, rhythm_id,"
        " cadence_n, cadence_days, last48, named, closing_note, tell_outcome, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'GB', 1, 2, 7, 0, 0, 0, 0, 1)",
        rows,
    )


def _small_tables(connection: Connection) -> None:
    bound = {"at": seconds(LONG_AGO), "campaign": CAMPAIGN, "no": False}
    for sql in (
        f"INSERT INTO letter SELECT :campaign, 1, id, :at, '', :no FROM subscriber WHERE id % 100 = {WROTE}",
        f"INSERT INTO exclusion SELECT id, 'CN' FROM subscriber WHERE id % 100 = {LEAVES_OUT}",
        f"INSERT INTO do_not_contact SELECT 1, email_hash, 'left', :at FROM subscriber WHERE id % 100 = {DO_NOT_CONTACT}",
    ):
        connection.execute(text(sql), bound if ":campaign" in sql else {"at": bound["at"]} if ":at" in sql else {})


def _reminded(connection: Connection, days: int, share: str) -> None:
    """A share of the people was reminded of the other appeal `days` before, and all went well."""
    at = DUE - timedelta(days=days)
    bound = {
        "day": ordinal(at.date()),
        "until": seconds(at.replace(hour=21)),
        "at": seconds(at),
        "campaign": OTHER,
        "step": f"deadline-{(OTHER_DEADLINE - at.date()).days}d",
        "anchor": ordinal(OTHER_DEADLINE),
    }
    connection.execute(
        text(
            "INSERT INTO message (kind, local_on, channel, subscriber_id, batch_id, state, reason, result, attempt_id, tries,"
            f" open_until, not_after) SELECT 1, :day, 1, s.id, 0, 2, 0, 0, 0, 1, :until, :until FROM subscriber s WHERE {share}"
        ),
        {"day": bound["day"], "until": bound["until"]},
    )
    connection.execute(
        text(
            "INSERT INTO delivery (campaign_id, step_key, anchor_on, channel, subscriber_id, local_on, wave_id, state, reason,"
            " not_after, opened_at) SELECT :campaign, :step, :anchor, 1, s.id, :day, 0, 2, 0, :until, :at"
            f" FROM subscriber s WHERE {share}"
        ),
        bound,
    )


def open_everything(url: str) -> None:
    """Open the reminder that is due, with the default chunk."""
    database = Database(url)
    open_due(database, DUE, chunk=CHUNK, zones_of=no_zones)
    database.close()


def no_zones(_: str) -> tuple[str, ...]:
    """Nobody here is without a zone."""
    return ()


def sender(database: Database, provider: Any) -> Sender:
    """The whole sender over one provider, with the real templates; the clock stands at `DUE`."""
    office = Office("Our organisation", "Our address", "the office", f"{PUBLIC_URL}/privacy", PUBLIC_URL)
    renderer = Renderer([default_template_folder()], office)
    senders = Senders(From("reminder@example.org", "Letter reminders"), From("12345"))
    return Sender(
        database=database,
        vault=KEYS,
        contents=Contents(renderer, senders),
        recipients=Recipients(KEYS, Links(KEYS.link_key, PUBLIC_URL), b"epoch-01"),
        routes={provider.channel: [provider]},
        limits={},
        clock=VirtualClock(DUE),
        owner="bench",
    )
