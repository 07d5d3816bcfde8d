"""Serving the web: inside the daemon beside the sender, or as a process of its own."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
import uvicorn

from reminder.errors import Trouble
from reminder.web.asgi import Application

log = structlog.get_logger()
# What is under way when the end begins gets this long; a page takes milliseconds.
LAST_ANSWERS_SECONDS = 3


class _Server(uvicorn.Server):
    """The daemon has the signals; this server ends when it is told."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Listening:
    """An open socket, so that a port that is taken is told before anything else starts."""

    socket: socket.socket

    @property
    def port(self) -> int:
        """The port, also where the system chose it."""
        return int(self.socket.getsockname()[1])


def listen(host: str, port: int) -> Listening:
    """Take the port. `Trouble` where somebody else has it, or the host is none of this machine."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return Listening(socket.create_server((host, port), family=family, backlog=2_048))
    except OSError as error:
        raise Trouble(
            f"Port {port}",
            f"cannot be listened on ({error.strerror})",
            "End what uses it, or set WEB_HOST and WEB_PORT.",
        ) from None


async def serve(web: Application, listening: Listening, stop: asyncio.Event) -> None:
    """Answer requests until `stop`; what is under way then is answered first."""
    config = uvicorn.Config(
        web,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening.socket]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving
    log.info("web_stopped")


def serve_alone(web: Application, listening: Listening) -> None:
    """Answer requests until SIGTERM or SIGINT."""

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await serve(web, listening, stop)

    asyncio.run(run())
