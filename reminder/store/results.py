"""What providers tell of messages: each word kept once per attempt, the message's result made of all of them."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from reminder.domain.results import combined
from reminder.domain.states import Channel, MessageKind, Result
from reminder.store.columns import one_of, statement
from reminder.store.tables import EventRow

_EVENT = EventRow.__table__  # type: ignore[attr-defined]
FINGERPRINT_BYTES = 16
# The kind of an event that we make ourselves: a message was sent again although it may have arrived.
SENT_AGAIN = "sent again"
_RESULT = "result"


class Word(NamedTuple):
    """What a provider says became of an attempt's message, and when that was.

    `permanent`: with BOUNCED, the address will never take anything; else it may take the next message.
    """

    message_id: int
    attempt_id: int
    result: Result
    at: datetime
    permanent: bool = True


@dataclass(frozen=True, slots=True)
class About:
    """Whom a message was for; of reports and alerts `subscriber_id` is an organiser's."""

    kind: MessageKind
    channel: Channel
    subscriber_id: int


def note_results(connection: Connection, words: Sequence[Word], now: datetime) -> list[tuple[Word, About]]:
    """Keep what was told and raise the results of the messages; returns what is news, in the order in which it was told.

    What was told before, and what speaks of no message of ours, is left out. Four statements, however many words.
    """
    messages = _messages(connection, {word.message_id for word in words})
    told = _told(connection, messages)
    news = []
    for word in words:
        before = told[word.message_id]
        if word.message_id in messages and (word.attempt_id, word.result) not in before:
            before.add((word.attempt_id, word.result))
            news.append(word)
    if not news:
        return []
    _keep(connection, news, now)
    raised = []
    for message_id in {word.message_id for word in news}:
        highest: dict[int, Result] = {}
        for attempt, result in told[message_id]:
            highest[attempt] = max(highest.get(attempt, Result.UNKNOWN), result)
        raised.append({"id": message_id, "result": int(combined(highest))})
    connection.execute(statement("UPDATE message SET result = :result WHERE id = :id AND result <> :result"), raised)
    return [(word, messages[word.message_id]) for word in news]


def _messages(connection: Connection, ids: Collection[int]) -> dict[int, About]:
    # The lock makes two callbacks about one message wait for each other (SQLite has one writer anyway).
    lock = "" if connection.dialect.name == "sqlite" else " ORDER BY id FOR UPDATE"
    condition, bound = one_of(connection, "id", ids)
    rows = connection.execute(
        statement(f"SELECT id, kind, channel, subscriber_id FROM message WHERE {condition}{lock}"), bound
    )
    return {row[0]: About(MessageKind(row[1]), Channel(row[2]), row[3]) for row in rows}


def _told(connection: Connection, ids: Collection[int]) -> dict[int, set[tuple[int, Result]]]:
    condition, bound = one_of(connection, "message_id", ids)
    rows = connection.execute(
        statement(f"SELECT message_id, attempt_id, result FROM event WHERE kind = 'result' AND {condition}"), bound
    )
    told: dict[int, set[tuple[int, Result]]] = defaultdict(set)
    for message_id, attempt_id, result in rows:
        told[message_id].add((attempt_id, Result(result)))
    return told


def _keep(connection: Connection, news: Sequence[Word], now: datetime) -> None:
    rows = [
        {
            "fingerprint": _fingerprint(f"{word.message_id}|{word.attempt_id}|{int(word.result)}"),
            "message_id": word.message_id,
            "attempt_id": word.attempt_id,
            "kind": _RESULT,
            "result": word.result,
            "at": word.at,
            "received_at": now,
        }
        for word in news
    ]
    _insert(connection, rows)


def note_sent_again(connection: Connection, message_id: int, at: datetime) -> None:
    """Keep that a message of which nobody knew was sent again: it may have come twice, and every list says so."""
    values = {
        "fingerprint": _fingerprint(f"{message_id}|again|{at.isoformat()}"),
        "message_id": message_id,
        "attempt_id": 0,
        "kind": SENT_AGAIN,
        "result": Result.UNKNOWN,
        "at": at,
        "received_at": at,
    }
    _insert(connection, [values])


def _fingerprint(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:FINGERPRINT_BYTES]


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    insert_new = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert_new(_EVENT).on_conflict_do_nothing(), rows)
