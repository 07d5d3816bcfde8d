"""An appeal with its ledger, written straight into the tables: what the other parts of the program leave behind."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, text

from reminder.domain.states import (
    BatchState,
    CampaignState,
    Channel,
    DeliveryState,
    MessageKind,
    MessageState,
    Reason,
    Result,
    WaveState,
)
from reminder.store.batches import keep_content, open_batch
from reminder.store.database import Database
from reminder.store.tables import (
    Attempt,
    Campaign,
    CaseDocument,
    CaseFile,
    Consent,
    Delivery,
    Exclusion,
    Letter,
    Message,
    Organiser,
    Step,
    Subscriber,
    Wave,
)

ZONE = "Europe/London"
START = datetime(2020, 12, 1, 9, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
# When the 29th has ended for the last reader on earth.
ENDED = datetime(2020, 12, 30, 12, tzinfo=UTC)
STEPS = (("start+0d", "start", date(2020, 12, 1), 0), ("deadline-7d", "deadline", DEADLINE, -7))
# Name, country, language.
CAST = (
    ("Aigerim", "KZ", "kk"),
    ("Bikash", "NP", "en"),
    ("Clara", "GB", "en"),
    ("Davi", "BR", "pt"),
    ("Ellen", "US", "en"),
    ("Farid", "NZ", "en"),
    ("Grace", "KI", "en"),
)
PHRASE = "until 29 December 2020"


def read(**more: Any) -> dict[str, Any]:
    """A document as it was read, with the keys that a report looks at."""
    known: dict[str, Any] = {
        "kind": "update",
        "title": "Writer sentenced for a poem",
        "case_names": ["Nagyz Muhammed"],
        "ua_number": "UA 63/20",
        "index": "ASA 17/3279/2020",
        "issued_on": "2020-11-02",
        "deadline": "2020-12-29",
        "deadline_phrase": PHRASE,
        "previous_ua": None,
        "organisation": "Letters International",
        "targets": [],
        "warnings": [],
        "language": "en",
    }
    return known | more


@dataclass
class World:
    """A database with one case and one campaign; `people` by name."""

    database: Database
    case_id: int = 0
    campaign_id: int = 0
    people: dict[str, int] = field(default_factory=dict)

    def add(self, table: Any, **values: Any) -> int:
        """One row; returns its id where the table has one."""
        row = table(**values).model_dump()
        if "id" not in row:
            self.database.write(lambda connection: connection.execute(insert(table).values(row)))
            return 0
        if row["id"] is None:
            del row["id"]
        wanted = insert(table).values(row).returning(table.__table__.c.id)
        return int(self.database.write(lambda connection: connection.execute(wanted).scalar_one()))

    def run(self, sql: str, **values: Any) -> None:
        """One statement."""
        self.database.write(lambda connection: connection.execute(text(sql), values))

    def add_case(self, code: str = "k3x7qa", **more: Any) -> int:
        """A case with two documents, the newest of which says until when people may write."""
        key = more.pop(
            "key", "letters-international/ua/63/20" if code == "k3x7qa" else f"letters-international/ua/{code}/20"
        )
        added_at = more.pop("added_at", START - timedelta(days=20))
        values = {
            "key": key,
            "organisation": "Letters International",
            "title": "Writer sentenced for a poem",
            "country": "CN",
            "zone": ZONE,
            "deadline_on": DEADLINE,
            "created_at": added_at,
        }
        case_id = self.add(CaseFile, code=code, **values | more)
        for place, document in enumerate((_first(), read()), start=1):
            self.add(
                CaseDocument,
                case_id=case_id,
                sequence=place,
                digest=f"{code}{place}".encode().ljust(32, b"."),
                file_name="",
                read=document,
                country="CN",
                issued_on=date.fromisoformat(document["issued_on"]),
                added_at=added_at,
            )
        return case_id

    def add_campaign(self, case_id: int, **more: Any) -> int:
        """A campaign that has expired, with two steps."""
        values = {
            "state": CampaignState.EXPIRED,
            "zone": ZONE,
            "deadline_on": DEADLINE,
            "expires_at": ENDED,
            "ended_at": ENDED,
            "report_due_at": ENDED,
            "started_on": START.date(),
            "created_at": START,
        }
        campaign_id = self.add(Campaign, case_id=case_id, **values | more)
        for key, anchor, on, offset in STEPS:
            self.add(
                Step,
                campaign_id=campaign_id,
                step_key=key,
                anchor=anchor,
                anchor_on=on,
                offset_days=offset,
                at_hour=9,
                channels="email",
            )
        return campaign_id

    def add_person(self, name: str, country: str = "GB", locale: str = "en", **more: Any) -> int:
        """A supporter; the address is not needed here."""
        person = self.add(
            Subscriber, country=country, locale=locale, rhythm_id=1, joined_at=START - timedelta(days=5), **more
        )
        self.people[name] = person
        return person

    def promise(self, name: str, step: str = "start+0d", **more: Any) -> int:
        """A promise and the message that carries it; returns the message's id."""
        return self.database.write(
            lambda connection: promise(connection, self.campaign_id, self.people[name], step, **more)
        )

    def add_wave(self, state: WaveState, people: int, step: str = "deadline-7d", rhythm: int = 1) -> None:
        """A sending that was never opened."""
        self.add(
            Wave,
            campaign_id=self.campaign_id,
            step_key=step,
            anchor_on=anchor_of(step),
            rhythm_id=rhythm,
            channel=Channel.EMAIL,
            local_on=DEADLINE - timedelta(days=7),
            due_at=START,
            open_until=START,
            not_after=ENDED,
            state=state,
            n_people=people,
        )

    def wrote(self, name: str, *, how: str = "link", late: bool = False, in_round: int = 1) -> None:
        """A letter reported."""
        values = {"campaign_id": self.campaign_id, "round": in_round, "subscriber_id": self.people[name]}
        self.add(Letter, **values, at=START + timedelta(days=2), how=how, late=late)

    def left(self, name: str, at: datetime, wording: str = "left") -> None:
        """Somebody said no."""
        self.add(
            Consent,
            at=at,
            address_hash=name.encode(),
            channel=Channel.EMAIL,
            what="closed",
            wording=wording,
            subscriber_id=self.people[name],
        )

    def leaves_out(self, name: str) -> None:
        """Somebody wants nothing more of this case."""
        self.add(Exclusion, subscriber_id=self.people[name], what=f"case:{self.case_id}")

    def add_organiser(self) -> None:
        """Somebody in the office."""
        self.add(Organiser, email_ct=b"-", email_hash=b"office", since=START)

    def mails(self) -> list[tuple[int, str]]:
        """Kind and dedupe key of what was queued, in order."""
        with self.database.read() as connection:
            rows = connection.execute(text("SELECT kind, dedupe FROM message WHERE kind <> 1 ORDER BY id")).all()
        return [(row.kind, row.dedupe) for row in rows]


def _first() -> dict[str, Any]:
    return read(
        kind="first",
        index="ASA 17/2219/2020",
        issued_on="2020-04-30",
        deadline="2020-06-11",
        deadline_phrase="by 11 June 2020",
    )


def anchor_of(step: str) -> date:
    """The day a step hangs on."""
    return next((on for key, _, on, _ in STEPS if key == step), DEADLINE)


def world(database: Database, people: Iterable[tuple[str, str, str]] = CAST) -> World:
    """One expired campaign, and the cast."""
    made = World(database)
    made.case_id = made.add_case()
    made.campaign_id = made.add_campaign(made.case_id)
    for name, country, locale in people:
        made.add_person(name, country, locale)
    return made


def promise(
    connection: Connection,
    campaign_id: int,
    person: int,
    step: str,
    *,
    state: DeliveryState = DeliveryState.CARRIED,
    reason: Reason = Reason.NONE,
    message: MessageState | None = MessageState.ACCEPTED,
    result: Result = Result.UNKNOWN,
    channel: Channel = Channel.EMAIL,
    on: date | None = None,
    at: datetime = START,
) -> int:
    """Write a promise; `message` None: nothing carries it (a cancelled one does not either)."""
    on = on or (START.date() if step == "start+0d" else DEADLINE - timedelta(days=7))
    anchor_on = anchor_of(step)
    common = {"channel": channel, "subscriber_id": person, "local_on": on, "not_after": ENDED}
    connection.execute(
        insert(Delivery).values(
            campaign_id=campaign_id,
            step_key=step,
            anchor_on=anchor_on,
            wave_id=1,
            state=state,
            reason=reason,
            opened_at=at,
            **common,
        )
    )
    if message is None:
        return 0
    items = [[campaign_id, step, anchor_on.toordinal(), int(channel)]]
    content = keep_content(connection, MessageKind.NUDGE, channel, on, items, 0, {})
    batch = open_batch(
        connection,
        content_id=content,
        channel=channel,
        locale="en",
        named=False,
        send_at=at,
        open_until=ENDED,
        turn=0,
        rhythm_id=1,
    )
    waits = message in {MessageState.DUE, MessageState.RETRY}
    if not waits:
        connection.execute(
            text("UPDATE batch SET state = :done WHERE id = :id"), {"done": int(BatchState.DONE), "id": batch}
        )
    attempt = connection.execute(
        insert(Attempt)
        .values(
            batch_id=batch,
            no=1,
            provider="email-folder",
            owner="test",
            first_message=0,
            last_message=0,
            sent_at=at,
            rendered_at=at,
            idempotency_key=str(batch),
        )
        .returning(Attempt.__table__.c.id)  # type: ignore[attr-defined]
    ).scalar_one()
    written = insert(Message).values(
        kind=MessageKind.NUDGE,
        batch_id=batch,
        state=message,
        void=int(message is MessageState.CANCELLED),
        result=result,
        open_until=ENDED,
        attempt_id=attempt,
        **common,
    )
    return int(connection.execute(written.returning(Message.__table__.c.id)).scalar_one())  # type: ignore[attr-defined]
