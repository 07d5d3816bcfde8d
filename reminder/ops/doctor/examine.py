"""Goes through the checks, one after the other."""

from collections.abc import Sequence

import structlog

from reminder.errors import Trouble
from reminder.ops.doctor.finding import Check, Examined, Finding, Level, of_trouble

log = structlog.get_logger()


def examine(examined: Examined, checks: Sequence[Check]) -> list[Finding]:
    """What every check found, in their order. Sends nothing and changes nothing."""
    found: list[Finding] = []
    failed: set[str] = set()
    for check in checks:
        if failed.intersection(check.needs):
            failed.add(check.id)
            continue
        try:
            found += check.look(examined)
        except Trouble as trouble:
            failed.add(check.id)
            found.append(of_trouble(check.id, trouble))
        except Exception as error:  # noqa: BLE001 - the other checks still say something; its text may be a secret
            failed.add(check.id)
            log.error("check_failed", check=check.id, kind=type(error).__name__)
            sentence = f"could not be looked at: it met a fault of its own ({type(error).__name__})."
            found.append(Finding(check.id, Level.FAULT, sentence, "LOG_LEVEL=debug tells where in the code it was."))
    return found
