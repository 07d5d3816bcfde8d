"""What doctor looks at, and what it says."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

from reminder.config import Settings
from reminder.domain.limits import Limits
from reminder.domain.sms_rules import SmsRules
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import Provider
from reminder.rendering.renderer import Renderer
from reminder.store.database import Database
from reminder.store.vault import Vault

T = TypeVar("T")


class Level(StrEnum):
    """How bad a finding is. A fault keeps something from working and makes the exit code 1; a warning will do so one
    day; a note is what nobody can check from here, or should know."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """`id` is that of its check and never changes; `remedy` says what to do."""

    id: str
    level: Level
    sentence: str
    remedy: str

    def lines(self) -> list[str]:
        """For people."""
        return [f"{self.level:8} {self.id}: {self.sentence}", f"{'':8} {self.remedy}"]

    def to_json(self) -> dict[str, str]:
        """For a program."""
        return {"id": self.id, "level": self.level, "sentence": self.sentence, "remedy": self.remedy}


class Installed(Protocol):
    """What doctor asks of an installation; each part may raise `Trouble` when it is first asked for."""

    @property
    def database(self) -> Database: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def providers(self) -> Mapping[str, Provider]: ...
    @property
    def limits(self) -> Mapping[Channel, Mapping[str, Limits]]: ...
    @property
    def renderer(self) -> Renderer: ...
    @property
    def post_days(self) -> Sequence[object]: ...
    @property
    def texts(self) -> SmsRules: ...
    def wait_for(self, work: Coroutine[Any, Any, T]) -> T: ...


@dataclass
class Examined:
    """An installation under examination. `read_settings` and `install` may raise `Trouble`, and are asked once it is known
    that what they need is well."""

    now: datetime
    env_file: Path | None
    read_settings: Callable[[], Settings]
    install: Callable[[], Installed]

    @cached_property
    def settings(self) -> Settings:
        """The settings."""
        return self.read_settings()

    @cached_property
    def installed(self) -> Installed:
        """The installation."""
        return self.install()

    @property
    def real(self) -> dict[str, Provider]:
        """The providers in use whose messages leave this machine."""
        return {name: each for name, each in self.installed.providers.items() if each.capabilities.real}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at. `look` gives its findings, none where all is well; a `Trouble` that it raises is one.

    `needs`: the checks without whose success it can say nothing: it is left out where one of them raised `Trouble`.
    """

    id: str
    look: Callable[[Examined], Iterable[Finding]]
    needs: tuple[str, ...] = ()


def of_trouble(id_: str, trouble: Trouble) -> Finding:
    """The finding that an error is."""
    return Finding(id_, Level.FAULT, f"{trouble.thing}: {trouble.reason}.", trouble.remedy)
