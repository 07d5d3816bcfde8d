"""How the command line ends: an exit code, and whatever went wrong as one line on standard error that says what to do."""

import sys
import traceback
from collections.abc import Callable
from typing import Any

import click

from reminder.errors import Trouble
from reminder.providers.scrub import ADDRESS, PHONE

FAULT = 1
STOPPED = 130
ADDRESSES = "addresses are asked for, or read from standard input, never written into the command"
QUOTES = "put what belongs together into quotes"


def exit_code_of(work: Callable[[], Any], *, in_detail: Callable[[], bool]) -> int:
    """Run `work`; 0, or the exit code of what went wrong after it was told.

    `in_detail` says whether the places in the code are told, too. Values never are: they may be somebody's address.
    """
    try:
        result = work()
    except Trouble as trouble:
        _tell(f"error: {trouble}")
        return trouble.exit_code
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.Abort:
        _tell("stopped: nothing more was done")
        return STOPPED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        _tell(f"error: {_misuse(error)}")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last door: nobody is to meet a traceback
        if in_detail():
            _tell(*places(error))
        _tell(
            f"error: Reminder: it met a fault of its own ({type(error).__name__}), what was done before it is kept."
            " The log is what stands here on standard error; LOG_LEVEL=debug tells where in the code it was."
        )
        return FAULT
    return result if isinstance(result, int) else 0


def places(error: BaseException) -> list[str]:
    """Where an exception, and those before it, arose: files, lines and kinds, without any text or value of theirs."""
    before = None if error.__suppress_context__ and error.__cause__ is None else error.__cause__ or error.__context__
    frames = [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    return [*(places(before) if before else []), *frames, f"  {type(error).__name__}"]


def _misuse(error: click.ClickException) -> str:
    """A slip of the fingers: what was typed is not told where it may be an address."""
    message = error.format_message()
    command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "reminder"
    if "unexpected extra argument" in message:
        message = f"there are more words than it takes; {ADDRESSES if 'subscribers' in command else QUOTES}"
    words = PHONE.sub(_not_a_day, ADDRESS.sub("[address]", " ".join(message.split()))).rstrip(".")
    return f"{command}: {words[0].lower()}{words[1:]}. `{command} --help` says how."


def _not_a_day(match: Any) -> str:
    found = str(match[0])
    return found if len(found) == len("2020-12-29") and found[4] == found[7] == "-" else "[number]"


def _tell(*lines: str) -> None:
    for line in lines:
        click.echo(line, err=True)


def speak_utf8() -> None:
    """Say everything in UTF-8, whatever the shell was told: titles are in many scripts, and file names may be anything."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
