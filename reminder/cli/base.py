"""What all commands share: the app on first use, troubles as one line and an exit code, words for people or JSON."""

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import click
import orjson

from reminder.app import App, build_app
from reminder.cli.telling import exit_code_of, speak_utf8
from reminder.clock import Clock, SystemClock
from reminder.config import Settings, load
from reminder.errors import Trouble
from reminder.intake.subscribers.places import read_country
from reminder.log import set_up_log
from reminder.planning import drafts
from reminder.planning.desk import Desk
from reminder.providers.registry import REGISTRY, settings_of


@dataclass
class Doors:
    """What a command stands on; a test or a rehearsal hands in its own environment and clock."""

    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    env_file: Path | None = field(default_factory=lambda: Path(".env"))
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def settings(self) -> Settings:
        """The settings; a bad one is told before anything else happens. From here on the log is as they say."""
        names = [name for provider in REGISTRY for name in settings_of(provider)]
        settings = load(self.environment, self.env_file, names)
        set_up_log(settings.log_format, settings.log_level)
        return settings

    @property
    def in_detail(self) -> bool:
        """Whether the operator wants to know where in the code a fault was."""
        return "settings" in self.__dict__ and self.settings.log_level == "debug"

    @cached_property
    def app(self) -> App:
        """The installation, checked: schema and keys fit."""
        app = build_app(self.settings, self.clock)
        app.instance  # noqa: B018 - refuses a database that does not fit before anything is done
        return app

    @cached_property
    def desk(self) -> Desk:
        """What the organisers' services of campaigns work with."""
        return self.app.desk

    @property
    def who(self) -> str:
        """Who is at the keyboard, for the audit."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "operator"

    def close(self) -> None:
        """Give back what was opened."""
        if "app" in self.__dict__:
            self.app.close()


pass_doors = click.make_pass_decorator(Doors)


class Cli(click.Group):
    """The top of the command line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """As click does it, but whatever goes wrong is one line on standard error and an exit code.

        `obj` is the `Doors` to stand on; without it, those of the machine.
        """
        doors = kwargs.pop("obj", None) or Doors()
        speak_utf8()
        set_up_log("human", "info")
        sys.exit(exit_code_of(lambda: self._run(doors, *args, **kwargs), in_detail=lambda: doors.in_detail))

    def _run(self, doors: Doors, *args: Any, **kwargs: Any) -> Any:
        kwargs = {"prog_name": "reminder"} | kwargs | {"standalone_mode": False}
        try:
            return super().main(*args, obj=doors, **kwargs)
        finally:
            doors.close()


def number_of(typed: str) -> int | None:
    """The number of a row that somebody typed, from 1 on; None for anything else."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 and int(typed) else None


class Number(click.ParamType[int]):
    """The number of a `thing`, which `where` lists. What was typed instead is not repeated: it may be an address."""

    name = "number"

    def __init__(self, thing: str, where: str) -> None:
        self._thing = thing
        self._where = where

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; `Trouble` for anything else."""
        number = number_of(str(value))
        if number is None:
            place = param.make_metavar(ctx) if param and ctx else self._thing
            raise Trouble(place, f"must be the number of a {self._thing}", f"`{self._where}` shows the numbers.")
        return number


campaign_argument = click.argument("campaign_id", metavar="CAMPAIGN", type=Number("campaign", "reminder campaign list"))
message_argument = click.argument("message_id", metavar="ID", type=Number("message", "reminder messages list"))


def read_scopes(typed: Iterable[str], option: str) -> list[str]:
    """What people want or a campaign is for, in the form in which both are kept; `Trouble` names the `option`."""
    try:
        return drafts.read_audience([_with_country(one) for one in typed])
    except Trouble as trouble:
        raise Trouble(option, trouble.reason, trouble.remedy) from None


def _with_country(typed: str) -> str:
    kind, _, name = typed.strip().partition(":")
    if kind != "country" or not name.strip():
        return typed
    code = read_country(name.strip())
    if code is None:
        raise Trouble(
            "A country",
            "names a country that is not known",
            "Type its English name or its two letters, such as country:CN.",
        )
    return f"country:{code}"


def is_attended() -> bool:
    """Whether somebody sits at the keyboard who can be asked."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask(what: str, *, hidden: bool = False) -> str:
    """One line from the person at the keyboard, else the next line of standard input. `Trouble` where there is none."""
    if is_attended():
        return str(click.prompt(what, hide_input=hidden)).strip()
    try:
        line = sys.stdin.readline().strip() if sys.stdin is not None and not sys.stdin.closed else ""
    except UnicodeDecodeError:
        raise Trouble(what, "is not text in UTF-8", "Look at what is given on standard input.") from None
    if not line:
        raise Trouble(what, "is missing", "Type it when you are asked, or give it as a line on standard input.")
    return line


def say(lines: Iterable[str], then: str = "") -> None:
    """Sentences for people, and what to do next."""
    for line in lines:
        click.echo(line)
    if then:
        click.echo(then if then.startswith("next: ") else f"next: {then}")


def say_json(value: Any) -> None:
    """One JSON document for a program."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS, default=str).decode())


def as_json(value: Any) -> str:
    """The same keys in the order they have, as `case read --json` fixes them."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def read_day(_: click.Context, __: click.Parameter, value: str | None) -> date | None:
    """An option that takes a day."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("write the day like 2020-12-29") from None


def day_option(
    name: str, help_text: str, *, required: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option for a day."""
    return click.option(name, callback=read_day, metavar="YYYY-MM-DD", help=help_text, required=required)


json_option = click.option("--json", "in_json", is_flag=True, help="Print JSON for a program.")
