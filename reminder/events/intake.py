"""A callback comes in: verified, stored as it is, answered. What it says is applied afterwards.

The answer is given once the callback is durable, so that a provider never tells us something that a crash forgets; what
takes longer (results, replies, do-not-contact) waits for `apply`.
"""

import asyncio
import base64
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from reminder.providers.contract import Callback
from reminder.store import hooks
from reminder.store.database import Connection, Database
from reminder.store.hooks import Sealed
from reminder.store.vault import Vault

PURPOSE = b"callback"
LONGEST_MAIL = 10_000_000
EMPTIED_AT_ONCE = 1_000
# What is stored in one transaction: nobody waits long for it, not even behind bodies of megabytes.
MOST_AT_ONCE = 1_000
LARGEST_AT_ONCE = 1_000_000
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


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A callback that is not stored yet, and who waits for it."""

    provider: str
    callback: Callback
    durable: asyncio.Future[None]


class Keeper:
    """Stores callbacks as they come: all that wait when the writer gets to them go together, in one transaction.

    For one event loop. `keep` returns when the callback is durable, and raises what the database says.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        # Filled by the loop and emptied by the writer's thread: both ends of a deque are safe for that.
        self._waiting: deque[_Waiting] = deque()
        self._asked = False

    async def keep(self, provider: str, callback: Callback) -> None:
        """Store a verified callback."""
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Waiting(provider, callback, durable))
        if not self._asked:
            self._ask(loop)
        await durable

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the writer come for what waits."""
        taken: list[_Waiting] = []

        def work(connection: Connection) -> None:
            # Who comes from here on and is not taken along asks again.
            self._asked = False
            taken.extend(self._take())
            ready = [sealed(self._vault, each.provider, each.callback) for each in taken]
            hooks.keep(connection, ready)

        def tell(done: Future[None]) -> None:
            # The loop may be gone by then, and with it who waited.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell, taken, done.exception())

        self._asked = True
        self._database.write_soon(work).add_done_callback(tell)

    def _take(self) -> Iterator[_Waiting]:
        size = 0
        for _ in range(MOST_AT_ONCE):
            if not self._waiting or size > LARGEST_AT_ONCE:
                return
            each = self._waiting.popleft()
            size += len(each.callback.body)
            yield each

    def _tell(self, taken: list[_Waiting], fault: BaseException | None) -> None:
        if fault is not None and not taken:
            # The transaction could not even begin.
            self._asked = False
            taken = list(self._take())
        for each in taken:
            # Who has gone meanwhile waits no more.
            if not each.durable.done():
                each.durable.set_exception(fault) if fault else each.durable.set_result(None)
        if self._waiting and not self._asked:
            self._ask(asyncio.get_running_loop())


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
