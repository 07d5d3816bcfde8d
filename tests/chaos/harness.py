"""Ends the sender at random points, again and again, then lets it finish and counts what was lost or doubled.

The process that ends the others holds no connection and no thread: its children are forked from it.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos import stage
from tests.chaos.audit import Findings, examine, taken

# A third of the lives end early, the others after some mails, or when there are none.
ENDED_EARLY, EARLY_SECONDS = 1 / 3, 0.6
MOST_MAILS, BYTES_A_MAIL, AFTER_SECONDS = 40, 20, 0.02
LONGEST_LIFE, LOOK_SECONDS = 3.0, 0.003
# One in so many is frozen for a moment before it is ended.
FROZEN = 8
FREEZE_SECONDS = 0.2
RELAYS = {"smtp": "tests.chaos.relay", "resend": "tests.chaos.web_relay"}


@dataclass(frozen=True)
class Story:
    """How much is to happen: `people` in each of the four zones, on so many days, by a mail server or by "resend"."""

    kills: int
    people: int
    seed: int
    days: int = stage.DAYS
    by: str = "smtp"


def run(story: Story, folder: Path, say: Callable[[str], None]) -> Findings:
    """Live through the whole story; what was found at its end."""
    dice = random.Random(story.seed)
    with _relay(folder, RELAYS[story.by]) as port:
        _warm_up(folder, port, story.by)
        here = stage.put_together(stage.settings_for(folder / "data", port, story.by))
        _in_child(folder, lambda: stage.set_scene(here, story.people))
        hours = list(_hours(story.days))
        mornings = _mornings(folder, hours)
        kills = between = 0
        for number, at in enumerate(hours):
            if at in mornings:
                wanted = round(story.kills * (mornings.index(at) + 1) / len(mornings)) - kills
                before = taken(folder).total()
                kills += _end_again_and_again(folder, here, at, wanted, dice)
                between += taken(folder).total() - before
            _in_child(folder, lambda at=at: stage.finish(here, at + timedelta(minutes=25)))
            if number % 10 == 0:
                say(f"  {at:%d %b %H:%M}, ended {kills} times")
        listed = folder / "unclear.json"
        _in_child(folder, lambda: stage.list_unclear(here, at, listed))
    return examine(folder, hours[-1], kills, between)


def _hours(days: int) -> Iterator[datetime]:
    """The hours of the story: nine in the morning of each zone, and those in which what is unclear is settled."""
    for number in range(days):
        day = stage.BEGAN.date() + timedelta(days=number)
        for hour in sorted({*stage.ZONES.values(), 23}):
            at = datetime(day.year, day.month, day.day, hour, 0, 30, tzinfo=UTC)
            if at >= stage.BEGAN:
                yield at


def _mornings(folder: Path, hours: list[datetime]) -> list[datetime]:
    """The hours in which something falls due: those in which the sender is ended."""
    due = {datetime.fromtimestamp(int(at), UTC) for at in (folder / "due").read_text().split()}
    return [at for at in hours if any(at - timedelta(hours=1) < instant <= at for instant in due)]


@contextmanager
def _relay(folder: Path, module: str) -> Iterator[int]:
    """The mail server, which nobody ends before the story does."""
    command = [sys.executable, "-m", module, str(folder / "mail.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()


def _warm_up(folder: Path, port: int, by: str) -> None:
    """A small story in this very process: its children inherit what is loaded, and their short lives are spent on work."""
    here = stage.put_together(stage.settings_for(folder / "warm", port, by))
    stage.set_scene(here, 2)
    stage.finish(here, stage.BEGAN + timedelta(minutes=1))
    here.app.close()
    os.truncate(folder / "mail.log", 0)
    assert threading.active_count() == 1, "a process with threads must not fork"


def _end_again_and_again(folder: Path, here: stage.Installation, at: datetime, times: int, dice: random.Random) -> int:
    began = time.monotonic()
    done = False
    for _ in range(times):
        now = at + timedelta(seconds=time.monotonic() - began)
        child = _fork(folder, lambda now=now: stage.live(here, now))
        done = not _let_live(folder, dice, done)
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


def _let_live(folder: Path, dice: random.Random, done: bool) -> bool:
    """Wait for the moment to end a process: some time, or some time after so many mails; False: there was no mail.

    How long the way to the first mail takes is the machine's affair; what is ended must be plan, opening and sending alike.
    """
    if done or dice.random() < ENDED_EARLY:
        _wait(dice.uniform(0, EARLY_SECONDS))
        return not done
    log, end = folder / "mail.log", time.monotonic() + LONGEST_LIFE
    before = log.stat().st_size
    wanted = before + dice.randint(1, MOST_MAILS) * BYTES_A_MAIL
    while log.stat().st_size < wanted and time.monotonic() < end:
        _wait(LOOK_SECONDS)
    _wait(dice.uniform(0, AFTER_SECONDS))
    return log.stat().st_size > before


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
