"""A provider over HTTP before a scripted server on loopback."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from reminder.providers.registry import build
from tests.fakes.http import FakeHttp, Reply, Request
from tests.providers.judges import judge_of
from tests.providers.samples import Setting, Stand

Answer = Callable[[Request], Reply] | Reply


def before(
    name: str,
    options: dict[str, str],
    answer: Answer,
    wire_ids: Callable[[Request], list[str]],
    *,
    takes: bool = False,
    key: Callable[[Request], object] = id,
) -> Setting:
    """The provider and a server that answers so; `wire_ids` reads those of a request, `takes`: it takes what it gets,
    of several requests with the same `key` one."""

    @asynccontextmanager
    async def stand(folder: Path) -> AsyncIterator[Stand]:
        async with FakeHttp(answer, judge_of(name)) as server, httpx.AsyncClient() as http:
            provider = build(name, {**options, "url": server.url}, http)

            def taken(wire_id: str) -> int:
                different = {key(request): request for request in server.requests}.values()
                return sum(wire_ids(request).count(wire_id) for request in different) if takes else 0

            yield Stand(provider, taken, server, http)
            await provider.close()

    return stand
