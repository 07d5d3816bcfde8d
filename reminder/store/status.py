"""How the ledger stands, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from reminder.domain.sms_asking import ANSWER_WORDS
from reminder.domain.states import CampaignState
from reminder.store.columns import instant, seconds
from reminder.store.sms_asking import askings_today


@dataclass(frozen=True, slots=True)
class Standing:
    """Counts by partial indexes; `oldest_due` is the earliest instant at which something waits to be sent.

    `numbers_asked`: who asked today (UTC) for a text to confirm a number, by what became of it.
    """

    heartbeat_at: datetime | None
    waits_because: str
    key_confirmed: bool
    campaigns: dict[str, int]
    cases_waiting: int
    sendings_due: int
    sendings_waiting: int
    batches_open: int
    batches_sending: int
    oldest_due: datetime | None
    unclear: int
    set_aside: int
    organisers: int
    numbers_asked: Mapping[str, int] = field(default_factory=dict)


def standing(connection: Connection, now: datetime) -> Standing:
    """Look at everything once."""

    def count(sql: str) -> int:
        return int(connection.execute(text(sql), {"now": seconds(now)} if ":now" in sql else {}).scalar_one())

    instance = connection.execute(text("SELECT heartbeat_at, waits_because, key_confirmed_at FROM instance")).one()
    states = connection.execute(text("SELECT state, count(*) FROM campaign GROUP BY state")).all()
    oldest = connection.execute(
        text("SELECT min(send_at) FROM batch WHERE state = 1 AND send_at <= :now"), {"now": seconds(now)}
    ).scalar()
    return Standing(
        heartbeat_at=None if instance.heartbeat_at is None else instant(instance.heartbeat_at),
        waits_because=instance.waits_because,
        key_confirmed=instance.key_confirmed_at is not None,
        campaigns={CampaignState(state).name.lower(): n for state, n in states},
        cases_waiting=count(
            "SELECT count(*) FROM casefile WHERE stopped_at IS NULL AND CAST(questions AS TEXT) NOT IN ('[]', '')"
        ),
        sendings_due=count("SELECT count(*) FROM wave WHERE state IN (1, 2) AND due_at <= :now"),
        sendings_waiting=count("SELECT count(*) FROM wave WHERE state = 7"),
        batches_open=count("SELECT count(*) FROM batch WHERE state = 1"),
        batches_sending=count("SELECT count(*) FROM batch WHERE state IN (2, 3)"),
        oldest_due=None if oldest is None else instant(oldest),
        unclear=count("SELECT count(*) FROM message WHERE state = 5"),
        set_aside=count("SELECT count(*) FROM message WHERE state = 6 AND reason = 18"),
        organisers=count("SELECT count(*) FROM organiser"),
        numbers_asked={ANSWER_WORDS[said]: number for said, number in askings_today(connection, now).items()},
    )
