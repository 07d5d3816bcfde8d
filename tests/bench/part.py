"""One part of the bench in a process of its own, so that its memory and its core are its own."""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import structlog

from tests.bench import adapters, handover, heartbeat, hooks, opening, pages, sms, smtp, stop
from tests.bench.figures import Figure, Sizes, load
from tests.bench.world import open_everything, seed


def prepare(folder: Path, sizes: Sizes) -> list[Figure]:
    """The databases that the other parts copy: nothing opened, and everything opened."""
    for name, people in (("", sizes.people), ("-few", sizes.few)):
        seed(folder / f"seed{name}.db", people)
        opened = folder / f"opened{name}.db"
        opened.write_bytes((folder / f"seed{name}.db").read_bytes())
        open_everything(f"sqlite:///{opened}")
    return []


PARTS: dict[str, Callable[[Path, Sizes], list[Figure]]] = {
    "prepare": prepare,
    "opening": opening.measure,
    "handover": handover.measure,
    "handover-whole": handover.measure_whole,
    "stop": stop.measure,
    "smtp": smtp.measure,
    "sms": sms.measure,
    "heartbeat": heartbeat.measure,
    "adapters": adapters.measure,
    "hooks": hooks.measure,
    "pages": pages.measure,
}


def main(name: str, scale: str, folder: str) -> None:
    """Measure one part and leave its figures in a file of its name."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    before = load()
    figures = PARTS[name](Path(folder), Sizes.at(float(scale)))
    found = [asdict(figure) | {"load_before": before, "load_after": load()} for figure in figures]
    (Path(folder) / f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
