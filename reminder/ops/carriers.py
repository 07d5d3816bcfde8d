"""How the providers are: in use, out for a while, stopped, how much of the day's quota is left; and whether their keys fit."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import CALL_LIMIT_SECONDS, NotChecked, Provider
from reminder.providers.registry import REGISTRY, provider_class
from reminder.store.capacity import Limits, standing
from reminder.store.database import Database


@dataclass(frozen=True, slots=True)
class Carrier:
    """One provider. `left_today` is None where no quota is set; `health` is '' for one that is not in use."""

    name: str
    channel: str
    in_use: bool
    health: str
    left_today: int | None
    conditions: str

    def line(self) -> str:
        """The provider in a line."""
        left = f", {self.left_today} left today" if self.left_today is not None else ""
        return f"{self.name:16} {self.channel:6} {self.health}{left}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


def carriers(
    database: Database, in_use: Collection[str], limits: Mapping[Channel, Limits], now: datetime
) -> list[Carrier]:
    """Every provider that there is, as it stands now."""
    with database.read() as connection:
        known = standing(connection, now)
    found = []
    for name in REGISTRY:
        kind = provider_class(name)
        used, state = name in in_use, known.get(name)
        per_day = limits[kind.channel].per_day
        left = max(0, per_day - (state.taken_today if state else 0)) if used and per_day else None
        health = (state.words if state else "well") if used else ""
        found.append(
            Carrier(name, kind.channel.name.lower(), used, health, left, kind.capabilities.conditions if used else "")
        )
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of trying a provider's key. `fits` is None where there is no way to try it without sending."""

    name: str
    fits: bool | None
    told: str

    def line(self) -> str:
        """The proof in a line."""
        word = {True: "well", False: "WRONG", None: "not tried"}[self.fits]
        return f"{self.name:16} {word:9} {self.told}".rstrip()


async def prove(providers: Mapping[str, Provider]) -> list[Proof]:
    """Try the key of each provider without sending anything."""
    return list(await asyncio.gather(*(_prove(name, provider) for name, provider in providers.items())))


async def _prove(name: str, provider: Provider) -> Proof:
    try:
        async with asyncio.timeout(CALL_LIMIT_SECONDS):
            await provider.check()
    except NotChecked as reason:
        return Proof(name, None, str(reason))
    except Trouble as trouble:
        return Proof(name, False, str(trouble))
    except TimeoutError:
        return Proof(name, False, f"no answer within {CALL_LIMIT_SECONDS:.0f} seconds")
    return Proof(name, True, "its key fits")
