"""A relay before a fake server, with one connection unless a test says otherwise."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from reminder.domain.message import Receipt
from reminder.domain.states import Verdict
from reminder.providers.email.smtp import Smtp, SmtpSettings

PATIENCE_SECONDS = 20
PLAIN: tuple[str, ...] = ("8BITMIME",)
PIPELINED: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
both_ways = pytest.mark.parametrize("extensions", [PIPELINED, PLAIN], ids=["pipelined", "one by one"])


@asynccontextmanager
async def relay(
    port: int, *, limit_seconds: float = 10.0, idle_seconds: float = 30.0, **settings: object
) -> AsyncIterator[Smtp]:
    """A relay with one connection unless said otherwise, closed at the end, bounded in time."""
    given = {"host": "127.0.0.1", "port": port, "tls": "none", "connections": 1, **settings}
    provider = Smtp(SmtpSettings(**given), limit_seconds=limit_seconds, idle_seconds=idle_seconds)  # type: ignore[arg-type]
    async with asyncio.timeout(PATIENCE_SECONDS):
        yield provider
        await provider.close()


def verdicts(receipts: list[Receipt]) -> dict[int, Verdict]:
    return {receipt.message_id: receipt.verdict for receipt in receipts}
