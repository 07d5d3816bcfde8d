"""SMTP to a sink on loopback: the whole sender with its database, against a bare loop of aiosmtplib that sends one
ready-made message over and over. Both over ten connections, in turns.
"""

import asyncio
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiosmtplib
import httpx

from reminder.domain.message import Content, Receipt, Recipient
from reminder.providers.contract import Call
from reminder.providers.email.smtp import Smtp
from reminder.providers.registry import build
from reminder.store.database import Database
from tests.bench.figures import Figure, Sizes, copy, median
from tests.bench.world import open_everything, seed, sender

ROUNDS = 5
CONNECTIONS = 10
LEAST_SHARE = 0.6
WAIT_SECONDS = 20


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Messages a second, ours and bare, and the share."""
    seed(folder / "smtp.db", sizes.smtp)
    open_everything(f"sqlite:///{folder / 'smtp.db'}")
    ours, bare, size = [], [], 0
    with sink() as (port, name):
        for _ in range(ROUNDS):
            rate, mail = _ours(copy(folder / "smtp.db", folder / "sent.db"), port)
            ours.append(rate)
            size = len(mail)
            bare.append(asyncio.run(_bare(port, mail, sizes.smtp)))
    share = median([mine / its for mine, its in zip(ours, bare, strict=True)])
    return [
        Figure(
            "smtp",
            f"SMTP to {name}, {CONNECTIONS} connections, mails of {size / 1000:.1f} kB, against a bare loop",
            f"≥ {LEAST_SHARE:.0%}",
            f"{share:.0%} ({median(ours):,.0f}/s against {median(bare):,.0f}/s)",
            share >= LEAST_SHARE,
            {"share": share, "per_second": median(ours), "bare_per_second": median(bare), "bytes": size},
        )
    ]


@contextmanager
def sink() -> Iterator[tuple[int, str]]:
    """A server that takes everything, as a process of its own: its port, and what it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/usr/local/sbin")
    if program:
        as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [program, *as_nobody, f"127.0.0.1:{port}", "100"]
    else:
        command = [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port, "smtp-sink" if program else "aiosmtpd"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            select.select([], [], [], 0.05)
        else:
            return
    raise RuntimeError("the mail sink does not start")


class _Kept:
    """The relay, which keeps one mail as it went out."""

    def __init__(self, relay: Smtp) -> None:
        self._relay = relay
        self.name, self.channel, self.capabilities = relay.name, relay.channel, relay.capabilities
        self.one: tuple[Content, Recipient] | None = None

    async def send(self, call: Call) -> list[Receipt]:
        self.one = self.one or (call.content, call.recipients[0])
        return await self._relay.send(call)


def _ours(url: str, port: int) -> tuple[float, bytes]:
    """(messages a second, one of the mails)."""
    database = Database(url)
    options = {"host": "127.0.0.1", "port": str(port), "tls": "none", "connections": str(CONNECTIONS)}

    async def run() -> tuple[float, bytes]:
        relay = build("smtp", options, httpx.AsyncClient())
        assert isinstance(relay, Smtp)
        provider = _Kept(relay)
        at_work = sender(database, provider)
        begun = time.perf_counter()
        sent = await at_work.drain()
        took = time.perf_counter() - begun
        await relay.close()
        assert sent.accepted == sum((sent.accepted, sent.rejected, sent.retry, sent.unclear)) > 0
        assert provider.one is not None
        assert provider.one[0].mime is not None
        return sent.accepted / took, provider.one[0].mime.fill(provider.one[1].values).encode()

    try:
        return asyncio.run(run())
    finally:
        database.close()


async def _bare(port: int, mail: bytes, messages: int) -> float:
    async def connection(number: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for _ in range(number):
                await client.sendmail("reminder@example.org", ["person1@example.org"], mail)

    begun = time.perf_counter()
    await asyncio.gather(*(connection(messages // CONNECTIONS) for _ in range(CONNECTIONS)))
    return messages // CONNECTIONS * CONNECTIONS / (time.perf_counter() - begun)
