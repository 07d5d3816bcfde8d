"""What the ledger says after a run, read with plain SQL."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import text

from reminder.domain.states import DeliveryState, MessageState
from reminder.store.database import Database


@dataclass(frozen=True, slots=True)
class Ledger:
    """`messages` are reminders by id with their state; `promises` count deliveries by state."""

    messages: dict[int, str]
    promises: Counter[str]
    unclear_promises: int
    sent_again: set[int]
    two_a_day: list[int]
    open_batches: list[int]
    reminded: int


def read_ledger(database: Database) -> Ledger:
    """Look once."""
    with database.read() as connection:

        def rows(sql: str) -> list[tuple[int, ...]]:
            return [tuple(row) for row in connection.execute(text(sql))]

        return Ledger(
            messages={m: MessageState(s).name.lower() for m, s in rows("SELECT id, state FROM message")},
            promises=Counter(
                {
                    DeliveryState(s).name.lower(): n
                    for s, n in rows("SELECT state, count(*) FROM delivery GROUP BY state")
                }
            ),
            unclear_promises=rows(
                "SELECT count(*) FROM delivery d JOIN message m ON m.kind = 1 AND m.state = 5 AND m.local_on = d.local_on"
                " AND m.subscriber_id = d.subscriber_id WHERE d.state = 1"
            )[0][0],
            sent_again={m for (m,) in rows("SELECT message_id FROM event WHERE kind = 'sent again'")},
            two_a_day=[
                person
                for (person,) in rows(
                    "SELECT subscriber_id FROM message WHERE kind = 1 AND state IN (2, 5)"
                    " GROUP BY subscriber_id, local_on HAVING count(*) > 1"
                )
            ],
            open_batches=[batch for (batch,) in rows("SELECT id FROM batch WHERE state IN (2, 3, 5)")],
            reminded=rows("SELECT count(DISTINCT subscriber_id) FROM delivery")[0][0],
        )
