"""The contract of a provider: send, verify, parse, look up; and what it can do, as attributes.

A provider is one file. It never retries, never decides what happens next, never touches the database: it
turns a call into receipts and a callback into events, in the provider's own words and nobody else's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol, Self

import httpx

from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.options import Option, Options

# A call or a volley ends within this time, whatever the provider does: half a lease is twice as long.
CALL_LIMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do; the outbox asks here and never by name.

    `batch_size`: messages one call takes; 1 means single sends in volleys of at most `volley`.
    `connections`: how many volleys or calls the sender keeps under way side by side. A provider may spread one
    volley over several sockets of its own; what a crash leaves unclear is `connections` x `volley` (or batch).
    `idempotent_seconds`: for how long the same key with the same bytes is not sent twice (0: not at all).
    `look_up`: says afterwards whether it took a message. `validity`: takes an instant after which it gives up.
    `keeps_message_id`: our Message-ID reaches the reader. `recipient_headers`: each message has its own headers.
    `webhooks`: calls us back. `real`: what it takes leaves this machine; False for folders and the like.
    """

    batch_size: int = 1
    volley: int = 1
    connections: int = 1
    idempotent_seconds: int = 0
    look_up: bool = False
    validity: bool = False
    keeps_message_id: bool = False
    recipient_headers: bool = True
    webhooks: bool = False
    real: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt as a provider sees it.

    `still_ours` is asked just before each write, perhaps from another thread; when it answers False the provider
    gives up and returns `RETRY` for what it has certainly not written. `not_after` is the last instant that helps
    the readers. `recipients` are at most `batch_size`, or `volley` where that is 1.
    """

    attempt_id: int
    idempotency_key: str
    content: Content
    recipients: Sequence[Recipient]
    not_after: datetime
    now: datetime
    still_ours: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Callback:
    """A provider's HTTP request to us: raw body, lower-case header names, our public URL."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """Something a provider told us. `wire_id` names our message, or `provider_id` does where it cannot."""

    kind: str
    result: Result
    at: datetime
    wire_id: str = ""
    provider_id: str = ""
    permanent: bool = False
    code: str = ""
    raw: Mapping[str, object] = field(default_factory=dict)


class BadSignature(Exception):
    """A callback that is not from the provider. It is answered with 400 and not stored."""


class Provider(Protocol):
    """One provider. `name` is its key in `REGISTRY`; `options` are the settings it takes.

    `capabilities` on the class are those of the default options; an object's own may differ.
    """

    name: ClassVar[str]
    channel: ClassVar[Channel]
    options: ClassVar[tuple[Option, ...]]
    capabilities: Capabilities

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """The provider with these settings; opens nothing. Raises `BadSetting` that names the setting."""
        ...

    async def send(self, call: Call) -> list[Receipt]:
        """Hand the call over. One receipt per recipient, in any order; never raises for what a provider says.

        A message without a receipt counts as unclear; `RETRY` is only for what certainly was not taken. Fault
        `ACCOUNT` always comes with `RETRY`: nobody's message is lost because our password or sender is wrong.
        Ends within `CALL_LIMIT_SECONDS`. When it is cancelled, everything without a receipt is unclear.
        """
        ...

    def verify(self, callback: Callback) -> None:
        """Raise `BadSignature` unless the callback is authentic; raw body, constant time."""
        ...

    def parse(self, callback: Callback) -> list[ProviderEvent]:
        """The events of a verified callback, unknown ones with kind "unknown"."""
        ...

    async def look_up(self, wire_id: str, *, sent_at: datetime) -> Result | None:
        """What became of a message, or None where the provider does not know it. Only with `capabilities.look_up`."""
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...
