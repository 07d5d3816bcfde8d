"""A call whose answer never came, made once more: with the same key and the very same bytes, or not at all.

Only providers that take such a call once, however often it comes, declare `idempotent_seconds`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

import structlog

from reminder.domain.limits import NO_LIMITS
from reminder.domain.message import Receipt
from reminder.domain.states import Verdict
from reminder.outbox.answers import closings
from reminder.outbox.asking import SIDE_BY_SIDE, WaitFor
from reminder.outbox.recipients import Recipients
from reminder.outbox.views import CANNOT_BE_BUILT, Contents
from reminder.providers.contract import CALL_LIMIT_SECONDS, Call, Provider
from reminder.store import brake, capacity, heard, replaying
from reminder.store.columns import instant
from reminder.store.database import Connection, Database
from reminder.store.handover import Begun
from reminder.store.people.ledger import close
from reminder.store.replaying import Repeated

log = structlog.get_logger()
# Its last byte must have left well before the key is forgotten, and before it counts as given up.
LEAVES_WITHIN = timedelta(seconds=CALL_LIMIT_SECONDS)


def digests(provider: Provider, call: Call) -> list[bytes]:
    """SHA-256 of each body that a call sends."""
    return [sha256(body).digest() for body in provider.bodies(call)]


@dataclass(frozen=True, slots=True)
class Repeats:
    """What makes a call anew as it was. `ask_after`: how long after an answer the provider is asked what became of it."""

    database: Database
    contents: Contents
    recipients: Recipients
    ask_after: timedelta
    # Seconds that pass whatever the wall clock does.
    monotonic: Callable[[], float] = time.monotonic

    def repeat(
        self, providers: Mapping[str, Provider], now: datetime, *, wait_for: WaitFor, go_on: Callable[[], bool]
    ) -> tuple[int, int]:
        """Repeat what may be repeated now; how many messages were taken, and how many refused."""
        taken = refused = 0
        for name, provider in providers.items():
            while go_on() and (made := self._next_calls(name, provider, now)):
                answers = wait_for(_send_all(provider, [call for _, call in made]))
                settled = 0
                for (repeated, _), receipts in zip(made, answers, strict=True):
                    write = partial(
                        self._write, provider=provider, name=name, repeated=repeated, receipts=receipts, now=now
                    )
                    counts = self.database.write(write)
                    taken, refused = taken + counts[Verdict.ACCEPTED], refused + counts[Verdict.REJECTED]
                    settled += sum(counts.values())
                if not settled:
                    # It does not answer: it is not waited for once more for each of its calls.
                    break
        return taken, refused

    def _next_calls(self, name: str, provider: Provider, now: datetime) -> list[tuple[Repeated, Call]]:
        window = provider.capabilities.idempotent_seconds
        if not window:
            return []
        since = now - timedelta(seconds=window) + LEAVES_WITHIN
        with self.database.read() as connection:
            if capacity.out_until(connection, name, NO_LIMITS, now) is not None:
                return []
            ids = replaying.unanswered(connection, name, since=since, now=now, limit=SIDE_BY_SIDE)
        whole = provider.capabilities.batch_size > 1
        calls = []
        for attempt_id in ids:
            started = self.monotonic()
            begin = partial(replaying.begin, attempt_id=attempt_id, now=now, whole=whole)
            repeated = self.database.write(begin)
            call = self._call(provider, repeated, now, started) if repeated else None
            if repeated and call:
                calls.append((repeated, call))
        return calls

    def _call(self, provider: Provider, repeated: Repeated, now: datetime, started: float) -> Call | None:
        """The call as it was; None, once and for all, where it cannot be made with the same bytes."""
        call = self._made(repeated, now, started)
        if call is not None and set(digests(provider, call)) <= repeated.kept:
            return call
        log.info("not_repeated", attempt=repeated.attempt_id, provider=provider.name, reason="other bytes")
        self.database.write(partial(replaying.never_again, attempt_id=repeated.attempt_id))
        return None

    def _made(self, repeated: Repeated, now: datetime, started: float) -> Call | None:
        claimed = repeated.claimed
        with self.database.read() as connection:
            try:
                content = self.contents.of(connection, claimed)
            except CANNOT_BE_BUILT:
                return None
        built, failed = self.recipients.build(claimed, content, repeated.ready, rendered_at=repeated.rendered_at)
        if failed:
            return None
        gives_up = started + CALL_LIMIT_SECONDS / 2
        return Call(
            attempt_id=repeated.attempt_id,
            idempotency_key=self.recipients.key(claimed.batch_id, repeated.no),
            content=content,
            recipients=built,
            not_after=instant(min(message.not_after for message in repeated.ready)),
            now=now,
            still_ours=lambda: self.monotonic() < gives_up,
        )

    def _write(
        self,
        connection: Connection,
        provider: Provider,
        name: str,
        repeated: Repeated,
        receipts: Sequence[Receipt],
        now: datetime,
    ) -> dict[Verdict, int]:
        able = provider.capabilities
        ask_at = now + self.ask_after if able.can_be_asked else None
        counts = replaying.write_answer(connection, repeated, receipts, now, ask_at=ask_at)
        begun = Begun(repeated.attempt_id, ready=list(repeated.ready))
        close(connection, closings(repeated.claimed.channel, begun, receipts, now), now, name)
        if counts[Verdict.ACCEPTED]:
            brake.count(connection, name, now, accepted=counts[Verdict.ACCEPTED])
        if able.keeps_own_ids:
            heard.keep_provider_ids(connection, name, repeated.attempt_id, receipts)
        return counts


async def _send_all(provider: Provider, calls: Sequence[Call]) -> list[Sequence[Receipt]]:
    async def send(call: Call) -> Sequence[Receipt]:
        try:
            return await provider.send(call)
        except Exception as error:  # noqa: BLE001 - whatever it was, its messages stay unclear and the others go on
            log.error("provider_failed", provider=provider.name, attempt=call.attempt_id, kind=type(error).__name__)
            return ()

    return await asyncio.gather(*map(send, calls))
