"""Long texts come in parts: kept until they are whole, or until nobody can wait for the rest any longer."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

import orjson

from reminder.domain.consent import Leaving
from reminder.domain.replies import Wish, wish_of
from reminder.domain.states import Channel
from reminder.providers.contract import Inbound
from reminder.store import inbox
from reminder.store.database import Connection
from reminder.store.hooks import fingerprint
from reminder.store.inbox import Part
from reminder.store.vault import Vault

# Who may want to leave does not wait for a part that a network has lost; anything else does for a day.
LEAVING_WAITS, OTHERS_WAIT = timedelta(minutes=15), timedelta(days=1)
_LEAVES = frozenset({Wish.STOP, Wish.SOUNDS_LIKE_LEAVING})
_PURPOSE = b"reply"


@dataclass(frozen=True, slots=True)
class Together:
    """A text put together of the parts that came. `marks` are theirs; `leaving`: one of them sounds like leaving."""

    provider: str
    inbound: Inbound
    whole: bytes
    marks: tuple[bytes, ...]
    leaving: bool


def part_mark(whole: bytes, inbound: Inbound) -> bytes:
    """What makes a part the same as one that was told before."""
    return fingerprint(whole, str(inbound.part[0]).encode(), inbound.text.encode(), inbound.at.isoformat().encode())


def put_together(
    connection: Connection, vault: Vault, whole: bytes, provider: str, inbound: Inbound, now: datetime
) -> Together | None:
    """Keep a part of the text that is named `whole`; None while others are missing."""
    no, number = inbound.part
    part = Part(whole, no, number, part_mark(whole, inbound), now, _sealed(vault, provider, inbound))
    kept = inbox.put_part(connection, part)
    return _joined(vault, kept) if len(kept) >= number else None


def given_up(connection: Connection, vault: Vault, now: datetime) -> list[Together]:
    """The texts of which a part never came, and that wait no longer; what is missing stands as […]."""
    waiting = inbox.waiting_parts(connection, before=now - LEAVING_WAITS)
    texts = [list(parts) for _, parts in groupby(waiting, key=attrgetter("whole"))]
    put = [(_joined(vault, parts), min(part.at for part in parts)) for parts in texts]
    return [text for text, since in put if text.leaving or since <= now - OTHERS_WAIT]


def _joined(vault: Vault, parts: Sequence[Part]) -> Together:
    opened = {part.no: _opened(vault, part.part_ct) for part in parts}
    provider, first = opened[min(opened)]
    said = [opened[no][1].text if no in opened else " […] " for no in range(1, parts[0].parts + 1)]
    return Together(
        provider,
        replace(first, text="".join(said), part=(1, 1)),
        parts[0].whole,
        tuple(part.mark for part in parts),
        any(wish_of(inbound.text) in _LEAVES for _, inbound in opened.values()),
    )


def _sealed(vault: Vault, provider: str, inbound: Inbound) -> bytes:
    return vault.seal(orjson.dumps({"provider": provider, **asdict(inbound)}), _PURPOSE)


def _opened(vault: Vault, part_ct: bytes) -> tuple[str, Inbound]:
    said = orjson.loads(vault.unseal(part_ct, _PURPOSE))
    provider = said.pop("provider")
    handled = said.pop("handled")
    more: dict[str, Any] = {
        "channel": Channel(said.pop("channel")),
        "at": datetime.fromisoformat(said.pop("at")),
        "part": tuple(said.pop("part")),
        "handled": Leaving(handled) if handled else None,
    }
    return provider, Inbound(**more, **said)
