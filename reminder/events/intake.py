"""A callback comes in: verified, stored as it is, answered. What it says is applied afterwards.

The answer is given once the callback is durable, so that a provider never tells us something that a crash forgets; what
takes longer (results, replies, do-not-contact) waits for `apply`.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from reminder.providers.contract import Callback
from reminder.store import hooks
from reminder.store.database import Connection, Database
from reminder.store.vault import Vault

PURPOSE = b"callback"
LONGEST_MAIL = 10_000_000
EMPTIED_AT_ONCE = 1_000
# What is only for the door: never stored.
NOT_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})


def storing(vault: Vault, provider: str, callback: Callback) -> Callable[[Connection], bool]:
    """What stores a verified callback in a transaction: True, or False where the same one was stored before."""
    mark = hooks.fingerprint(provider.encode(), callback.method.encode(), callback.url.encode(), callback.body)
    sealed = vault.seal(written(callback), PURPOSE)
    return lambda connection: hooks.keep(connection, provider, mark, sealed, callback.received_at)


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
