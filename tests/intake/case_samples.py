"""The founding chain in our own words, and a campaign with something about to be sent."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text

from reminder.domain.documents import Document, DocumentKind, Doubt, DoubtCode
from reminder.domain.states import BatchState, CampaignState, Channel, DeliveryState, MessageKind, WaveState
from reminder.intake.cases import AddedCase, Supplied, add_document
from reminder.store.batches import keep_content
from reminder.store.database import Database
from reminder.store.tables import Batch, Campaign, Delivery, Wave
from reminder.store.vault import Vault

MAY = datetime(2020, 5, 2, 9, tzinfo=UTC)
NOVEMBER = datetime(2020, 11, 2, 9, tzinfo=UTC)
DECEMBER = datetime(2020, 12, 1, 9, tzinfo=UTC)
DEADLINE = date(2020, 12, 29)
AMNESTY = "Amnesty International"
FIRST = Document(
    kind=DocumentKind.FIRST,
    title="Writer detained",
    case_names=("Nagyz Muhammed",),
    country="China",
    country_code="CN",
    organisation=AMNESTY,
    ua_number="63/20",
    index="ASA 17/2219/2020",
    issued_on=date(2020, 4, 30),
    deadline=date(2020, 6, 30),
)
UPDATE = Document(
    kind=DocumentKind.UPDATE,
    title="Writer in prison for life",
    case_names=("Nagyz Muhammed",),
    country="China",
    country_code="CN",
    organisation=AMNESTY,
    previous_ua="https://www.amnesty.org/en/documents/asa17/2219/2020/en/",
    deadline=DEADLINE,
    deadline_phrase="UNTIL: 29 December 2020",
)
WITHOUT_YEAR = replace(
    UPDATE,
    deadline=None,
    deadline_phrase="29 December",
    warnings=(Doubt(DoubtCode.NO_YEAR, "The date has no year."),),
)
OUTCOME = replace(
    UPDATE,
    kind=DocumentKind.OUTCOME,
    title="Writer is free",
    deadline=None,
    index="ASA 17/4000/2021",
    issued_on=date(2021, 1, 10),
    status_phrase="No further action is asked for.",
)


def add(
    database: Database,
    vault: Vault,
    document: Document,
    now: datetime = NOVEMBER,
    data: bytes | None = None,
    **supplied: Any,
) -> AddedCase:
    """Add a document whose file is made of its title, unless `data` says otherwise."""
    return add_document(
        database,
        vault,
        document,
        data if data is not None else (document.title or "").encode(),
        "appeal.txt",
        Supplied(**supplied),
        now,
        default_zone="Europe/London",
        who="clara",
    )


def add_campaign(database: Database, case_id: int, state: CampaignState = CampaignState.LIVE) -> int:
    """A campaign in `state`; from live on it has begun."""
    began = None if state in {CampaignState.DRAFT, CampaignState.APPROVED} else NOVEMBER.date()
    row = Campaign(
        case_id=case_id, state=state, zone="Europe/London", audience=["all"], started_on=began, created_at=NOVEMBER
    )
    values = row.model_dump(exclude={"id"})
    table = Campaign.metadata.tables["campaign"]
    return int(database.write(lambda c: c.execute(insert(Campaign).values(values).returning(table.c.id)).scalar_one()))


def add_sending(database: Database, campaign_id: int, *others: int) -> int:
    """A planned wave of the campaign and an open batch that speaks of it and of `others`; returns the batch's id."""
    times = {"due_at": DECEMBER, "open_until": DECEMBER, "not_after": DECEMBER + timedelta(days=28)}
    wave = Wave(
        campaign_id=campaign_id,
        step_key="deadline-2",
        anchor_on=DEADLINE,
        rhythm_id=1,
        channel=Channel.EMAIL,
        local_on=DEADLINE - timedelta(days=2),
        **times,
    )

    def work(connection: Any) -> int:
        connection.execute(insert(Wave).values(wave.model_dump(exclude={"id"})))
        items: list[list[Any]] = [[i, "deadline-7", DEADLINE.toordinal(), 1] for i in (campaign_id, *others)]
        content = keep_content(connection, MessageKind.NUDGE, Channel.EMAIL, DECEMBER.date(), items, 0, {})
        batch = Batch(content_id=content, channel=Channel.EMAIL, locale="en", send_at=DECEMBER, open_until=DECEMBER)
        made = insert(Batch).values(batch.model_dump(exclude={"id"})).returning(Batch.metadata.tables["batch"].c.id)
        return int(connection.execute(made).scalar_one())

    return database.write(work)


def add_delivery(database: Database, campaign_id: int, subscriber_id: int, state: DeliveryState) -> None:
    row = Delivery(
        campaign_id=campaign_id,
        step_key="start",
        anchor_on=NOVEMBER.date(),
        channel=Channel.EMAIL,
        subscriber_id=subscriber_id,
        local_on=NOVEMBER.date(),
        wave_id=1,
        state=state,
        not_after=DECEMBER,
        opened_at=NOVEMBER,
    )
    database.write(lambda c: c.execute(insert(Delivery).values(row.model_dump(exclude={"id"}))))


def campaign(database: Database, campaign_id: int) -> Campaign:
    table = Campaign.metadata.tables["campaign"]
    with database.read() as connection:
        return Campaign(**connection.execute(select(table).where(table.c.id == campaign_id)).mappings().one())


def sending_states(database: Database, campaign_id: int, batch_id: int) -> tuple[WaveState, BatchState]:
    with database.read() as connection:
        wave = connection.execute(
            text("SELECT state FROM wave WHERE campaign_id = :c"), {"c": campaign_id}
        ).scalar_one()
        batch = connection.execute(text("SELECT state FROM batch WHERE id = :b"), {"b": batch_id}).scalar_one()
    return WaveState(wave), BatchState(batch)


def count(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
