"""The SMTP relay before the fake server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from reminder.providers.registry import build
from tests.fakes.smtp import Act, FakeSmtp, Stage
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation, Stand

# Real servers repeat whom they refuse.
EVERYBODY = " ".join(f"<{address}>" for address in EMAILS.values())


LEAST = {"host": "mail.example.org"}


@asynccontextmanager
async def before(folder: Path, *acts: Act) -> AsyncIterator[Stand]:
    async with FakeSmtp(acts, login=("appeals", SECRET)) as server, httpx.AsyncClient() as http:
        options = {
            "host": "127.0.0.1",
            "port": str(server.port),
            "tls": "none",
            "user": "appeals",
            "password": SECRET,
            "connections": "2",
        }
        provider = build("smtp", options, http)
        yield Stand(provider, server.taken)
        await provider.close()


SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: before,
    Situation.NOBODY_THERE: lambda folder: before(
        folder, Act(Stage.RCPT, reply=f"550 5.1.1 {EVERYBODY}: Recipient address rejected: User unknown")
    ),
    Situation.DISLIKED: lambda folder: before(folder, Act(Stage.DOT, reply=f"554 5.7.1 {EVERYBODY} looks like spam")),
    Situation.BUSY: lambda folder: before(folder, Act(Stage.RCPT, reply=f"451 4.3.0 {EVERYBODY} try later")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: lambda folder: before(
        folder, Act(Stage.AUTH, reply=f"535 5.7.8 appeals / {SECRET} is wrong")
    ),
    Situation.NO_ANSWER: lambda folder: before(folder, Act(Stage.DOT)),
}
