"""The contract of a provider: send, verify, parse, look up; and what it can do, as attributes.

A provider is one file. It never retries, never decides what happens next, never touches the database: it
turns a call into receipts and a callback into events, in the provider's own words and nobody else's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol, Self

import httpx

from reminder.domain.consent import Closed, Leaving
from reminder.domain.message import Content, Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.errors import Trouble
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
    `look_up`: says afterwards, asked by our wire id, whether it took a message. `look_up_by_own_id`: says what became of
    one that it took, asked by the `provider_id` of the receipt, which is therefore kept. `validity`: takes an instant
    after which it gives up.
    `keeps_message_id`: our Message-ID reaches the reader. `recipient_headers`: each message has its own headers.
    `webhooks`: calls us back. `names_by_own_id`: its callbacks know a message only by the `provider_id` of the receipt,
    which is therefore kept. `inbound`: hands us what people answer. `suppressions`: keeps a list of its own of people
    whom it no longer writes to, and lets us read it. `real`: what it takes leaves this machine; False for folders.
    `conditions`: what its terms ask for beyond the law, in a sentence that doctor shows. `complaints_wall` and
    `bounces_wall`: from how many percent on it looks into an account or closes it (100 where it does not say).
    """

    batch_size: int = 1
    volley: int = 1
    connections: int = 1
    idempotent_seconds: int = 0
    look_up: bool = False
    look_up_by_own_id: bool = False
    validity: bool = False
    keeps_message_id: bool = False
    recipient_headers: bool = True
    webhooks: bool = False
    names_by_own_id: bool = False
    inbound: bool = False
    suppressions: bool = False
    real: bool = True
    conditions: str = ""
    complaints_wall: float = 100.0
    bounces_wall: float = 100.0

    @property
    def can_be_asked(self) -> bool:
        """Whether it says afterwards, more than a folder can, what became of what it took."""
        return self.real and (self.look_up or self.look_up_by_own_id)

    @property
    def keeps_own_ids(self) -> bool:
        """Whether the ids that it gives to messages must be kept."""
        return self.names_by_own_id or self.look_up_by_own_id


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
    """Something a provider told us of one message. `wire_id` names our message, or `provider_id` does where it cannot.

    `kind` is "status" where `result` says what became of it, "left" where the provider itself took the person off
    (`leaving` says how: then it is entered in our ledger, and not answered), "noted" for what changes nothing here, and
    "unknown" for what the adapter has never heard of. `permanent`: with BOUNCED, the address will never take anything;
    otherwise a soft bounce, of which a set number counts as one. `address` is whom it speaks of, where the provider says so.
    """

    kind: str
    result: Result
    at: datetime
    wire_id: str = ""
    provider_id: str = ""
    address: str = field(default="", repr=False)
    permanent: bool = False
    leaving: Leaving | None = None
    code: str = ""
    # What two deliveries of the same event have in common, where `wire_id`, `result` and `at` do not tell them apart.
    same: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """What somebody wrote to us. `sender` and `to` are addresses of `channel`: numbers in E.164.

    `in_reply_to` is the wire id of the message that it answers, where the provider or a Message-ID says so;
    `in_reply_to_id` is the `provider_id` of its receipt, where only that is said. `headers` of a mail have lower-case
    names. `provider_id` is the same when the provider tells it again; of a text that comes in parts, `part` is (number, of
    how many) and `provider_id` what the parts share. `handled`: the provider has already answered and acted on it (a STOP
    that Twilio took).
    """

    channel: Channel
    at: datetime
    sender: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    provider_id: str = ""
    in_reply_to: str = ""
    in_reply_to_id: str = ""
    subject: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    part: tuple[int, int] = (1, 1)
    handled: Leaving | None = None


Told = ProviderEvent | Inbound


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Somebody on a provider's own list of people whom it no longer writes to."""

    address: str = field(repr=False)
    reason: Closed
    since: datetime


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How a callback is answered so that the provider does not send it again, nor take the answer for a reply."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""


class BadSignature(Exception):
    """A callback that is not from the provider. It is answered with 400 and not stored. The text says why, and no more."""


class CannotTell(Exception):
    """A callback that cannot be verified now, for no fault of its own: answered with 503, so that it is sent again."""


class NotChecked(Exception):
    """Credentials that cannot be tried without sending something. The text says why."""


class MayNot(Trouble):
    """Something that the key is not allowed to do: to try it again with this key changes nothing."""


class Speaks(Protocol):
    """Whoever tells us things: a provider, or a mailbox."""

    def parse(self, callback: Callback) -> list[Told]:
        """What a verified callback says, unknown events with kind "unknown". Never raises, whatever the bytes are."""
        ...


class Provider(Speaks, Protocol):
    """One provider. `name` is its key in `REGISTRY`; `options` are the settings it takes.

    `capabilities` on the class are those of the default options; an object's own may differ.
    """

    name: ClassVar[str]
    channel: ClassVar[Channel]
    options: ClassVar[tuple[Option, ...]]
    acknowledgement: ClassVar[Acknowledgement]
    capabilities: Capabilities

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """The provider with these settings; opens nothing. Raises `BadSetting` that names the setting."""
        ...

    async def send(self, call: Call) -> list[Receipt]:
        """Hand the call over. One receipt per recipient, in any order; never raises for what a provider says.

        A message without a receipt counts as unclear; `RETRY` is only for what certainly was not taken. Fault
        `ACCOUNT` always comes with `RETRY`: nobody's message is lost because our password or sender is wrong. So does
        `MAILBOX`: a recipient alone who cannot take it now, which does not count against the provider.
        Ends within `CALL_LIMIT_SECONDS`. A call that is cancelled may still return the receipts it has, at once; where it
        does not, everything of it is unclear.
        """
        ...

    def bodies(self, call: Call) -> Sequence[bytes]:
        """What `send` hands over for a call, byte for byte: one body, or one for each recipient in their order.

        The same for the same call, whenever it is asked. Only with `capabilities.idempotent_seconds`.
        """
        ...

    async def verify(self, callback: Callback) -> None:
        """Raise `BadSignature` unless the callback is authentic: on the raw body, in constant time, before parsing.

        Whatever the bytes are, nothing else is raised, but `CannotTell` where what it takes cannot be had now. May fetch
        the provider's certificate, and agree to a subscription that the provider asks us to confirm.
        """
        ...

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """What became of a message, as its callbacks would tell it; nothing where the provider does not know it.

        `provider_id` is that of its receipt, where there is one. Only with `capabilities.look_up` (by `wire_id` alone) or
        `look_up_by_own_id`. Raises `Unanswered` where the provider cannot be asked now.
        """
        ...

    async def suppressions(self) -> Sequence[Suppressed]:
        """Everybody on the provider's own list. Only with `capabilities.suppressions`.

        Raises `MayNot` where the key is not allowed to read it, `Trouble` where that fails for another reason.
        """
        ...

    async def check(self) -> None:
        """Prove the credentials without sending: `Trouble` where they are wrong, `NotChecked` where there is no way."""
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...
