"""What providers tell of messages: each word kept once per attempt, the message's result made of all of them."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from reminder.domain.results import combined
from reminder.domain.states import Result
from reminder.store.columns import one_of, plain_rows, seconds
from reminder.store.rows import insert_new, update_alike

FINGERPRINT_BYTES = 16
# The kind of an event that we make ourselves: a message was sent again although it may have arrived.
SENT_AGAIN = "sent again"
_RESULT = "result"
_COLUMNS = {
    "fingerprint": "bytea",
    "message_id": "bigint",
    "attempt_id": "bigint",
    "kind": "text",
    "result": "smallint",
    "at": "bigint",
    "received_at": "bigint",
}


class Word(NamedTuple):
    """What a provider says became of an attempt's message, and when that was.

    `permanent`: with BOUNCED, the address will never take anything; else it may take the next message.
    """

    message_id: int
    attempt_id: int
    result: Result
    at: datetime
    permanent: bool = True


def note_results(connection: Connection, words: Sequence[Word], now: datetime) -> list[Word]:
    """Keep what was told and raise the results of the messages; returns what is news, in the order in which it was told.

    What was told before, and what speaks of no message of ours, is left out. A few statements, however many words.
    """
    ours = _locked(connection, {word.message_id for word in words})
    told = _told(connection, ours)
    news = []
    for word in words:
        said = (word.attempt_id, word.result)
        before = told[word.message_id]
        if word.message_id in ours and said not in before:
            before.add(said)
            news.append(word)
    if news:
        _keep(connection, news, now)
        raised = {
            message_id: int(_highest(told[message_id])) for message_id in sorted({word.message_id for word in news})
        }
        update_alike(connection, "UPDATE message SET result = :value WHERE {ids} AND result <> :value", raised)
    return news


def _highest(told: Collection[tuple[int, Result]]) -> Result:
    """The message's result out of everything that was told of its attempts."""
    if len(told) == 1:
        return next(iter(told))[1]
    highest: dict[int, Result] = {}
    for attempt, result in told:
        highest[attempt] = max(highest.get(attempt, Result.UNKNOWN), result)
    return combined(highest)


def _locked(connection: Connection, ids: Collection[int]) -> set[int]:
    """Which messages there are. The lock makes two callbacks about one wait for each other (SQLite has one writer anyway)."""
    lock = "" if connection.dialect.name == "sqlite" else " ORDER BY id FOR UPDATE"
    condition, bound = one_of(connection, "id", ids)
    return {row[0] for row in plain_rows(connection, f"SELECT id FROM message WHERE {condition}{lock}", bound)}


def _told(connection: Connection, ids: Collection[int]) -> dict[int, set[tuple[int, Result]]]:
    condition, bound = one_of(connection, "message_id", ids)
    sql = f"SELECT message_id, attempt_id, result FROM event WHERE kind = 'result' AND {condition}"
    told: dict[int, set[tuple[int, Result]]] = defaultdict(set)
    for message_id, attempt_id, result in plain_rows(connection, sql, bound):
        told[message_id].add((attempt_id, Result(result)))
    return told


def _keep(connection: Connection, news: Sequence[Word], now: datetime) -> None:
    received_at = seconds(now)
    rows = [
        (
            _fingerprint(f"{word.message_id}|{word.attempt_id}|{int(word.result)}"),
            word.message_id,
            word.attempt_id,
            _RESULT,
            int(word.result),
            seconds(word.at),
            received_at,
        )
        for word in news
    ]
    insert_new(connection, "event", _COLUMNS, rows)


def note_sent_again(connection: Connection, message_id: int, at: datetime) -> None:
    """Keep that a message of which nobody knew was sent again: it may have come twice, and every list says so."""
    mark, when = _fingerprint(f"{message_id}|again|{at.isoformat()}"), seconds(at)
    row = (mark, message_id, 0, SENT_AGAIN, int(Result.UNKNOWN), when, when)
    insert_new(connection, "event", _COLUMNS, [row])


def _fingerprint(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:FINGERPRINT_BYTES]
