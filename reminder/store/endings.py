"""Of several appeals in one message each has a last instant of its own; the message's is that of the first to end.

When that one is over, the message goes without it, as it goes without one that was stopped.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import Connection, text

from reminder.store.columns import one_of, statement
from reminder.store.handover import Claimed, Item


def ends_of(connection: Connection, items: Sequence[Item], subscriber_id: int) -> dict[Item, int]:
    """The last instant of each promise, in seconds, as one person has them.

    The people of a batch share a rhythm and were promised the same at once: what holds for one of them holds for all.
    """
    found: dict[Item, int] = {}
    for item in items:
        end = connection.execute(
            statement(
                "SELECT not_after FROM delivery WHERE campaign_id = :campaign AND step_key = :step"
                " AND anchor_on = :anchor AND channel = :channel AND subscriber_id = :person"
            ),
            {"campaign": item[0], "step": item[1], "anchor": item[2], "channel": item[3], "person": subscriber_id},
        ).scalar()
        if end is not None:
            found[item] = end
    return found


def end_with(connection: Connection, items: Sequence[Item], messages: Collection[int], subscriber_id: int) -> None:
    """Give waiting messages of a batch the last instant of what they still say; `subscriber_id` is one of their people."""
    ends = ends_of(connection, items, subscriber_id)
    if not ends:
        return
    condition, ids = one_of(connection, "id", messages)
    connection.execute(
        text(f"UPDATE message SET not_after = :end WHERE {condition} AND state IN (1, 4)"),
        ids | {"end": min(ends.values())},
    )


def outlasting(connection: Connection, claimed: Claimed, subscriber_id: int) -> tuple[int, Claimed]:
    """When the first of a batch's appeals ends, in seconds (0: not known), and the batch as it goes on without it.

    Its `items` are empty where nothing lasts longer.
    """
    if len(claimed.items) < 2:
        return 0, replace(claimed, items=())
    ends = ends_of(connection, claimed.items, subscriber_id)
    first = min(ends.values(), default=0)
    return first, replace(claimed, items=tuple(item for item in claimed.items if ends.get(item, 0) > first))
