"""What providers say of messages, believed: results rise, unclear messages are settled, dead addresses close.

The same whether it came in a callback or was asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from reminder.domain.consent import LEAVING, Closed, Leaving
from reminder.domain.states import MessageState, Result
from reminder.store import brake
from reminder.store.heard import Known
from reminder.store.lastchecks import TO_ORGANISERS
from reminder.store.people.addresses import Address
from reminder.store.people.ledger import Closing, close
from reminder.store.results import Word, note_results
from reminder.store.unclear import settle_unclear, unclear_messages

CLOSED_BY = {Result.BOUNCED: Closed.BOUNCED, Result.COMPLAINED: Closed.COMPLAINED}


def take_words(
    connection: Connection, provider: str, words: Sequence[Word], messages: Mapping[int, Known], now: datetime
) -> int:
    """What a provider says became of `messages` (by id); returns how much of it is news.

    Whatever it says of an unclear message proves that it took it. A hard bounce and a complaint close the address, unless
    its owner has confirmed it since; soft bounces do when there were too many in a row.
    """
    words = [word for word in words if word.message_id in messages]
    news = note_results(connection, words, now)
    _settle(connection, messages, words)
    _close(connection, provider, [(word, messages[word.message_id]) for word in news], now)
    # A hard bounce behind a soft one is no news of the message, but of the address.
    dead = [word for word in words if word.result is Result.BOUNCED and word.permanent and word not in news]
    closings = _closings([(word, messages[word.message_id]) for word in dead])
    close(connection, [closing for _, closing in closings], now, Result.BOUNCED.name.lower())
    return len(news)


def take_leaving(connection: Connection, leaving: Leaving, message: Known, at: datetime, now: datetime) -> None:
    """The provider itself took the person of a message off at `at`: our own ledger follows."""
    effect = LEAVING[leaving]
    if effect.reason is not None and message.channel in effect.closes and message.address_hash is not None:
        address = Address(message.channel, message.address_hash)
        close(connection, [Closing(address, effect.reason, min(at, now))], now, leaving)


def _settle(connection: Connection, known: Mapping[int, Known], words: Sequence[Word]) -> None:
    for word in words:
        message = known[word.message_id]
        if message.state is MessageState.AMBIGUOUS and word.attempt_id == message.attempt_id:
            found = unclear_messages(connection, after=word.message_id - 1, limit=1)
            if found and found[0].message_id == word.message_id:
                settle_unclear(connection, found[0], arrived=True)


def _closings(words: Sequence[tuple[Word, Known]]) -> list[tuple[Result, Closing]]:
    """The addresses that these words close, and by what."""
    return [
        (word.result, Closing(Address(message.channel, message.address_hash), CLOSED_BY[word.result], word.at))
        for word, message in words
        if word.result in CLOSED_BY
        and (word.permanent or word.result is not Result.BOUNCED)
        and message.kind not in TO_ORGANISERS
        and message.address_hash is not None
    ]


def _close(connection: Connection, teller: str, news: Sequence[tuple[Word, Known]], now: datetime) -> None:
    """Close dead and complaining addresses, count soft bounces and what the brake looks at."""
    closings = _closings(news)
    soft: list[Address] = []
    arrived: list[Address] = []
    for word, message in news:
        if message.kind in TO_ORGANISERS or message.address_hash is None:
            continue
        address = Address(message.channel, message.address_hash)
        if word.result is Result.BOUNCED and not word.permanent:
            soft.append(address)
        elif word.result is Result.DELIVERED:
            arrived.append(address)
    brake.delivered(connection, arrived)
    full = brake.soft_bounced(connection, soft, now)
    closings += [(Result.BOUNCED, Closing(address, Closed.BOUNCED, now)) for address in sorted(full)]
    for result in CLOSED_BY:
        close(connection, [each for said, each in closings if said is result], now, result.name.lower())
    # Against whoever sent it: a bounce that comes by mail is told by nobody.
    bad = [(message.provider or teller, word.result) for word, message in news if word.result in CLOSED_BY]
    for name in sorted({name for name, _ in bad}):
        bounced, complained = bad.count((name, Result.BOUNCED)), bad.count((name, Result.COMPLAINED))
        brake.count(connection, name, now, bounced=bounced, complained=complained)
