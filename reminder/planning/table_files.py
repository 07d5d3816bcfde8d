"""The tables that an organiser may edit: TOML files of rows, each with its source."""

import tomllib
from pathlib import Path
from typing import Any

from reminder.errors import BadSetting


def rows_of(path: Path, setting: str) -> list[dict[str, Any]]:
    """The `[[row]]`s of a file; `BadSetting` names the setting where it cannot be read or holds something else."""
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("row", [])
    except OSError as error:
        raise BadSetting(setting, "cannot be read", "Check the path and its rights.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(setting, f"is no TOML ({error})", "Mend it, or unset it.") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BadSetting(setting, "has something else than rows", "Begin each row with a line [[row]].")
    return rows
