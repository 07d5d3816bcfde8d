"""Stops a provider whose messages come back too often, tells the office once, and goes on when an organiser says so."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

import structlog

from reminder.domain.brake import LOOKS_BACK, MAILBOXES, Brake, why_stop
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.providers.contract import Provider
from reminder.store import brake, capacity
from reminder.store.database import Connection, Database
from reminder.store.queueing import queue_to_organisers

log = structlog.get_logger()
_OF = {Channel.EMAIL: "email", Channel.SMS: "texts"}


def brake_providers(database: Database, providers: Mapping[str, Provider], setting: Brake, now: datetime) -> list[str]:
    """Look at each provider; returns those that were stopped just now.

    `setting` is what the operator allows; where the provider itself allows less, that counts.
    """
    return [
        name
        for name, provider in providers.items()
        if database.write(
            partial(_look, name=name, of=_only(providers, name), limits=within(provider, setting), now=now)
        )
    ]


def within(provider: Provider, setting: Brake) -> Brake:
    """The lower of what the operator allows and of what this provider, and the mailboxes behind it, put up with."""
    able = provider.capabilities
    limits = setting.within(Brake(able.complaints_wall, able.bounces_wall))
    return limits.within(MAILBOXES) if provider.channel is Channel.EMAIL else limits


def _only(providers: Mapping[str, Provider], name: str) -> str:
    """What nobody else in use carries; '' where somebody does."""
    channel = providers[name].channel
    others = [each for each, provider in providers.items() if provider.channel is channel and each != name]
    return "" if others else _OF[channel]


def _look(connection: Connection, name: str, of: str, limits: Brake, now: datetime) -> bool:
    why = why_stop(brake.fared(connection, name, now - LOOKS_BACK), limits)
    if not why or not capacity.stop(connection, name, why, now):
        return False
    log.error("provider_stopped", provider=name, because=why)
    alone = f" It is the only provider of {of}: reminders by {of} wait for you." if of else ""
    said = {
        "subject": f"{name} was stopped",
        "reason": f"Within a day {why}. Nothing but mail to organisers goes through {name} until you say so.{alone}",
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
