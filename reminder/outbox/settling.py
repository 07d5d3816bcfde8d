"""What may have arrived is settled: by the same call once more, by asking, by the channel's rule, or by an organiser."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.domain.states import Channel
from reminder.domain.wire import wire_ids
from reminder.errors import NotAllowed, Trouble
from reminder.outbox.asking import SIDE_BY_SIDE, Answers, Question, WaitFor, ask, take_answers
from reminder.outbox.repeating import Repeats
from reminder.providers.contract import Provider
from reminder.store import unclear as store
from reminder.store.database import Connection, Database
from reminder.store.unclear import Unclear
from reminder.store.vault import Vault

log = structlog.get_logger()


@dataclass(slots=True)
class Settled:
    """What became of unclear messages in one pass."""

    arrived: int = 0
    refused: int = 0
    sent_again: int = 0
    still_unclear: int = 0


def settle(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    epoch: bytes,
    now: datetime,
    *,
    repeats: Repeats,
    settle_after: timedelta,
    wait_for: WaitFor,
    go_on: Callable[[], bool] = lambda: True,
) -> Settled:
    """Settle unclear messages: by the same call with its key, else by a look-up, else by the channel's rule in the end.

    An email is sent again by itself, once, only where the provider keeps our Message-ID and knows no other way, no later
    step will reach that person, the settle time has passed and it still is the day and hour that it was made for; an SMS
    never. What remains waits for an organiser and stands in the report. `wait_for` runs what needs the wire, and only
    that, where the wire is. A provider that cannot be asked now is asked again by the next pass; `go_on` is asked between
    some questions.
    """
    settled = Settled()
    settled.arrived, settled.refused = repeats.repeat(providers, now, wait_for=wait_for, go_on=go_on)
    after = 0
    asked = {name for name, provider in providers.items() if provider.capabilities.look_up}
    keeping = {
        name
        for name, each in providers.items()
        if each.capabilities.keeps_message_id and not each.capabilities.idempotent_seconds
    } - asked
    while go_on():
        with database.read() as connection:
            page = store.to_settle(
                connection,
                now,
                asked=asked,
                keeping=keeping,
                sent_by=now - settle_after,
                after=after,
                limit=SIDE_BY_SIDE,
            )
            questions = _questions(connection, vault, epoch, [each for each in page if each.provider in asked])
        if not page:
            break
        after = page[-1].message_id
        answers: Answers = {}
        for name, mine in questions.items():
            answers |= wait_for(ask(providers[name], mine))
        for unclear in page:
            _settle_one(database, unclear, answers, now, asks=unclear.provider in asked, settled=settled)
        # One that does not answer is not waited for once more for each of its messages.
        asked -= {name for name, mine in questions.items() if any(each.message_id not in answers for each in mine)}
    with database.read() as connection:
        settled.still_unclear = store.count_unclear(connection)
    return settled


def _questions(
    connection: Connection, vault: Vault, epoch: bytes, page: Sequence[Unclear]
) -> dict[str, list[Question]]:
    """By provider what to ask for; nothing for a person who is erased: their ids cannot be made again."""
    found: dict[str, list[Question]] = {}
    for unclear in page:
        digest = store.address_hash_of(connection, unclear)
        if digest is not None:
            day, ids = unclear.wire_on, [unclear.message_id]
            [wire_id] = wire_ids(vault.wire_key, epoch, unclear.channel, day, ids, [digest])
            question = Question(unclear.message_id, unclear.attempt_id, unclear.sent_at, wire_id)
            found.setdefault(unclear.provider, []).append(question)
    return found


def _settle_one(
    database: Database, unclear: Unclear, answers: Answers, now: datetime, *, asks: bool, settled: Settled
) -> None:
    """One message that may be settled now: it arrived, it goes again, or it stays as it is."""
    if answers.get(unclear.message_id):
        settled.arrived += database.write(partial(_arrived, unclear=unclear, answers=answers, now=now))
        return
    # The provider itself says that it has never seen the message: sending it is no repetition.
    never_seen = unclear.message_id in answers
    if now >= unclear.not_after or (asks and not never_seen):
        return
    if not asks:
        with database.read() as connection:
            if store.later_step_reaches(connection, unclear):
                return
    again = partial(store.send_again, unclear=unclear, send_at=now, possibly_twice=not never_seen)
    if database.write(again):
        settled.sent_again += 1
        log.warning("sent_again", message=unclear.message_id, provider=unclear.provider)


def _arrived(connection: Connection, unclear: Unclear, answers: Answers, now: datetime) -> bool:
    """Whatever the provider says of a message proves that it took it."""
    question = Question(unclear.message_id, unclear.attempt_id, unclear.sent_at, "")
    known = {unclear.message_id: answers[unclear.message_id]}
    moved = store.settle_unclear(connection, unclear, arrived=True)
    take_answers(connection, unclear.provider, [question], known, now)
    return moved


def decide(database: Database, message_id: int, decision: str, now: datetime) -> str:
    """An organiser's word on an unclear message: "arrived", "send-again" or "give-up"; returns the next step.

    A text is never sent again, and nothing after its last instant.
    """
    with database.read() as connection:
        next_ones = store.unclear_messages(connection, after=message_id - 1, limit=1)
    found = [each for each in next_ones if each.message_id == message_id]
    if not found:
        raise Trouble(
            f"Message {message_id}", "is not unclear", "`reminder messages list --unclear` shows those that are."
        )
    unclear = found[0]
    if decision == "send-again":
        if unclear.channel is Channel.SMS:
            raise NotAllowed(
                f"Message {message_id}", "is a text, which is never sent a second time", "Say arrived or give-up."
            )
        if now >= unclear.not_after:
            raise NotAllowed(f"Message {message_id}", "would come too late", "Say arrived or give-up.")
        done = database.write(partial(store.send_again, unclear=unclear, send_at=now))
    else:
        done = database.write(partial(store.settle_unclear, unclear=unclear, arrived=decision == "arrived"))
    if not done:
        raise Trouble(
            f"Message {message_id}", "was settled meanwhile, or is at this moment", "Look at the list in a minute."
        )
    return "next: reminder messages list --unclear"
