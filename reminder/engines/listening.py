"""Applies what providers tell as soon as it is stored: somebody who answers STOP must not wait for the next heartbeat."""

import asyncio
from collections.abc import Callable

import structlog

log = structlog.get_logger()
# Callbacks that another process stored ring no bell here.
LOOK_SECONDS = 5.0
# Where one callback comes after the other: a page of a hundred events costs half as much for each as a page of ten.
REST_SECONDS = 0.3


async def listen(bell: asyncio.Event, stop: asyncio.Event, apply: Callable[[], object]) -> None:
    """Apply whenever the bell rings, and now and then without it, until `stop`."""
    stopping = asyncio.create_task(stop.wait())
    while not stop.is_set():
        rung = asyncio.create_task(bell.wait())
        await asyncio.wait({rung, stopping}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        rung.cancel()
        bell.clear()
        try:
            await asyncio.to_thread(apply)
        except Exception as error:  # noqa: BLE001 - what is stored waits; the next look tries again
            log.error("callbacks_not_applied", kind=type(error).__name__)
        await asyncio.wait({stopping}, timeout=REST_SECONDS)
    await stopping
