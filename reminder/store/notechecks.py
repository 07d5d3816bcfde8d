"""What the last check asks of messages that are no reminders: do their words still stand, does the person still want them?"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from reminder.domain.states import MessageKind, Reason
from reminder.store.columns import json_value, statement
from reminder.store.handover import Claimed


def words_now(connection: Connection, claimed: Claimed) -> dict[str, Any]:
    """The payload as it stands, read under lock: words may have been removed since the batch was claimed and built."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR SHARE"
    row = connection.execute(
        statement(f"SELECT payload FROM content WHERE id = :content{lock}"), {"content": claimed.content_id}
    )
    words: dict[str, Any] = json_value(row.scalar_one())
    return words


def left_out(connection: Connection, campaign_id: int, span: dict[str, int]) -> list[int]:
    """Who of the people from `low` to `high` leaves out the case of a campaign, or its country."""
    rows = connection.execute(
        statement(
            "SELECT x.subscriber_id FROM exclusion x JOIN campaign c ON c.id = :campaign"
            " JOIN casefile f ON f.id = c.case_id WHERE x.subscriber_id BETWEEN :low AND :high"
            " AND (x.what = f.country OR x.what = 'case:' || CAST(f.id AS TEXT))"
        ),
        span | {"campaign": campaign_id},
    )
    return list(rows.scalars())


def unwanted(connection: Connection, claimed: Claimed, people: Sequence[int]) -> dict[int, Reason]:
    """Who of `people` does not want this note any more, by id: the box is not ticked, or the appeal is left out."""
    campaign_id = claimed.items[0][0]
    found = {}
    if claimed.kind is MessageKind.CLOSING:
        box = box_of(claimed.payload.get("says") == "outcome")
        numbers = ", ".join(map(str, people))
        unticked = text(f"SELECT id FROM subscriber WHERE id IN ({numbers}) AND NOT {box}")
        found = dict.fromkeys(connection.execute(unticked).scalars(), Reason.NOT_ASKED_FOR)
    out = left_out(connection, campaign_id, {"low": min(people), "high": max(people)})
    return found | dict.fromkeys(out, Reason.COUNTRY_LEFT_OUT)


def box_of(outcome: bool) -> str:
    """The column of the box that asks for how it ended, or for the note after the deadline."""
    return "tell_outcome" if outcome else "closing_note"
