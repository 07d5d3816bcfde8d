"""The door and what applies callbacks, as a process of its own that a test can kill.

`python -m tests.web.door_program URL serve` prints its port, `… apply` a line before each page.
"""

import asyncio
import sys
from functools import partial

from reminder.clock import VirtualClock
from reminder.engines.listening import listen as hear
from reminder.events.apply import Callbacks
from reminder.store.database import Database
from reminder.web.hooks import Hooks
from reminder.web.server import listen, serve
from tests.databases import vault_for_tests
from tests.fakes.talking import Talking
from tests.outbox.world import EPOCH, MORNING, URL


def callbacks_of(database: Database) -> Callbacks:
    """What applies the callbacks of the talking provider."""
    return Callbacks(database, vault_for_tests(), {"talking": Talking()}, EPOCH, lambda *_: None)


async def serve_and_apply(database: Database) -> None:
    """Until the process is killed."""
    bell, stop, listening = asyncio.Event(), asyncio.Event(), listen("127.0.0.1", 0)
    web = Hooks(database, vault_for_tests(), {"talking": Talking()}, VirtualClock(MORNING), URL, bell.set)
    sys.stdout.write(f"{listening.port}\n")
    sys.stdout.flush()
    await asyncio.gather(
        serve(web, listening, stop), hear(bell, stop, partial(callbacks_of(database).apply_waiting, MORNING))
    )


def apply(database: Database) -> None:
    """Everything that waits, page by page."""

    def tell() -> bool:
        sys.stdout.write("page\n")
        sys.stdout.flush()
        return True

    callbacks_of(database).apply_waiting(MORNING, go_on=tell)


if __name__ == "__main__":
    opened = Database(sys.argv[1])
    if sys.argv[2] == "serve":
        asyncio.run(serve_and_apply(opened))
    else:
        apply(opened)
