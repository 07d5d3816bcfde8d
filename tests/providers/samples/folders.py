"""The two folder providers before a folder in several states."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from reminder.providers.folder import LOG_NAME
from reminder.providers.registry import build
from tests.providers.samples import Setting, Situation, Stand

LEAST = {"path": "messages"}


def usable(folder: Path) -> Path:
    return folder / "out" / "messages"


def a_file_in_the_way(folder: Path) -> Path:
    path = folder / "messages"
    path.write_text("")
    return path


def a_full_disk_under_the_log(folder: Path) -> Path:
    (folder / LOG_NAME).symlink_to("/dev/full")
    return folder


def situations(name: str) -> dict[Situation, Setting]:
    """The moods that a folder can have."""

    def in_state(prepare: Callable[[Path], Path]) -> Setting:
        @asynccontextmanager
        async def stand(folder: Path) -> AsyncIterator[Stand]:
            path = prepare(folder)
            async with httpx.AsyncClient() as http:
                provider = build(name, {"path": str(path)}, http)
                yield Stand(provider, lambda wire_id: lines_of(path / LOG_NAME, wire_id))
                await provider.close()

        return stand

    return {
        Situation.GOOD: in_state(usable),
        Situation.BUSY: in_state(a_file_in_the_way),
        Situation.NO_ANSWER: in_state(a_full_disk_under_the_log),
    }


def lines_of(log: Path, wire_id: str) -> int:
    """How often a message stands in the log; a device has nothing to read."""
    if not log.is_file():
        return 0
    return sum(line.startswith(f"{wire_id} ") for line in log.read_text().splitlines())
