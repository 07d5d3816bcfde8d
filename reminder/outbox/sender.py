"""The sender: claim a batch, begin an attempt after the last check, hand over, write the answer.

Three steps an attempt: gather (one hop to a thread: write the former answer, check, commit as sending, decrypt, render),
`await provider.send`, and so on. The answer of one attempt and the beginning of the next share a commit.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.clock import Clock
from reminder.domain.limits import NO_LIMITS, Limits
from reminder.domain.message import Content, Receipt
from reminder.domain.states import Channel, Reason, Verdict
from reminder.errors import Trouble
from reminder.outbox.answers import closings, judge, retries
from reminder.outbox.paying import Paying
from reminder.outbox.recipients import Recipients
from reminder.outbox.repeating import digests
from reminder.outbox.views import CANNOT_BE_BUILT, Contents
from reminder.providers.contract import Call, Provider
from reminder.store import brake, capacity, handover, heard, lastchecks, lists, records
from reminder.store.asking import ask_later
from reminder.store.batches import next_send_at
from reminder.store.columns import instant
from reminder.store.database import Connection, Database
from reminder.store.handover import Begun, Claimed
from reminder.store.people.ledger import close
from reminder.store.replaying import keep_bodies
from reminder.store.vault import Vault

log = structlog.get_logger()
SLICES_WITHOUT_ANYBODY = 50
# How long a batch waits for a provider whose own list was never read.
LIST_WAIT = timedelta(seconds=15)
# How long to wait before an answer is written once more, when the database does not take it: together less than a lease.
ANSWER_WAITS_SECONDS = (0.2, 1.0, 5.0, 15.0, 30.0)


@dataclass(slots=True)
class Sent:
    """What a run of the sender came to, by verdict."""

    accepted: int = 0
    rejected: int = 0
    retry: int = 0
    unclear: int = 0
    dropped: int = 0
    batches: int = 0

    def add(self, counts: Mapping[Verdict, int], dropped: int) -> None:
        """Count the verdicts of an attempt, and what the last check refused."""
        self.accepted += counts.get(Verdict.ACCEPTED, 0)
        self.rejected += counts.get(Verdict.REJECTED, 0)
        self.retry += counts.get(Verdict.RETRY, 0)
        self.unclear += counts.get(Verdict.AMBIGUOUS, 0)
        self.dropped += dropped


@dataclass(slots=True)
class _Progress:
    """Where a lane stands in its batch."""

    claimed: Claimed
    provider: Provider
    content: Content
    after: int = 0
    no: int = 0
    begun: Begun | None = None
    receipts: Sequence[Receipt] = ()
    # What the transaction under way came to: counted when it is durable.
    counts: Mapping[Verdict, int] = field(default_factory=dict)
    dropped: int = 0


@dataclass(slots=True)
class _Turn:
    """What a hop to the thread gives back: a call to make, or the end of the batch."""

    call: Call | None = None
    begun: Begun | None = None


@dataclass(slots=True)
class Sender:
    """Works through the open batches of all channels. `routes`: per channel, the providers in order; `sms_routes`: those of
    the countries that have an order of their own."""

    database: Database
    vault: Vault
    contents: Contents
    recipients: Recipients
    routes: Mapping[Channel, Sequence[Provider]]
    # By provider; one that is not in it has none.
    limits: Mapping[str, Limits]
    clock: Clock
    owner: str
    # Seconds that pass whatever the wall clock does: what a lease is measured by.
    monotonic: Callable[[], float] = time.monotonic
    sms_routes: Mapping[str, Sequence[Provider]] = field(default_factory=dict)
    paying: Paying = field(default_factory=Paying)
    # How long after its answer a provider is asked what became of an attempt.
    ask_after: timedelta = timedelta(hours=4)
    sent: Sent = field(default_factory=Sent)
    stopping: bool = False

    def lanes(self) -> dict[str, Channel]:
        """Owner names of the lanes that work side by side, and their channel: as many as a provider has connections."""
        everybody = {channel: list(providers) for channel, providers in self.routes.items()}
        for providers in self.sms_routes.values():
            everybody.setdefault(Channel.SMS, []).extend(providers)
        return {
            f"{self.owner}/{channel.name.lower()}{number}": channel
            for channel, providers in everybody.items()
            if providers
            for number in range(max(provider.capabilities.connections for provider in providers))
        }

    async def drain(self) -> Sent:
        """Hand over everything that is due now, then return what came of it."""
        self.sent = Sent()
        lanes = (self._drain_lane(channel, owner) for owner, channel in self.lanes().items())
        # A lane that fails waits for the others: what they have under way still gets its answer.
        for fault in await asyncio.gather(*lanes, return_exceptions=True):
            if fault is not None:
                raise fault
        return self.sent

    async def _drain_lane(self, channel: Channel, owner: str) -> None:
        while await self.one_batch(channel, owner):
            pass

    async def one_batch(self, channel: Channel, owner: str) -> bool:
        """Claim the most urgent batch of a channel and hand it over; False when there was none to take."""
        claimed, provider = await asyncio.to_thread(self._claim, channel, owner)
        if claimed is None or provider is None:
            return claimed is not None
        content = await asyncio.to_thread(self._content, claimed)
        if content is None:
            return True
        progress = _Progress(claimed, provider, content, no=claimed.attempts)
        while True:
            turn = await self._next_turn(progress)
            if turn.call is None:
                break
            progress.begun = turn.begun
            progress.receipts = await self._hand_over(provider, turn.call)
        self.sent.batches += 1
        return True

    async def _next_turn(self, progress: _Progress) -> _Turn:
        """What a provider answered is known to nobody else: to write it is tried again while the database refuses."""
        for seconds in ANSWER_WAITS_SECONDS:
            try:
                return await asyncio.to_thread(self._turn, progress)
            except Trouble as trouble:
                if progress.begun is None:
                    raise
                log.warning("answer_not_written", attempt=progress.begun.attempt_id, reason=trouble.reason)
            await asyncio.sleep(seconds)
        return await asyncio.to_thread(self._turn, progress)

    def rest(self, channel: Channel, longest: float) -> float:
        """Seconds until a batch of a channel may go, at most `longest`: how long a lane that found nothing may wait."""
        now = self.clock.now()
        with self.database.read() as connection:
            due = next_send_at(connection, channel, now)
        return longest if due is None else min(longest, max(0.1, (due - now).total_seconds()))

    async def _hand_over(self, provider: Provider, call: Call) -> Sequence[Receipt]:
        """The provider's receipts; where it fails in a way of its own, everybody of the call is unclear."""
        try:
            return await provider.send(call)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request may have left
            log.error("provider_failed", provider=provider.name, attempt=call.attempt_id, kind=type(error).__name__)
            return ()

    def _claim(self, channel: Channel, owner: str) -> tuple[Claimed | None, Provider | None]:
        """A batch, if there is one, and the first provider of its route that takes messages.

        Where none does, the batch waits for the one that does first.
        """
        now = self.clock.now()
        with self.database.read() as connection:
            if not handover.anything_to_claim(connection, channel, now):
                return None, None

        def choose(connection: Connection) -> tuple[Claimed | None, Provider | None]:
            claimed = handover.claim(connection, channel, owner, now)
            if claimed is None:
                return None, None
            provider, takes_from = self._first_open(connection, claimed, now)
            if provider is None:
                handover.give_back(connection, claimed, takes_from)
            return claimed, provider

        return self.database.write(choose)

    def _first_open(self, connection: Connection, claimed: Claimed, now: datetime) -> tuple[Provider | None, datetime]:
        """The first provider of the batch's route that takes messages, or None and when the first of them does again.

        What organisers must know goes even by one that was stopped for its campaigns, where no other takes it.
        """
        waits = []
        by_country = self.sms_routes.get(claimed.route) if claimed.channel is Channel.SMS else None
        route = by_country or self.routes[claimed.channel]
        for even_stopped in (False, True) if self._to_office(claimed) else (False,):
            for provider in route:
                if self._waits_for_its_list(connection, provider, claimed):
                    waits.append(now + LIST_WAIT)
                    continue
                limits = self._limits(provider)
                until = capacity.out_until(connection, provider.name, limits, now, even_stopped=even_stopped)
                if until is None:
                    return provider, now
                waits.append(until)
        return None, min(waits)

    def _waits_for_its_list(self, connection: Connection, provider: Provider, claimed: Claimed) -> bool:
        """Its own list of people whom it no longer writes to comes first; it concerns supporters alone."""
        return (
            provider.capabilities.suppressions
            and not self._to_office(claimed)
            and lists.is_unread(connection, provider.name)
        )

    @staticmethod
    def _to_office(claimed: Claimed) -> bool:
        return claimed.kind in lastchecks.TO_ORGANISERS

    def _limits(self, provider: Provider) -> Limits:
        return self.limits.get(provider.name, NO_LIMITS)

    def _content(self, claimed: Claimed) -> Content | None:
        """The rendered content; a batch that cannot be rendered is set aside with its reason."""
        with self.database.read() as connection:
            # Inside of the connection: a database that does not answer is no fault of the content.
            try:
                return self.contents.of(connection, claimed)
            except CANNOT_BE_BUILT as fault:
                told = {"reason": fault.reason, "thing": fault.thing} if isinstance(fault, Trouble) else {}
                log.error("batch_set_aside", batch=claimed.batch_id, kind=type(fault).__name__, **told)
                because = f"{fault.thing} {fault.reason}" if isinstance(fault, Trouble) else type(fault).__name__
        self.sent.dropped += self.database.write(lambda connection: records.set_aside(connection, claimed, because))
        return None

    def _turn(self, progress: _Progress) -> _Turn:
        """Write the former answer, begin the next attempt, build its call; in one commit but for the building."""
        started = self.monotonic()
        while True:
            begun = self.database.write(partial(self._write_turn, progress))
            self.sent.add(progress.counts, progress.dropped)
            progress.begun, progress.receipts = None, ()
            if begun.attempt_id == 0:
                return _Turn()
            progress.after, progress.no = begun.last_looked, begun.no
            call = self._build(progress, begun, started)
            if call.recipients:
                return _Turn(call, begun)
            # Nobody of this slice could be built: its attempt is answered with nothing, and the next slice follows.
            progress.begun = begun

    def _write_turn(self, progress: _Progress, connection: Connection) -> Begun:
        claimed, now = progress.claimed, self.clock.now()
        progress.counts, progress.dropped = {}, 0
        self.paying.hold(connection, claimed)
        if progress.begun is not None:
            progress.counts = self._write_answer(connection, progress, progress.begun)
        # Before the batch, as a stop does it: two that lock in the same order never wait for each other.
        lastchecks.lock_campaigns(connection, claimed)
        if not handover.hold_batch(connection, claimed, now):
            return Begun(lost=True)
        if self.stopping:
            handover.finish_batch(connection, claimed)
            return Begun()
        limit = self._slice(progress.provider)
        limits, even_stopped = self._limits(progress.provider), self._to_office(claimed)
        room = capacity.reserve(connection, progress.provider.name, limit, limits, now, even_stopped=even_stopped)
        if room.granted == 0:
            self._wait_for_room(connection, progress, room.wait_until or now + timedelta(seconds=1), now)
            return Begun()
        after = progress.after
        for _ in range(SLICES_WITHOUT_ANYBODY):
            begun = lastchecks.look(connection, claimed, after=after, limit=room.granted, now=now)
            records.write_dropped(connection, claimed, begun)
            records.write_shrunk(connection, claimed, begun, now)
            progress.dropped += sum(len(pairs) for pairs in begun.dropped.values())
            name, content = progress.provider.name, progress.content
            progress.dropped += self.paying.leave_payable(connection, claimed, content, name, begun, now)
            if begun.ready:
                self._return_room(connection, progress, room.granted - len(begun.ready))
                keeps = progress.provider.capabilities.idempotent_seconds > 0
                handover.begin_attempt(
                    connection, claimed, begun, no=progress.no + 1, provider=name, now=now, keeps=keeps
                )
                self.paying.keep(connection, claimed, content, name, begun)
                return begun
            if begun.exhausted or begun.late:
                break
            after = begun.last_looked
        self._return_room(connection, progress, room.granted)
        handover.finish_batch(connection, claimed)
        return Begun()

    def _return_room(self, connection: Connection, progress: _Progress, unused: int) -> None:
        capacity.give_back(connection, progress.provider.name, unused, self._limits(progress.provider))

    def _wait_for_room(self, connection: Connection, progress: _Progress, wait_until: datetime, now: datetime) -> None:
        """Give the batch back: to the next provider at once, where this one is out; else until there is room."""
        provider, takes_from = self._first_open(connection, progress.claimed, now)
        handover.give_back(connection, progress.claimed, wait_until if provider is progress.provider else takes_from)

    @staticmethod
    def _slice(provider: Provider) -> int:
        able = provider.capabilities
        return able.batch_size if able.batch_size > 1 else able.volley

    def _build(self, progress: _Progress, begun: Begun, started: float) -> Call:
        rendered_at = self.clock.now()
        built, failed = self.recipients.build(progress.claimed, progress.content, begun.ready, rendered_at=rendered_at)
        if failed:
            log.error("messages_set_aside", messages=[message.message_id for message in failed], reason="not decrypted")
            self.database.write(
                lambda connection: records.cancel(
                    connection,
                    progress.claimed,
                    [message.message_id for message in failed],
                    [message.subscriber_id for message in failed],
                    Reason.NOT_BUILT,
                )
            )
            begun.ready = [message for message in begun.ready if message not in failed]
        gives_up = started + handover.lease_margin().total_seconds()
        call = Call(
            attempt_id=begun.attempt_id,
            idempotency_key=self.recipients.key(progress.claimed.batch_id, begun.no),
            content=progress.content,
            recipients=built,
            not_after=instant(min((message.not_after for message in begun.ready), default=0)),
            now=rendered_at,
            still_ours=lambda: self.monotonic() < gives_up and not self.stopping,
        )
        if progress.provider.capabilities.idempotent_seconds and built:
            kept = digests(progress.provider, call)
            if not self.database.write(lambda c: keep_bodies(c, begun.attempt_id, kept, rendered_at)):
                # Given up meanwhile, as one of which nothing has left.
                return replace(call, still_ours=lambda: False)
        return call

    def _write_answer(self, connection: Connection, progress: _Progress, begun: Begun) -> Mapping[Verdict, int]:
        now, claimed, provider = self.clock.now(), progress.claimed, progress.provider
        troubled = [receipt for receipt in progress.receipts if receipt.verdict is not Verdict.ACCEPTED]
        details = "\n".join(f"message {each.message_id}: {each.code} {each.detail}" for each in troubled)
        counts = records.write_receipts(
            connection,
            claimed,
            begun,
            progress.receipts,
            retry_at=retries(claimed, begun, troubled, now),
            detail_ct=self.vault.encrypt(details, b"detail") if details else None,
            now=now,
        )
        self.paying.settle(connection, begun, counts)
        close(connection, closings(claimed.channel, begun, troubled, now), now, provider.name)
        if counts[Verdict.ACCEPTED]:
            brake.count(connection, provider.name, now, accepted=counts[Verdict.ACCEPTED])
        if provider.capabilities.keeps_own_ids:
            heard.keep_provider_ids(connection, provider.name, begun.attempt_id, progress.receipts)
        if provider.capabilities.can_be_asked:
            ask_later(connection, begun.attempt_id, now + self.ask_after)
        # A call that our own end cut short says nothing of the provider.
        if not self.stopping:
            judge(connection, provider.name, troubled, counts, now)
        return counts
