"""Ends the sender at random points, again and again, then lets it finish and counts what was lost or doubled.

The process that ends the others holds no connection and no thread: its children are forked from it.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos import stage
from tests.chaos.audit import Findings, examine

SHORTEST_LIFE, USUAL_LIFE, LONGEST_LIFE = 0.02, 0.35, 2.0
# One in so many is frozen for a moment before it is ended.
FROZEN = 8
FREEZE_SECONDS = 0.2


@dataclass(frozen=True)
class Story:
    """How much is to happen: `people` in each of the four zones."""

    kills: int
    people: int
    seed: int


def run(story: Story, folder: Path, say: Callable[[str], None]) -> Findings:
    """Live through the whole story; what was found at its end."""
    dice = random.Random(story.seed)
    with _relay(folder) as port:
        here = stage.put_together(stage.settings_for(folder / "data", port))
        _in_child(folder, lambda: stage.set_scene(here, story.people))
        mornings = _mornings(folder)
        kills = 0
        for number, at in enumerate(_hours()):
            if at in mornings:
                wanted = round(story.kills * (mornings.index(at) + 1) / len(mornings)) - kills
                kills += _end_again_and_again(folder, here, at, wanted, dice)
            _in_child(folder, lambda at=at: stage.finish(here, at + timedelta(minutes=25)))
            if number % 10 == 0:
                say(f"  {at:%d %b %H:%M}, ended {kills} times")
        listed = folder / "unclear.json"
        _in_child(folder, lambda: stage.list_unclear(here, at, listed))
    return examine(folder, kills)


def _hours() -> Iterator[datetime]:
    """The hours of the story: nine in the morning of each zone, and those in which what is unclear is settled."""
    day = stage.BEGAN.date()
    while day <= stage.LAST_DAY:
        for hour in sorted({*stage.ZONES.values(), 23}):
            at = datetime(day.year, day.month, day.day, hour, 0, 30, tzinfo=UTC)
            if at >= stage.BEGAN:
                yield at
        day += timedelta(days=1)


def _mornings(folder: Path) -> list[datetime]:
    """The hours in which something falls due: those in which the sender is ended."""
    due = {datetime.fromtimestamp(int(at), UTC) for at in (folder / "due").read_text().split()}
    return [at for at in _hours() if any(at - timedelta(hours=1) < instant <= at for instant in due)]


@contextmanager
def _relay(folder: Path) -> Iterator[int]:
    """The mail server, which nobody ends before the story does."""
    command = [sys.executable, "-m", "tests.chaos.relay", str(folder / "mail.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()


def _end_again_and_again(folder: Path, here: stage.Installation, at: datetime, times: int, dice: random.Random) -> int:
    began = time.monotonic()
    for _ in range(times):
        now = at + timedelta(seconds=time.monotonic() - began)
        child = _fork(folder, lambda now=now: stage.live(here, now))
        _wait(min(SHORTEST_LIFE + dice.expovariate(1 / USUAL_LIFE), LONGEST_LIFE))
        if dice.randrange(FROZEN) == 0:
            os.kill(child, signal.SIGSTOP)
            _wait(FREEZE_SECONDS)
            os.kill(child, signal.SIGCONT)
            _wait(dice.uniform(0, FREEZE_SECONDS))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise ChildFailed(f"a daemon ended by itself; see {folder / 'log'}")
    return times


def _wait(seconds: float) -> None:
    """The point at which a process is ended is a time and nothing else: there is nothing to wait for but that."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        signal.sigtimedwait([], left)


class ChildFailed(Exception):
    """A process of the story did not do what it should."""


def _in_child(folder: Path, work: Callable[[], None]) -> None:
    _, status = os.waitpid(_fork(folder, work), 0)
    if status:
        raise ChildFailed(f"a process failed; see {folder / 'log'}")


def _fork(folder: Path, work: Callable[[], None]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        work()
        code = 0
    except BaseException:  # noqa: BLE001 - a child must never return into the parent's code
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)
