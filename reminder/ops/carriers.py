"""How the providers are: in use, out for a while, stopped, how much of the day's quota is left; and whether their keys fit."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog

from reminder.domain.limits import NO_LIMITS, Limits, left_on_its_day, most_on_its_day
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import CALL_LIMIT_SECONDS, NotChecked, Provider
from reminder.providers.registry import REGISTRY, provider_class
from reminder.store import lists
from reminder.store.capacity import standing
from reminder.store.database import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Carrier:
    """One provider. `today` is how many it may take today (UTC) and `left_today` how many of them are left, None for any
    number; `warming_up`: its address is so new that its day has less than its quota. `health` is '' for one not in use.
    `its_list` says what is wrong with its own list of people whom it no longer writes to; '' where nothing is.
    """

    name: str
    channel: str
    in_use: bool
    health: str
    per_second: float
    today: int | None
    left_today: int | None
    warming_up: bool
    its_list: str
    conditions: str

    def line(self) -> str:
        """The provider in a line."""
        left = f", {self.left_today} left today" if self.left_today is not None else ""
        left += f" of {self.today} while it warms up" if self.warming_up else ""
        its_list = f"; {self.its_list}" if self.its_list else ""
        return f"{self.name:16} {self.channel:6} {self.health}{left}{its_list}".rstrip()

    def to_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


def carriers(database: Database, limits: Mapping[Channel, Mapping[str, Limits]], now: datetime) -> list[Carrier]:
    """Every provider that there is, as it stands now. `limits`: those in use, by channel, with what they may be given."""
    in_use = {name: each for by_name in limits.values() for name, each in by_name.items()}
    with database.read() as connection:
        known = standing(connection, in_use, now)
        notes = lists.notes(connection)
    found = []
    for name in REGISTRY:
        kind, limit = provider_class(name), in_use.get(name, NO_LIMITS)
        used = known[name].used if name in in_use else None
        today = most_on_its_day(limit, used) if used else None
        found.append(
            Carrier(
                name=name,
                channel=kind.channel.name.lower(),
                in_use=name in in_use,
                health=known[name].words() if name in in_use else "",
                per_second=limit.per_second,
                today=today,
                left_today=left_on_its_day(limit, used) if used else None,
                warming_up=bool(limit.warm_up) and today is not None and (not limit.per_day or today < limit.per_day),
                its_list=notes.get(name, lists.WAITS) if name in in_use and kind.capabilities.suppressions else "",
                conditions=kind.capabilities.conditions if name in in_use else "",
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of trying a provider's key. `fits` is None where there is no way to try it without sending."""

    name: str
    fits: bool | None
    told: str
    remedy: str = ""

    def line(self) -> str:
        """The proof in a line."""
        word = {True: "well", False: "WRONG", None: "not tried"}[self.fits]
        return f"{self.name:16} {word:9} {self.told}{f'. {self.remedy}' if self.remedy else ''}".rstrip()


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
        return Proof(name, False, f"{trouble.thing}: {trouble.reason}", trouble.remedy)
    except TimeoutError:
        return Proof(name, False, f"no answer within {CALL_LIMIT_SECONDS:.0f} seconds", "Try again later.")
    except Exception as error:  # noqa: BLE001 - the others are still to be told of; its text may be a secret
        log.error("provider_not_proved", provider=name, kind=type(error).__name__)
        return Proof(name, False, f"its answer met a fault of ours ({type(error).__name__})", "Try again later.")
    return Proof(name, True, "its key fits")
