"""A callback comes in: verified, stored as it is, answered. What it says is applied afterwards.

The answer is given once the callback is durable, so that a provider never tells us something that a crash forgets; what
takes longer (results, replies, do-not-contact) waits for `apply`.
"""

import asyncio
import base64
from datetime import UTC, datetime
from functools import partial

import orjson

from reminder.providers.contract import Callback
from reminder.store import hooks
from reminder.store.database import Connection, Database
from reminder.store.hooks import Sealed
from reminder.store.vault import Vault

PURPOSE = b"callback"
LONGEST_MAIL = 10_000_000
EMPTIED_AT_ONCE = 1_000
# A body that takes longer than 5 ms to encrypt is not encrypted where everybody else waits.
ENCRYPTED_AT_ONCE = 500_000
# What is only for the door: never stored.
NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})


def sealed(vault: Vault, provider: str, callback: Callback) -> Sealed:
    """A verified callback, ready to be stored."""
    mark = hooks.fingerprint(provider.encode(), callback.method.encode(), callback.url.encode(), callback.body)
    return Sealed(provider, mark, vault.seal(written(callback), PURPOSE), callback.received_at)


def keep(database: Database, callback: Sealed) -> bool:
    """Store one callback, durable when this returns; False where the same one was stored before."""

    def work(connection: Connection) -> bool:
        if hooks.is_kept(connection, callback.mark):
            return False
        hooks.keep(connection, [callback])
        return True

    return database.write(work)


class Keeper:
    """Stores callbacks as they come: those that came while others were being stored go together in one transaction.

    For one event loop. `keep` returns when the callback is durable, and raises what the database says.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._waiting: list[tuple[Sealed, asyncio.Future[None]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def keep(self, provider: str, callback: Callback) -> None:
        """Store a verified callback."""
        seal = partial(sealed, self._vault, provider, callback)
        ready = seal() if len(callback.body) <= ENCRYPTED_AT_ONCE else await asyncio.to_thread(seal)
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append((ready, durable))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        await durable

    async def _store(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            work = partial(hooks.keep, callbacks=[ready for ready, _ in taken])
            fault: Exception | None = None
            try:
                await asyncio.wrap_future(self._database.write_soon(work))
            except Exception as error:  # noqa: BLE001 - told to each who waits for it
                fault = error
            for _, durable in taken:
                # Who has gone meanwhile waits no more.
                if not durable.done():
                    durable.set_exception(fault) if fault else durable.set_result(None)


def empty_old(database: Database, before: datetime) -> int:
    """Empty the stored callbacks that came before; their fingerprints stay. Returns how many."""
    emptied = 0
    while number := database.write(lambda connection: hooks.empty_before(connection, before, limit=EMPTIED_AT_ONCE)):
        emptied += number
    return emptied


def written(callback: Callback) -> bytes:
    """A callback as bytes."""
    return orjson.dumps(
        {
            "method": callback.method,
            "url": callback.url,
            "headers": {name: text for name, text in callback.headers.items() if name not in NOT_KEPT},
            "body": base64.b64encode(callback.body).decode(),
            "at": callback.received_at.timestamp(),
        }
    )


def read(raw: bytes) -> Callback:
    """The callback that `written` wrote."""
    kept = orjson.loads(raw)
    return Callback(
        method=kept["method"],
        url=kept["url"],
        headers=kept["headers"],
        body=base64.b64decode(kept["body"]),
        received_at=datetime.fromtimestamp(kept["at"], UTC),
    )
