"""A provider that talks: its callbacks are JSON lists of what a test wants it to say, signed with one secret."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

from reminder.domain.consent import Leaving
from reminder.domain.states import Channel, Result
from reminder.providers.contract import BadSignature, Callback, Capabilities, Inbound, ProviderEvent, Told
from tests.fakes.scripted import Scripted

HOOK_SECRET = "hook-secret"
CAN = Capabilities(batch_size=500, webhooks=True, inbound=True, keeps_message_id=True, real=False)


@dataclass
class Talking(Scripted):
    """`Scripted`, and it calls back."""

    name: str = "talking"
    capabilities: Capabilities = CAN

    async def verify(self, callback: Callback) -> None:
        if callback.headers.get("x-secret") != HOOK_SECRET:
            raise BadSignature("the secret does not fit")

    def parse(self, callback: Callback) -> list[Told]:
        told: list[Told] = []
        for said in orjson.loads(callback.body):
            at = datetime.fromisoformat(said.pop("at"))
            if said.pop("is") == "inbound":
                handled = Leaving(said.pop("handled")) if said.get("handled") else None
                part = tuple(said.pop("part", (1, 1)))
                more = {name: value for name, value in said.items() if name not in {"channel", "handled"}}
                told.append(Inbound(Channel(said["channel"]), at, handled=handled, part=(part[0], part[1]), **more))
            else:
                leaving = Leaving(said.pop("leaving")) if said.get("leaving") else None
                said.pop("leaving", None)
                told.append(ProviderEvent(result=Result(said.pop("result")), at=at, leaving=leaving, **said))
        return told


def status(wire_id: str, result: Result, at: datetime, **more: Any) -> dict[str, Any]:
    """What became of a message."""
    return {"is": "event", "kind": "status", "wire_id": wire_id, "result": int(result), "at": at.isoformat()} | more


def inbound(inbound: Inbound) -> dict[str, Any]:
    """Something that somebody wrote."""
    said = asdict(inbound)
    return {"is": "inbound", **said, "at": inbound.at.isoformat(), "channel": int(inbound.channel)}


def callback(said: Sequence[dict[str, Any]], at: datetime, *, secret: str = HOOK_SECRET) -> Callback:
    """The request that says these things."""
    return Callback(
        "POST", "https://letters.example.org/hooks/talking", {"x-secret": secret}, orjson.dumps(list(said)), at
    )
