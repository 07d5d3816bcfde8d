"""`python -m tests.bench [--scale 0.1] [--only PART]`: measures, prints a table and writes `bench/results.json`."""

import argparse
import json
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.figures import load

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "bench"
PARTS = ("opening", "handover", "handover-whole", "stop", "smtp", "sms", "heartbeat", "adapters", "hooks", "pages")
NEED_PREPARED = frozenset(PARTS) - {"smtp", "sms"}
WIDTHS = (84, 12)


def main() -> int:
    """Every part in a process of its own; 0 when all could be measured, whatever came out."""
    options = _options()
    parts = [part for part in PARTS if not options.only or part in options.only]
    OUT.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=OUT))
    figures: list[dict[str, Any]] = []
    failed = []
    try:
        if NEED_PREPARED & set(parts) and not _measure("prepare", options.scale, folder):
            return 1
        print(_line("figure", "asked", "measured"))
        for part in parts:
            if not _measure(part, options.scale, folder):
                failed.append(part)
                continue
            found = json.loads((folder / f"{part}.json").read_text())
            figures += found
            for figure in found:
                print(_line(figure["name"], figure["asked"], f"{_verdict(figure['met'])}{figure['value']}"), flush=True)
    finally:
        shutil.rmtree(folder)
    _write(figures, options.scale)
    print(f"\nload {load()}; written to {(OUT / 'results.json').relative_to(ROOT)}")
    for part in failed:
        print(f"{part}: could not be measured, see above", file=sys.stderr)
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million people; 0.1 for a quick run")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part alone; may be repeated")
    return parser.parse_args()


def _measure(part: str, scale: float, folder: Path) -> bool:
    command = [sys.executable, "-m", "tests.bench.part", part, str(scale), str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def _verdict(met: bool | None) -> str:
    return {True: "yes   ", False: "NO    ", None: "      "}[met]


def _line(name: str, asked: str, value: str) -> str:
    return f"{name:<{WIDTHS[0]}} {asked:<{WIDTHS[1]}} {value}"


def _write(figures: list[dict[str, Any]], scale: float) -> None:
    told = {
        "scale": scale,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.platform(),
        "load": load(),
        "figures": figures,
    }
    (OUT / "results.json").write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
