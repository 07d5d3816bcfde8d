"""Stops a provider whose messages come back too often, tells the office once, and goes on when an organiser says so."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

import structlog

from reminder.domain.brake import LOOKS_BACK, Brake, why_stop
from reminder.domain.states import MessageKind
from reminder.errors import Trouble
from reminder.store import brake, capacity
from reminder.store.database import Connection, Database
from reminder.store.queueing import queue_to_organisers

log = structlog.get_logger()


def brake_providers(database: Database, names: Iterable[str], limits: Brake, now: datetime) -> list[str]:
    """Look at each provider; returns those that were stopped just now."""
    return [name for name in names if database.write(partial(_look, name=name, limits=limits, now=now))]


def _look(connection: Connection, name: str, limits: Brake, now: datetime) -> bool:
    why = why_stop(brake.fared(connection, name, now - LOOKS_BACK), limits)
    if not why or not capacity.stop(connection, name, why, now):
        return False
    log.error("provider_stopped", provider=name, because=why)
    said = {
        "subject": f"{name} was stopped",
        "reason": f"Within a day {why}. Nothing more goes through {name} until you say so.",
        "remedy": f"Find out why, mend the list, then run `reminder providers resume {name}`.",
    }
    queue_to_organisers(connection, MessageKind.ALERT, said, f"brake:{name}:{now.isoformat()}", now)
    return True


def resume(database: Database, name: str) -> None:
    """An organiser has looked: what came back so far is forgiven. `Trouble` where the provider was not stopped."""

    def work(connection: Connection) -> bool:
        brake.forgive(connection, name)
        return capacity.resume(connection, name)

    if not database.write(work):
        raise Trouble(name, "was not stopped", "`reminder providers list` shows how each of them is.")
