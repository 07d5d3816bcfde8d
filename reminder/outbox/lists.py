"""The providers' own lists of people whom they no longer write to, taken over into ours before anything goes.

What such a provider is given for one of these people is dropped without a word, or counts against us; and what the person
told it holds for every other provider, too.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

import structlog

from reminder.domain.addresses import normal_email
from reminder.domain.consent import STRENGTH
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.outbox.asking import WaitFor
from reminder.providers.contract import MayNot, Provider, Suppressed
from reminder.store import lists
from reminder.store.database import Connection, Database
from reminder.store.people.addresses import Address
from reminder.store.people.ledger import Closing, close, closed_among
from reminder.store.queueing import queue_to_organisers
from reminder.store.vault import Vault

log = structlog.get_logger()
# Entries closed in one transaction.
PAGE = 200
READ_WITHIN_SECONDS = 900.0


def read_lists(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    now: datetime,
    *,
    wait_for: WaitFor,
    go_on: Callable[[], bool] = lambda: True,
) -> dict[str, int]:
    """Read the lists that are due; by provider how many people were closed that we did not know of.

    Where the key may not read a list the organisers are told once and sending goes on. Where it fails in another way it
    is tried again the next time, and until it was read once nothing goes to supporters through that provider.
    """
    found = {}
    with_list = [name for name, provider in providers.items() if provider.capabilities.suppressions]
    with database.read() as connection:
        due = lists.due(connection, with_list, now) if with_list else []
    for name in due:
        if not go_on():
            break
        try:
            entries: Sequence[Suppressed] = wait_for(_read(providers[name]))
        except MayNot as trouble:
            database.write(partial(_may_not, name=name, trouble=trouble, now=now))
        except Trouble as trouble:
            database.write(partial(_failed, name=name, reason=trouble.reason, now=now))
        except Exception as error:  # noqa: BLE001 - one provider's answer must never keep the others waiting
            log.error("list_not_read", provider=name, kind=type(error).__name__)
            database.write(partial(_failed, name=name, reason=f"it failed with {type(error).__name__}", now=now))
        else:
            new = _take_over(database, vault, providers[name].channel, name, entries, now, go_on)
            if new is not None:
                database.write(partial(lists.done, provider=name, now=now))
                log.info("list_read", provider=name, entries=len(entries), new=new)
                found[name] = new
    return found


async def _read(provider: Provider) -> Sequence[Suppressed]:
    try:
        async with asyncio.timeout(READ_WITHIN_SECONDS):
            return await provider.suppressions()
    except TimeoutError:
        reason = f"could not be read within {READ_WITHIN_SECONDS / 60:.0f} minutes"
        raise Trouble(f"The list of {provider.name}", reason, "Try again later.") from None


def _take_over(
    database: Database,
    vault: Vault,
    channel: Channel,
    name: str,
    entries: Sequence[Suppressed],
    now: datetime,
    go_on: Callable[[], bool],
) -> int | None:
    """Close page by page what is not closed for as strong a reason; None where it was told to end in the middle."""
    new = 0
    for start in range(0, len(entries), PAGE):
        if not go_on():
            return None
        page = [_closing(vault, channel, entry, now) for entry in entries[start : start + PAGE]]
        with database.read() as connection:
            known = closed_among(connection, {closing.address for closing in page})
        page = [
            closing
            for closing in page
            if closing.address not in known or STRENGTH[known[closing.address].reason] < STRENGTH[closing.reason]
        ]
        if page:
            new += len(database.write(partial(close, closings=page, now=now, source=name)))
    return new


def _closing(vault: Vault, channel: Channel, entry: Suppressed, now: datetime) -> Closing:
    normal = normal_email(entry.address) if channel is Channel.EMAIL else entry.address
    return Closing(Address(channel, vault.address_hash(channel, normal)), entry.reason, min(entry.since, now))


def _may_not(connection: Connection, name: str, trouble: Trouble, now: datetime) -> None:
    if lists.done(connection, name, now, trouble.reason):
        log.warning("list_may_not_be_read", provider=name)
        reason = (
            f"{name} keeps a list of its own of people whom it no longer writes to, and our key may not read it."
            " Messages go on; what is meant for one of them is dropped there."
        )
        _tell(connection, f"The list of {name} cannot be read", reason, trouble.remedy, f"list:{name}:{now}", now)


def _failed(connection: Connection, name: str, reason: str, now: datetime) -> None:
    log.warning("list_not_read", provider=name, reason=reason)
    if lists.failed(connection, name, now, reason):
        said = (
            f"Before the first message goes through {name}, its own list of people whom it no longer writes to is read."
            f" That fails: it {reason}. It is tried again and again; until then nothing goes through {name}."
        )
        remedy = "Look at `reminder providers list` and `reminder providers check`."
        _tell(connection, f"{name} waits for its list", said, remedy, f"list:{name}:{now.date()}", now)


def _tell(connection: Connection, subject: str, reason: str, remedy: str, dedupe: str, now: datetime) -> None:
    payload = {"subject": subject, "reason": reason, "remedy": remedy}
    queue_to_organisers(connection, MessageKind.ALERT, payload, dedupe, now)
