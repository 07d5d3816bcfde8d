"""Checks of the settings, the files and the disk."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from reminder.config import Settings
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.ops.doctor.finding import Examined, Finding, Level
from reminder.ops.keys import vault_of

OTHERS = 0o077
MEGABYTE = 1_000_000
LEAST_FREE = 200 * MEGABYTE
LOW_FREE = 2_000 * MEGABYTE
# What a reader of a mail sees of the office: nobody may go out with our examples in them.
EXAMPLES = ("organisation", "legal_name", "postal_address", "contact", "privacy_url")


def settings(examined: Examined) -> Iterator[Finding]:
    """They can be read, and each has a value that it may have."""
    examined.settings  # noqa: B018 - reading them raises what is wrong
    yield from ()


def settings_file(examined: Examined) -> Iterator[Finding]:
    """It holds keys: nobody else on the machine may read it."""
    file = examined.env_file
    if file is not None and file.is_file() and file.stat().st_mode & OTHERS:
        reason = f"{file.name} holds keys, and others on this machine may read it."
        yield Finding("settings-file", Level.FAULT, reason, f"Run `chmod 600 {file.name}`.")


def keys(examined: Examined) -> Iterator[Finding]:
    """They are there, and are keys."""
    vault_of(examined.settings)
    yield from ()


def data_folder(examined: Examined) -> Iterator[Finding]:
    """It is there, we may write to it, and nobody else may read it."""
    folder = examined.settings.data_folder
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        raise Trouble("DATA_FOLDER", f"cannot be looked at ({error.strerror})", "Run `reminder init`.") from None
    if not folder.is_dir():
        raise Trouble("DATA_FOLDER", "is no folder", "Choose another name for it.")
    if not _may_write(folder):
        remedy = "Give the folder to the user who runs the service."
        yield Finding("data-folder", Level.FAULT, "The data folder cannot be written to.", remedy)
    if mode & OTHERS:
        reason = "Others on this machine may look into the data folder."
        yield Finding("data-folder", Level.WARNING, reason, "Run `chmod 700` on it.")


def _may_write(folder: Path) -> bool:
    probe = folder / ".doctor"
    try:
        probe.touch()
        probe.unlink()
    except OSError:
        return False
    return True


def disk(examined: Examined, *, low: int = LOW_FREE, least: int = LEAST_FREE) -> Iterator[Finding]:
    """There is room for what a campaign writes; `low` and `least` in bytes."""
    free = shutil.disk_usage(examined.settings.data_folder).free
    if free < low:
        level = Level.FAULT if free < least else Level.WARNING
        reason = f"{free // MEGABYTE:,} MB are free where the data folder is."
        yield Finding("disk", level, reason, "Make room; a full disk stops everything.")


def office(examined: Examined) -> Iterator[Finding]:
    """With a provider that really sends, what readers see of the office is no longer our example."""
    if not examined.real:
        return
    default = Settings()
    same = [name.upper() for name in EXAMPLES if getattr(examined.settings, name) == getattr(default, name)]
    if same:
        words = "is still the example" if len(same) == 1 else "are still the examples"
        reason = f"{', '.join(same)} {words}, and every reader sees it."
        yield Finding("office", Level.WARNING, reason, "Set them to what stands in your footer.")
    by_mail = any(provider.channel is Channel.EMAIL for provider in examined.real.values())
    if by_mail and examined.settings.mail_from == default.mail_from:
        reason = "MAIL_FROM is still the example: no mail server takes mail from it."
        yield Finding("office", Level.FAULT, reason, "Set it to an address of your own domain.")
