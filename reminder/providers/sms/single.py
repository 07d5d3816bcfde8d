"""What the SMS providers share that take one message a call: their volleys, and the small parts of their callbacks."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

import httpx

from reminder.domain.consent import Leaving
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.providers.contract import Call, Callback, Capabilities, ProviderEvent, Told
from reminder.providers.http import HttpProvider, one_by_one
from reminder.providers.options import Option, Options

LONGEST_VOLLEY = 20
# Two volleys are under way, so that the connections stay busy while one of them is written down.
VOLLEYS = 2
CONNECTIONS = Option("connections", "How many messages may be under way at a time, 1 to 100.", "10")


def hook_url(provider: str) -> Option:
    """The setting that says where callbacks go."""
    sentence = f"Address that the provider calls back at; by default PUBLIC_URL/hooks/{provider}."
    return Option("hook_url", sentence)


class SingleSms(HttpProvider):
    """A provider that takes one message a call. `send_one` sends it, everything else of a volley is here."""

    channel: ClassVar[Channel] = Channel.SMS
    capabilities: Capabilities = Capabilities()

    def __init__(self, http: httpx.AsyncClient, *, connections: int, calls_back: bool) -> None:
        """`calls_back`: an address for callbacks is known; without one we hear neither of results nor of replies."""
        super().__init__(http)
        self._side_by_side = max(1, connections // VOLLEYS)
        self.capabilities = replace(
            type(self).capabilities,
            connections=min(VOLLEYS, connections),
            volley=volley_of(connections),
            webhooks=calls_back,
            inbound=calls_back,
        )

    async def send(self, call: Call) -> list[Receipt]:
        """Hand the messages over, each in a request of its own."""

        async def send_one(recipient: Recipient) -> Receipt:
            return await self.send_one(call, recipient)

        return await one_by_one(call, self._side_by_side, send_one)

    @abstractmethod
    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """Hand one message over. Raises `Unanswered` where no whole answer came."""


def volley_of(connections: int) -> int:
    """Messages of a volley: a few for each connection, so that they seldom stand still at its end."""
    return min(LONGEST_VOLLEY, 2 * connections)


def single(*, idempotent_seconds: int = 0, validity: bool = True) -> Capabilities:
    """The capabilities of such a provider with its default settings."""
    return Capabilities(
        volley=volley_of(int(CONNECTIONS.default)),
        connections=VOLLEYS,
        idempotent_seconds=idempotent_seconds,
        validity=validity,
        recipient_headers=False,
        webhooks=True,
        inbound=True,
    )


def connections_of(options: Options) -> int:
    """The setting `connections`."""
    return int(options.number("connections", 1, 100))


def seconds_left(call: Call, low: int, high: int) -> int:
    """Seconds for which a message still helps, within what the provider takes."""
    return max(low, min(high, int((call.not_after - call.now).total_seconds())))


def e164(number: str) -> str:
    """A number as E.164 with "+", whether it came with "+", "00" or bare; names and short codes as they are."""
    text = number.strip()
    digits = text.removeprefix("+").removeprefix("00")
    return f"+{digits}" if digits.isascii() and digits.isdigit() and len(digits) > 6 else text


def bare(number: str) -> str:
    """A number as those want it who take no "+"; names as they are."""
    return number.removeprefix("+")


def with_query(url: str, values: Mapping[str, str]) -> str:
    """An address with a query at its end."""
    return f"{url}?{urlencode(values)}"


def query_of(callback: Callback) -> str:
    """The query of a callback as it came, without "?"."""
    return callback.url.partition("?")[2].partition("#")[0]


def form_of(text: str) -> dict[str, str]:
    """Fields of a query or a form; of a repeated one the last counts."""
    return dict(parse_qsl(text, keep_blank_values=True))


def body_text(callback: Callback) -> str:
    """The body as text."""
    return callback.body.decode("utf-8", "replace")


def iso_instant(text: object, default: datetime) -> datetime:
    """An instant as providers write it (ISO 8601, or with a blank for the T), in UTC where no zone is said."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else default
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return default


@dataclass(frozen=True, slots=True)
class Ending:
    """What it means that a message did not arrive."""

    result: Result = Result.FAILED
    permanent: bool = False
    leaving: Leaving | None = None


# No message will ever arrive at this number.
DEAD = Ending(Result.BOUNCED, permanent=True)
# Not this time: switched off, full, out of reach, blocked for now.
AWAY = Ending(Result.BOUNCED)
# The message's or the route's fault; it says nothing of the number.
REFUSED = Ending()
LEFT = Ending(leaving=Leaving.STOP)


def told(ending: Ending, event: ProviderEvent) -> list[Told]:
    """The events of a message that did not arrive; `event` has what they share. One more where the person has left."""
    events: list[Told] = [replace(event, kind="status", result=ending.result, permanent=ending.permanent)]
    if ending.leaving is not None:
        events.append(replace(event, kind="left", result=ending.result, leaving=ending.leaving))
    return events
