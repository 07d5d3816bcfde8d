"""Asking providers what became of messages: of those that nobody knows arrived, and of those that no callback told of."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog

from reminder.domain.wire import wire_ids
from reminder.providers.contract import CALL_LIMIT_SECONDS, Provider, ProviderEvent
from reminder.store import asking
from reminder.store.asking import Open
from reminder.store.database import Connection, Database
from reminder.store.heard import known_messages
from reminder.store.results import Word
from reminder.store.vault import Vault
from reminder.store.words import take_leaving, take_words

T = TypeVar("T")
log = structlog.get_logger()
# Questions under way at a time: a provider that hangs holds the heartbeat up for one of them, not for each.
SIDE_BY_SIDE = 10
# Messages that one heartbeat asks one provider for.
QUESTIONS = 200

# Runs a piece of the wire from plain code.
WaitFor = Callable[[Coroutine[Any, Any, Any]], Any]
# By message id what the provider says, nothing where it has never seen the message; without those it did not answer.
Answers = dict[int, Sequence[ProviderEvent]]


@dataclass(frozen=True, slots=True)
class Question:
    """A message to ask for, and the attempt that is meant."""

    message_id: int
    attempt_id: int
    sent_at: datetime
    wire_id: str
    provider_id: str = field(default="")


async def ask(provider: Provider, questions: Sequence[Question]) -> Answers:
    """What a provider says of each message, all of them side by side."""
    answers: Answers = {}

    async def one(question: Question) -> None:
        try:
            async with asyncio.timeout(CALL_LIMIT_SECONDS):
                told = await provider.look_up(
                    question.wire_id, sent_at=question.sent_at, provider_id=question.provider_id
                )
                answers[question.message_id] = [each for each in told if isinstance(each, ProviderEvent)]
        except Exception as error:  # noqa: BLE001 - whatever it was, the message stays as it is and the others go on
            log.warning(
                "look_up_failed", message=question.message_id, provider=provider.name, kind=type(error).__name__
            )

    await asyncio.gather(*map(one, questions))
    return answers


def take_answers(
    connection: Connection, provider: str, questions: Sequence[Question], answers: Answers, now: datetime
) -> int:
    """Believe what a provider answered, as if it had told it in a callback; returns how much of it is news."""
    messages = known_messages(connection, answers.keys())
    meant = {question.message_id: question.attempt_id for question in questions}
    # A message that went into another attempt meanwhile is not the one that was asked for.
    known = {number: message for number, message in messages.items() if message.attempt_id == meant[number]}
    events = [(known[number], event) for number, told in answers.items() if number in known for event in told]
    words = [
        Word(message.message_id, message.attempt_id, event.result, min(event.at, now), event.permanent)
        for message, event in events
        if event.kind == "status"
    ]
    for message, event in events:
        if event.leaving is not None:
            take_leaving(connection, event.leaving, message, event.at, now)
    return take_words(connection, provider, words, known, now)


@dataclass(slots=True)
class Asked:
    """What a pass came to: messages asked for, and how many of them there was news of."""

    messages: int = 0
    news: int = 0


def ask_open(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    epoch: bytes,
    now: datetime,
    *,
    first_wait: timedelta,
    wait_for: WaitFor,
    go_on: Callable[[], bool] = lambda: True,
) -> Asked:
    """Ask for accepted messages of which no callback told the end: `first_wait` after they went, then ever more seldom.

    At most `QUESTIONS` messages of a provider; one that does not answer is left alone until the next pass.
    """
    done = Asked()
    for name, provider in providers.items():
        if not (provider.capabilities.can_be_asked and go_on()):
            continue
        database.write(partial(asking.wake_unanswered, provider=name, now=now))
        while database.write(partial(asking.pass_over, provider=name, now=now)) and go_on():
            pass
        with database.read() as connection:
            waiting = asking.open_messages(connection, name, now, limit=QUESTIONS)
        all_of_it = [_question(vault, epoch, each) for each in waiting]
        questions = [each for each in all_of_it if each.provider_id or each.wire_id]
        attempts = {each.attempt_id for each in all_of_it if each not in questions}
        for start in range(0, len(questions), SIDE_BY_SIDE):
            page = questions[start : start + SIDE_BY_SIDE]
            answers: Answers = wait_for(ask(provider, page))
            done.messages += len(page)
            attempts |= {each.attempt_id for each in page}
            done.news += database.write(partial(_note, provider=name, page=page, answers=answers, now=now))
            if len(answers) < len(page) or not go_on():
                break
        if attempts:
            database.write(partial(asking.asked, attempts=attempts, now=now, first_wait=first_wait))
    return done


def _note(connection: Connection, provider: str, page: Sequence[Question], answers: Answers, now: datetime) -> int:
    return take_answers(connection, provider, page, answers, now)


def _question(vault: Vault, epoch: bytes, message: Open) -> Question:
    """What to ask for. The wire id of somebody who is erased cannot be made again."""
    wire_id = ""
    if message.address_hash is not None:
        [wire_id] = wire_ids(
            vault.wire_key, epoch, message.channel, message.day, [message.message_id], [message.address_hash]
        )
    return Question(message.message_id, message.attempt_id, message.sent_at, wire_id, message.provider_id)
