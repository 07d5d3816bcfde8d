"""Appeals and supporters in a real database, the outbox that works on them, and the ledger as lines that read well."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import insert, text

from reminder.clock import VirtualClock
from reminder.domain.consent import Closed
from reminder.domain.limits import NO_LIMITS, Limits
from reminder.domain.links import Links
from reminder.domain.states import (
    CampaignState,
    Channel,
    DeliveryState,
    MessageKind,
    MessageState,
    Reason,
)
from reminder.domain.times import at_wall_clock, end_of_day
from reminder.outbox.asking import Asked, ask_open
from reminder.outbox.opening import OpenedToday, open_due
from reminder.outbox.recipients import Recipients
from reminder.outbox.repeating import Repeats
from reminder.outbox.sender import Sender, Sent
from reminder.outbox.settling import Settled, settle
from reminder.outbox.upkeep import Tidied, tidy
from reminder.outbox.views import Contents, Senders
from reminder.providers.contract import Provider
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import default_template_folder
from reminder.rendering.views import Office
from reminder.rendering.views import Sender as From
from reminder.store.columns import day
from reminder.store.database import Connection, Database
from reminder.store.people.addresses import Address
from reminder.store.people.ledger import Closing, close
from reminder.store.tables import (
    Campaign,
    CaseDocument,
    CaseFile,
    Exclusion,
    Letter,
    Rhythm,
    Step,
    Subscriber,
    Subscription,
    Wave,
)
from reminder.store.withdraw import Withdrawn, withdraw_campaign
from tests.databases import LONG_AGO, vault_for_tests
from tests.fakes.scripted import Scripted

T = TypeVar("T")
LONDON = "Europe/London"
DEADLINE = date(2020, 12, 29)
DAY = date(2020, 12, 22)
# When the sendings of DAY are due in London, and when its quiet hours begin.
MORNING = datetime(2020, 12, 22, 9, tzinfo=UTC)
EVENING = datetime(2020, 12, 22, 21, tzinfo=UTC)
SECOND, MINUTE, HOUR, ONE_DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = b"epoch-01"
URL = "https://letters.example.org"
STEP = "deadline-7d"


def address(name: str) -> str:
    return f"{name.lower()}@example.org"


def phone(name: str) -> str:
    """A number from a range that no telephone has."""
    return f"+447700900{sum(name.encode()) % 1000:03d}"


def no_zones(country: str) -> Sequence[str]:
    return ()


@cache
def renderer() -> Renderer:
    return Renderer([default_template_folder()], Office("The Office", "1 Street", "the office", f"{URL}/privacy", URL))


def contents() -> Contents:
    return Contents(renderer(), Senders(From("letters@example.org", "Letters"), From("12345")))


def recipients() -> Recipients:
    vault = vault_for_tests()
    return Recipients(vault, Links(vault.link_key, URL), EPOCH)


@dataclass
class World:
    """`campaigns` by letter, `people` by name. Everybody lives in London unless told otherwise."""

    database: Database
    campaigns: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    rhythms: dict[tuple[Any, ...], int] = field(default_factory=dict)
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(MORNING))
    scenery: Connection | None = None

    # Setting the scene

    def write(self, work: Callable[[Connection], T]) -> T:
        """A transaction of its own, or the one in which the scene is set."""
        return self.database.write(work) if self.scenery is None else work(self.scenery)

    def add(self, table: Any, **values: Any) -> int:
        """One row; returns its id where it has one."""
        row = {name: value for name, value in table(**values).model_dump().items() if name != "id" or value is not None}
        wanted = insert(table).values(row)
        if "id" not in table.__table__.c:
            self.write(lambda connection: connection.execute(wanted))
            return 0
        wanted = wanted.returning(table.__table__.c.id)
        return int(self.write(lambda connection: connection.execute(wanted).scalar_one()))

    def run(self, sql: str, **values: Any) -> int:
        """One statement; returns how many rows."""
        return int(self.write(lambda connection: connection.execute(text(sql), values).rowcount))

    def rows(self, sql: str, **values: Any) -> list[Any]:
        if self.scenery is not None:
            return list(self.scenery.execute(text(sql), values))
        with self.database.read() as connection:
            return list(connection.execute(text(sql), values))

    def one(self, sql: str, **values: Any) -> Any:
        return self.rows(sql, **values)[0][0]

    def campaign(self, letter: str = "A", **more: Any) -> int:
        """A live campaign for a case of its own in China, until the deadline."""
        case = {"key": f"org/ua/{letter}/20", "code": f"code{letter}", "organisation": "Org", "zone": LONDON}
        country = more.pop("country", "CN")
        case_id = self.add(CaseFile, **case, country=country, deadline_on=DEADLINE, created_at=LONG_AGO)
        read = {"case_names": ["Nagyz Muhammed"], "targets": [{"name": "Director", "postal_address": "No. 1"}]}
        document = {"case_id": case_id, "sequence": 1, "digest": letter.encode(), "file_name": "a.txt"}
        self.add(CaseDocument, **document, read=read, country=country, added_at=LONG_AGO)
        values = {"state": CampaignState.LIVE, "approved_version": 1, "audience": ["all"], "zone": LONDON}
        values |= {"deadline_on": DEADLINE, "live_since": LONG_AGO, "created_at": LONG_AGO}
        self.campaigns[letter] = self.add(Campaign, case_id=case_id, **values | more)
        return self.campaigns[letter]

    def rhythm(self, zone: str = LONDON, **habits: Any) -> int:
        key = (zone, *sorted(habits.items()))
        if key not in self.rhythms:
            self.rhythms[key] = self.add(Rhythm, zone=zone, **habits)
        return self.rhythms[key]

    def person(self, name: str, **more: Any) -> int:
        """A supporter who asked for everything, by email; `sms=True` adds texts, `email=False` takes mail away."""
        vault = vault_for_tests()
        email, sms = more.pop("email", True), more.pop("sms", False)
        joined, scopes = more.pop("joined", LONG_AGO), more.pop("scopes", ("all",))
        rhythm_id = more.pop("rhythm_id", None) or self.rhythm(more.pop("zone", LONDON))
        values: dict[str, Any] = {"joined_at": joined, "rhythm_id": rhythm_id, "cadence_n": 7, "cadence_days": 7}
        if email:
            values |= {
                "email_ct": vault.encrypt(address(name), b"email"),
                "email_hash": vault.address_hash(Channel.EMAIL, address(name)),
                "email_since": joined,
            }
        if sms:
            values |= {
                "phone_ct": vault.encrypt(phone(name), b"phone"),
                "phone_hash": vault.address_hash(Channel.SMS, phone(name)),
                "sms_since": joined,
            }
        self.people[name] = self.add(Subscriber, **values | more)
        for scope in scopes:
            self.add(Subscription, scope=scope, subscriber_id=self.people[name])
        return self.people[name]

    def neighbours(self, count: int) -> list[str]:
        """Many supporters in London, by email."""
        names = [f"Reader{number}" for number in range(1, count + 1)]
        self.scene(*names, letters="")
        return names

    def wave(
        self,
        letter: str = "A",
        step: str = STEP,
        *,
        on: date = DAY,
        channel: Channel = Channel.EMAIL,
        hour: int = 9,
        anchor_on: date = DEADLINE,
        until: date = DEADLINE,
        zones: Sequence[str] = (LONDON,),
        **more: Any,
    ) -> int:
        """A step and its planned sending in each zone; returns the last one's id."""
        campaign_id, wave_id = self.campaigns[letter], 0
        known = "SELECT 1 FROM step WHERE campaign_id = :campaign AND step_key = :step"
        if not self.rows(known, campaign=campaign_id, step=step):
            values = {"campaign_id": campaign_id, "step_key": step, "anchor": "deadline", "anchor_on": anchor_on}
            self.add(Step, **values, offset_days=(on - anchor_on).days, at_hour=hour, channels="email")
        for zone in zones:
            wave_id = self.add(
                Wave,
                campaign_id=campaign_id,
                step_key=step,
                anchor_on=anchor_on,
                channel=channel,
                local_on=on,
                **{
                    "rhythm_id": self.rhythm(zone),
                    "due_at": at_wall_clock(on, hour, zone),
                    "open_until": min(at_wall_clock(on, 21, zone), end_of_day(until, zone)),
                    "not_after": end_of_day(until, zone),
                }
                | more,
            )
        return wave_id

    def scene(self, *names: str, letters: str = "A") -> "World":
        """Campaigns with one sending each, and people; in one transaction."""

        def work(connection: Connection) -> None:
            self.scenery = connection
            try:
                for name in names:
                    self.person(name)
                for letter in letters:
                    self.campaign(letter)
                    self.wave(letter)
            finally:
                self.scenery = None

        self.database.write(work)
        return self

    # What happens

    def wrote(self, name: str, letter: str = "A", in_round: int = 1) -> None:
        values = {"campaign_id": self.campaigns[letter], "round": in_round, "subscriber_id": self.people[name]}
        self.add(Letter, **values, at=self.clock.now())

    def leaves_out(self, name: str, what: str) -> None:
        self.add(Exclusion, subscriber_id=self.people[name], what=what)

    def closes(self, name: str, channel: Channel = Channel.EMAIL, reason: Closed = Closed.LEFT) -> None:
        """Says no to a channel, as every way out of the program does."""
        normal = address(name) if channel is Channel.EMAIL else phone(name)
        closed = Address(channel, vault_for_tests().address_hash(channel, normal))
        now = self.clock.now()
        self.database.write(lambda connection: close(connection, [Closing(closed, reason, now)], now))

    def set_campaign(self, letter: str = "A", **values: Any) -> None:
        table = Campaign.metadata.tables["campaign"]
        wanted = table.update().where(table.c.id == self.campaigns[letter]).values(**values)
        self.database.write(lambda connection: connection.execute(wanted))

    def set_person(self, name: str, **values: Any) -> None:
        table = Subscriber.metadata.tables["subscriber"]
        wanted = table.update().where(table.c.id == self.people[name]).values(**values)
        self.database.write(lambda connection: connection.execute(wanted))

    def stop(self, letter: str = "A", state: CampaignState = CampaignState.STOPPED) -> Withdrawn:
        """What stopping, pausing and closing do, in one transaction: state first, then the batches."""
        return self.database.write(lambda connection: stop(connection, self.campaigns[letter], state))

    # The outbox at work

    def at(self, now: datetime | None) -> datetime:
        """Move the clock, where an instant is named."""
        self.clock.move_to(now or self.clock.now())
        return self.clock.now()

    def open(self, now: datetime | None = None, *, chunk: int = 10_000) -> OpenedToday:
        return open_due(self.database, self.at(now), chunk=chunk, zones_of=no_zones)

    def sender(
        self, *email: Provider, sms: Sequence[Provider] = (), limits: Limits | None = None, owner: str = "me"
    ) -> Sender:
        return Sender(
            database=self.database,
            vault=vault_for_tests(),
            contents=contents(),
            recipients=recipients(),
            routes={Channel.EMAIL: list(email), Channel.SMS: list(sms)},
            limits={provider.name: limits or NO_LIMITS for provider in (*email, *sms)},
            clock=self.clock,
            owner=owner,
        )

    def send(self, *email: Provider, **more: Any) -> Sent:
        """Hand over everything that is due now."""
        return asyncio.run(self.sender(*email, **more).drain())

    def tidy(self, now: datetime | None = None, *, nobody_else: bool = False) -> Tidied:
        return tidy(self.database, self.at(now), zones_of=no_zones, nobody_else=nobody_else)

    def settle(self, *providers: Scripted, now: datetime | None = None, hours: int = 6) -> Settled:
        return settle(
            self.database,
            vault_for_tests(),
            {provider.name: provider for provider in providers},
            EPOCH,
            self.at(now),
            repeats=Repeats(self.database, contents(), recipients(), timedelta(hours=4)),
            settle_after=timedelta(hours=hours),
            wait_for=asyncio.run,
        )

    def ask(self, *providers: Scripted, now: datetime | None = None, hours: int = 4) -> Asked:
        """Ask for what no callback told of, `hours` after it went."""
        return ask_open(
            self.database,
            vault_for_tests(),
            {provider.name: provider for provider in providers},
            EPOCH,
            self.at(now),
            first_wait=timedelta(hours=hours),
            wait_for=asyncio.run,
        )

    # The ledger as people read it

    def names(self) -> dict[int, str]:
        return {number: name for name, number in self.people.items()}

    def letters(self) -> dict[int, str]:
        return {number: letter for letter, number in self.campaigns.items()}

    def ledger(self) -> list[str]:
        """One line a promise: "A deadline-7d email Clara: carried", with the reason where there is one."""
        names, letters = self.names(), self.letters()
        rows = self.rows("SELECT campaign_id, step_key, channel, subscriber_id, state, reason FROM delivery")
        return sorted(
            f"{letters[row.campaign_id]} {row.step_key} {Channel(row.channel).name.lower()} {names[row.subscriber_id]}:"
            f" {said(DeliveryState(row.state), row.reason)}"
            for row in rows
        )

    def messages(self, kind: MessageKind = MessageKind.NUDGE) -> list[str]:
        """One line a message: "Clara 22 email A+B: accepted"; the number is the day of the month."""
        names, letters = self.names(), self.letters()
        rows = self.rows(
            "SELECT m.subscriber_id, m.local_on, m.channel, m.state, m.reason, c.items, c.also_open FROM message m"
            " JOIN batch b ON b.id = m.batch_id JOIN content c ON c.id = b.content_id WHERE m.kind = :kind",
            kind=int(kind),
        )
        return sorted(
            f"{names.get(row.subscriber_id, row.subscriber_id)} {day(row.local_on).day}"
            f" {Channel(row.channel).name.lower()} {_items(row.items, letters)}{f' (+{row.also_open})' * bool(row.also_open)}:"
            f" {said(MessageState(row.state), row.reason)}"
            for row in rows
        )

    def message_of(self, name: str) -> Any:
        """The newest message of a person."""
        table = "SELECT * FROM message WHERE subscriber_id = :person ORDER BY id DESC LIMIT 1"
        return self.rows(table, person=self.people[name])[0]

    def closed(self) -> dict[str, str]:
        """Who is on the do-not-contact list by email or phone, and why."""
        on = "SELECT s.id, n.reason FROM do_not_contact n JOIN subscriber s ON n.address_hash IN (s.email_hash, s.phone_hash)"
        names = self.names()
        return {names[row[0]]: row[1] for row in self.rows(on)}

    def counts(self, table: str) -> Mapping[int, int]:
        """Rows of a table by state."""
        return {row[0]: row[1] for row in self.rows(f"SELECT state, count(*) FROM {table} GROUP BY state")}


def _items(raw: Any, letters: Mapping[int, str]) -> str:
    items = json.loads(raw) if isinstance(raw, str) else raw
    return "+".join(letters[item[0]] for item in items)


def said(state: DeliveryState | MessageState, reason: int) -> str:
    """A state and its reason in small letters."""
    why = f", {Reason(reason).name.lower().replace('_', ' ')}" if reason else ""
    return f"{state.name.lower().replace('_', ' ')}{why}"


_REASON = {
    CampaignState.STOPPED: Reason.CAMPAIGN_STOPPED,
    CampaignState.PAUSED: Reason.CAMPAIGN_PAUSED,
    CampaignState.CLOSED: Reason.CAMPAIGN_CLOSED,
}


def stop(connection: Connection, campaign_id: int, state: CampaignState = CampaignState.STOPPED) -> Withdrawn:
    """The campaign's state, then its batches."""
    connection.execute(
        text("UPDATE campaign SET state = :state WHERE id = :id"), {"state": int(state), "id": campaign_id}
    )
    return withdraw_campaign(connection, campaign_id, _REASON[state])
