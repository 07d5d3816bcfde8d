"""The SMTP server on a thread of its own, for what has no loop to share with it: the command line."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.smtp import FakeSmtp


@contextmanager
def smtp_thread(server: FakeSmtp) -> Iterator[FakeSmtp]:
    """`server`, up and with its port, until the block ends."""
    ready, ending = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with server:
            loops.append(asyncio.get_running_loop())
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loops[0].call_soon_threadsafe(ending.set)
        thread.join()
