"""The SMS providers that take one message a call, before a server on loopback in several moods."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from reminder.providers.registry import build
from tests.fakes.http import FakeHttp, Reply, Request
from tests.providers.judges import judge_of
from tests.providers.samples import Setting, Situation, Stand

Answer = Reply | Callable[[Request], Reply]


def situations(
    name: str,
    options: Callable[[str], dict[str, str]],
    wire_id_of: Callable[[Request], str],
    answers: Mapping[Situation, Answer],
    *,
    key_of: Callable[[Request], object] = id,
) -> dict[Situation, Setting]:
    """`options` are made of the server's address. Requests with the same key are taken once; without keys each is."""

    def in_mood(situation: Situation) -> Setting:
        @asynccontextmanager
        async def stand(folder: Path) -> AsyncIterator[Stand]:
            async with FakeHttp(answers[situation], judge_of(name)) as server, httpx.AsyncClient() as http:
                provider = build(name, options(server.url), http)

                def taken(wire_id: str) -> int:
                    if situation is not Situation.GOOD:
                        return 0
                    return len({key_of(request) for request in server.requests if wire_id_of(request) == wire_id})

                yield Stand(provider, taken, server, http)
                await provider.close()

        return stand

    return {situation: in_mood(situation) for situation in answers}
