"""What callbacks say, applied: results rise, dead addresses close, unclear messages are settled, replies are handed on.

Applied again, in any order, after a crash in the middle: the end is the same. A page of callbacks is one transaction.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from reminder.domain.addresses import normal_email
from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.domain.wire import message_of, wire_ids
from reminder.errors import Trouble
from reminder.events.intake import PURPOSE, read
from reminder.events.supporters import leave
from reminder.providers.contract import Inbound, ProviderEvent, Speaks
from reminder.providers.email.mailbox import NAME as MAILBOX
from reminder.store import heard, hooks
from reminder.store.database import Connection, Database
from reminder.store.heard import Known
from reminder.store.hooks import Raw
from reminder.store.instance import wait_because
from reminder.store.people.addresses import Address
from reminder.store.people.ledger import Closing, close
from reminder.store.results import Word
from reminder.store.vault import Vault
from reminder.store.words import CLOSED_BY, take_words

log = structlog.get_logger()
# A page is one transaction: 40 ms for as many events, 15 where callbacks that come in meanwhile wait for the writer.
EVENTS_AT_ONCE, EVENTS_IN_DEMAND = 1_000, 250
# A provider may tell of a message before we have written down the id that it gave it.
RECEIPT_COMES_WITHIN = timedelta(minutes=10)
BEHIND = "a provider tells of messages that this database never made: it may be an older copy"


@dataclass(slots=True)
class Applied:
    """What a pass over the stored callbacks came to. `foreign`: events about messages that are none of ours."""

    callbacks: int = 0
    events: int = 0
    news: int = 0
    replies: int = 0
    foreign: int = 0
    unreadable: int = 0


@dataclass(slots=True)
class _Page:
    """Callbacks read and taken apart. `counts`: how many things each of those that are understood tells, by its id."""

    number: int = 0
    counts: dict[int, int] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)
    events: dict[str, list[tuple[Raw, ProviderEvent]]] = field(default_factory=lambda: defaultdict(list))
    replies: list[tuple[Raw, Inbound]] = field(default_factory=list)

    def ask_more(self, noted: "_Noted") -> set[int]:
        """Callbacks (by id) that are not done with when their events are noted."""
        return noted.early | {number for number, *_ in noted.left} | {raw.id for raw, _ in self.replies}


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What is needed to understand a callback. `reply` is called once or more for each thing that somebody wrote."""

    database: Database
    vault: Vault
    providers: Mapping[str, Speaks]
    epoch: bytes
    reply: Callable[[str, Inbound, datetime], None]

    def apply_waiting(self, now: datetime, *, go_on: Callable[[], bool] = lambda: True) -> Applied:
        """Apply every stored callback that waits, page by page; those that come during the last page wait for the next call."""
        applied, after, more = Applied(), 0, True
        while more and go_on():
            most = EVENTS_IN_DEMAND if self.database.is_in_demand() else EVENTS_AT_ONCE
            with self.database.read() as connection:
                raws = hooks.waiting(connection, after=after, limit=most)
            if not raws:
                break
            after = self._apply(raws, most, now, applied)
            more = after != raws[-1].id or len(raws) == most
        return applied

    def _apply(self, raws: Sequence[Raw], most: int, now: datetime, applied: Applied) -> int:
        """One page, of fewer callbacks where they hold many events; returns the id of its last."""
        page, last = _Page(), 0
        for raw in raws:
            self._take_apart(page, raw)
            last = raw.id
            if page.number >= most:
                break
        noted = self.database.write(partial(self._note, page=page, now=now))
        for early in noted.early:
            page.counts.pop(early, None)
        for _, leaving, who, at in noted.left:
            leave(self.database, leaving, who, min(at, now))
        for raw, inbound in page.replies:
            if raw.id in page.counts:
                self._reply(page, raw, inbound, now)
        rest = {number: page.counts[number] for number in page.ask_more(noted) if number in page.counts}
        if rest or page.unreadable:
            self.database.write(partial(_finish, counts=rest, unreadable=page.unreadable))
        applied.callbacks += len(page.counts)
        applied.events += sum(map(len, page.events.values()))
        applied.news += noted.news
        applied.foreign += noted.foreign
        applied.replies += len(page.replies)
        applied.unreadable += len(page.unreadable)
        return last

    def _take_apart(self, page: _Page, raw: Raw) -> None:
        provider = self.providers.get(raw.provider)
        try:
            callback = read(self.vault.unseal(raw.callback_ct, PURPOSE))
            told = [] if provider is None else provider.parse(callback)
        except Exception as error:  # noqa: BLE001 - one callback must never stop the others; it can be replayed
            log.error("callback_unreadable", provider=raw.provider, callback=raw.id, kind=type(error).__name__)
            page.unreadable.append(raw.id)
            return
        if provider is None:
            # Taken out of the settings since: it waits for the day on which it is back.
            page.unreadable.append(raw.id)
            return
        page.counts[raw.id] = len(told)
        page.number += len(told)
        for each in told:
            if isinstance(each, Inbound):
                page.replies.append((raw, each))
            else:
                page.events[raw.provider].append((raw, each))

    def _reply(self, page: _Page, raw: Raw, inbound: Inbound, now: datetime) -> None:
        """Hand one reply on; what fails in it stops no other, but a database that does not answer stops all."""
        try:
            self.reply(raw.provider, inbound, now)
        except Trouble:
            raise
        except Exception as error:  # noqa: BLE001 - it is kept and can be replayed
            log.error("reply_not_applied", provider=raw.provider, callback=raw.id, kind=type(error).__name__)
            page.counts.pop(raw.id, None)
            page.unreadable.append(raw.id)

    def _note(self, connection: Connection, page: _Page, now: datetime) -> "_Noted":
        """What a page tells of messages; callbacks that tell nothing else are done with in the same transaction."""
        noted = _Noted()
        for provider, events in page.events.items():
            _note(connection, noted, provider, events, vault=self.vault, epoch=self.epoch, now=now)
        ask_more = page.ask_more(noted)
        hooks.done(connection, {number: n for number, n in page.counts.items() if number not in ask_more})
        return noted


def _finish(connection: Connection, counts: dict[int, int], unreadable: Sequence[int]) -> None:
    hooks.done(connection, counts)
    hooks.unreadable(connection, unreadable)


def said_address(vault: Vault, channel: Channel, text: str) -> Address:
    """The address that a provider names: an email address as it stands, or a number in E.164."""
    return Address(channel, vault.address_hash(channel, normal_email(text) if channel is Channel.EMAIL else text))


@dataclass(slots=True)
class _Noted:
    """What the events of a page came to. `left` is for after the transaction, `early` are callbacks (by id) about a
    message whose receipt is not written yet; both name the callback by its id."""

    news: int = 0
    foreign: int = 0
    left: list[tuple[int, Leaving, Address, datetime]] = field(default_factory=list)
    early: set[int] = field(default_factory=set)


def _note(
    connection: Connection,
    noted: _Noted,
    provider: str,
    events: Sequence[tuple[Raw, ProviderEvent]],
    *,
    vault: Vault,
    epoch: bytes,
    now: datetime,
) -> None:
    """Note what one provider tells."""
    words = []
    ours = _ours(connection, provider, [event for _, event in events], vault, epoch)
    for raw, event in events:
        message = ours.get(_name(event))
        if message is None and event.provider_id and not event.wire_id and now - raw.received_at < RECEIPT_COMES_WITHIN:
            noted.early.add(raw.id)
            continue
        if message is None:
            _note_foreign(connection, noted, provider, raw, event, vault)
            continue
        if event.kind == "left" and event.leaving is not None and message.address_hash is not None:
            noted.left.append((raw.id, event.leaving, Address(message.channel, message.address_hash), event.at))
        if event.kind == "status":
            words.append(
                Word(
                    message.message_id, _attempt(connection, provider, message), event.result, event.at, event.permanent
                )
            )
    noted.news += take_words(connection, provider, words, {each.message_id: each for each in ours.values()}, now)


def genuine_message(
    connection: Connection, provider: str, wire_id: str, provider_id: str, vault: Vault, epoch: bytes, now: datetime
) -> Known | None:
    """The message that a wire id names, if its MAC fits; else the one that this provider gave this id to."""
    named = [ProviderEvent("noted", Result.UNKNOWN, now, wire_id=wire_id)] if wire_id else []
    by_id = [ProviderEvent("noted", Result.UNKNOWN, now, provider_id=provider_id)] if provider_id else []
    found = _ours(connection, provider, [*named, *by_id], vault, epoch)
    return found.get(wire_id) or found.get(f"id:{provider_id}")


def _name(event: ProviderEvent) -> str:
    return event.wire_id or f"id:{event.provider_id}"


def _ours(
    connection: Connection, provider: str, events: Sequence[ProviderEvent], vault: Vault, epoch: bytes
) -> dict[str, Known]:
    """By wire id (or "id:" and the provider's), the messages that are spoken of; only where the wire id is genuine."""
    by_provider = heard.messages_of_ids(
        connection, provider, {event.provider_id for event in events if not event.wire_id and event.provider_id}
    )
    named = {event.wire_id: number for event in events if (number := message_of(event.wire_id)) is not None}
    messages = heard.known_messages(connection, {*named.values(), *by_provider.values()})
    found = {f"id:{name}": messages[number] for name, number in by_provider.items() if number in messages}
    alike: dict[tuple[Channel, int], list[tuple[str, Known]]] = defaultdict(list)
    for wire_id, number in named.items():
        message = messages.get(number)
        if message is not None and message.address_hash is not None:
            alike[message.channel, message.day].append((wire_id, message))
    for (channel, day), pairs in alike.items():
        hashes = [message.address_hash or b"" for _, message in pairs]
        genuine = wire_ids(vault.wire_key, epoch, channel, day, [message.message_id for _, message in pairs], hashes)
        found |= {wire_id: message for (wire_id, message), made in zip(pairs, genuine, strict=True) if wire_id == made}
    return found


def _note_foreign(
    connection: Connection, noted: _Noted, provider: str, raw: Raw, event: ProviderEvent, vault: Vault
) -> None:
    """A message of another history: its own address is still believed, where the provider names it.

    A wire id in our own form that fits nothing means that a newer copy of this database went on somewhere: nothing is
    sent until somebody looks. An erased person's message is only no longer known. Anybody can write us a mail, so of
    mails only those that name a genuine wire id are believed.
    """
    if event.kind in {"noted", "unknown"}:
        return
    noted.foreign += 1
    if provider == MAILBOX:
        return
    number = message_of(event.wire_id)
    if number is not None and not heard.is_erased(connection, number):
        wait_because(connection, BEHIND)
        log.error("ledger_behind", remedy="compare this database with the newest backup")
    if not event.address:
        return
    address = said_address(vault, _channel_of(event.address), event.address)
    certain = event.permanent or event.result is Result.COMPLAINED
    reason = CLOSED_BY.get(event.result) if event.kind == "status" and certain else None
    if reason is not None:
        close(connection, [Closing(address, reason, event.at)], event.at, event.result.name.lower())
    elif event.leaving is not None:
        noted.left.append((raw.id, event.leaving, address, event.at))


def _channel_of(address: str) -> Channel:
    return Channel.EMAIL if "@" in address else Channel.SMS


def _attempt(connection: Connection, provider: str, message: Known) -> int:
    """The attempt that this provider speaks of: the one under way, where its answer is not written yet."""
    if message.provider == provider:
        return message.attempt_id
    return heard.attempt_under_way(connection, provider, message.message_id) or message.attempt_id
