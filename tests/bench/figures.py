"""A figure with what was asked of it, and how it is measured: one core, the peak of memory, files on a real disk."""

import os
import resource
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `met` is None for a figure that is only told; `numbers` are what it was made from."""

    part: str
    name: str
    asked: str
    value: str
    met: bool | None = None
    numbers: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many people each part works with."""

    people: int
    few: int
    smtp: int
    sms: int

    @classmethod
    def at(cls, scale: float) -> "Sizes":
        """The sizes that the figures are asked for, times `scale`."""
        return cls(
            max(2_000, int(1_000_000 * scale)),
            max(1_000, int(50_000 * scale)),
            max(500, int(6_000 * scale)),
            max(500, int(4_000 * scale)),
        )


def median(values: Sequence[float]) -> float:
    """The middle one: a round that was disturbed does not count."""
    return statistics.median(values)


def one_core() -> None:
    """Let this process run on its last core only, with all its threads."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def peak_megabytes() -> float:
    """The most memory that this process ever held at a time."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MEGABYTE if sys.platform == "darwin" else 1024)


def copy(source: Path, target: Path) -> str:
    """A copy of a database, on the disk before anything is measured; returns its address."""
    for old in target.parent.glob(f"{target.name}*"):
        old.unlink()
    shutil.copy(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return f"sqlite:///{target}"


def load() -> str:
    """How busy the machine is beside us, as the one-minute load average."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
