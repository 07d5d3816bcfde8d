"""The repository as it stands, for the tests that read it."""

import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def kept_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, kept in git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(path for name in names if (path := ROOT / name).is_file())


@cache
def texts() -> dict[str, str]:
    """The text files kept in git, by path from the root; what is not UTF-8 is no text."""
    found = {}
    for path in kept_files():
        raw = path.read_bytes()
        if b"\0" not in raw and len(raw) < 2_000_000:
            found[path.relative_to(ROOT).as_posix()] = raw.decode("utf-8", errors="replace")
    return found


def lines_matching(pattern: str, folder: str = "") -> list[str]:
    """Where a pattern stands in the kept files, as path:line, without the line itself."""
    return [
        f"{name}:{number}"
        for name, text in texts().items()
        if name.startswith(folder)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]
