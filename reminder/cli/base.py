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
from reminder.clock import Clock, SystemClock
from reminder.config import Settings, load
from reminder.errors import Trouble
from reminder.log import set_up_log
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
        """The settings; a bad one is told before anything else happens."""
        names = [name for provider in REGISTRY for name in settings_of(provider)]
        return load(self.environment, self.env_file, names)

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
        """As click does it, but a trouble is one line on standard error and its exit code."""
        doors = kwargs.pop("obj", None) or Doors()
        kwargs["standalone_mode"] = False
        try:
            set_up_log(doors.settings.log_format, doors.settings.log_level)
            result = super().main(*args, obj=doors, **kwargs)
        except Trouble as trouble:
            click.echo(f"error: {trouble}", err=True)
            result = trouble.exit_code
        except click.exceptions.Exit as exit_:
            result = exit_.exit_code
        except click.Abort:
            click.echo("stopped: nothing more was done", err=True)
            result = 130
        except click.ClickException as error:
            error.show()
            result = error.exit_code
        finally:
            doors.close()
        sys.exit(result if isinstance(result, int) else 0)


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
