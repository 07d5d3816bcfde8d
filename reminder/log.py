"""Logs: a stable `action` per line, human or JSON, and never an address, a number, a name, a token or a key."""

import logging
import sys

import structlog

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def set_up_log(form: str, level: str) -> None:
    """Send all log lines to standard error; `form` is human or json. Calling it again replaces what was set up before."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("action") if form == "json" else _as_it_is,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        # Whatever standard error is when a line is written.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, OfLibraries)] + [OfLibraries()]
    root.setLevel(logging.WARNING)
    # They warn of every heartbeat that takes long and of every PDF that is not perfect.
    for noisy in ("apscheduler", "pypdf"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


class OfLibraries(logging.Handler):
    """What libraries log: which one, how bad and the kind of the fault. Their texts may hold an address or a URL."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line of ours for one of theirs."""
        fault = record.exc_info[0] if record.exc_info else None
        kind = {"kind": fault.__name__} if fault else {}
        structlog.get_logger().log(record.levelno, "library_said", library=record.name, **kind)


def _as_it_is(_: object, __: str, line: structlog.types.EventDict) -> structlog.types.EventDict:
    return line
