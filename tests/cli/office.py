"""An office with its installation in a folder of its own, and the command line as somebody there types it."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from reminder.cli import Doors, main
from reminder.clock import Clock, VirtualClock

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
URGENT, SECOND, SUPPORTERS = (SAMPLES / name for name in ("nagyz-muhammed.txt", "rosa-quispe.toml", "supporters.csv"))
# The morning in London on which the campaign of most tests begins.
BEGIN = datetime(2020, 12, 1, 8, tzinfo=UTC)
ORGANISER = "office@example.org"


@dataclass(frozen=True)
class Said:
    """What a command said on standard output and on standard error, and how it ended."""

    out: str
    err: str
    code: int

    @property
    def next(self) -> str:
        """What it said to do next; '' where it said nothing."""
        last = self.out.rstrip("\n").rpartition("\n")[2]
        return last.removeprefix("next: ") if last.startswith("next: ") else ""

    @property
    def errors(self) -> list[str]:
        """The error lines, without the log."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


@dataclass
class Office:
    """One installation; `say` is a command line without its first word, such as "case list"."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    clock: Clock = field(default_factory=lambda: VirtualClock(BEGIN))

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def database_file(self) -> Path:
        return self.folder / "data" / "reminder.db"

    def at(self, day: int, hour: int = 8, month: int = 12) -> "Office":
        """The same office at another hour (UTC) of 2020."""
        return Office(self.folder, self.environment, VirtualClock(datetime(2020, month, day, hour, tzinfo=UTC)))

    def with_settings(self, **settings: str) -> "Office":
        """The same office with other settings in its environment."""
        return Office(self.folder, {**self.environment, **settings}, self.clock)

    def say(self, line: str, *words: Any, typed: str = "") -> Said:
        """Type a command, with `words` behind it as they are; `typed` is what standard input holds."""
        environment = {"DATA_FOLDER": str(self.folder / "data"), "WEB_PORT": "0", **self.environment}
        doors = Doors(environment=environment, env_file=self.env_file, clock=self.clock)
        result = CliRunner().invoke(main, [*shlex.split(line), *map(str, words)], obj=doors, input=typed)
        return Said(result.stdout, result.stderr, result.exit_code)

    def done(self, line: str, *words: Any, typed: str = "") -> Said:
        """The same, and it must come to a good end."""
        said = self.say(line, *words, typed=typed)
        assert (said.code, said.errors) == (0, []), (line, said.err)
        return said

    def code_of(self, document: Path) -> str:
        """Add a document, and say the code of its case."""
        match = re.search(r"Case (\w{6}) ", self.done("case add", document).out)
        assert match is not None
        return match[1]
