"""No test is skipped in silence: a skip whose reason is not listed in allowed_skips.txt fails the run."""

from pathlib import Path

import pytest

REAL_DOCUMENTS = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "ua"
ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where the real documents are absent, the tests that are parametrised with them are not collected (pytest skips them)."""
    if REAL_DOCUMENTS.is_dir():
        return
    without_cases = [item for item in items if any("empty parameter set" in r for r in _skip_reasons(item))]
    config.hook.pytest_deselected(items=without_cases)
    items[:] = [item for item in items if item not in without_cases]


def _skip_reasons(item: pytest.Item) -> list[str]:
    return [mark.kwargs.get("reason", "") for mark in item.iter_markers("skip")]


def _unlisted_skips(reporter: pytest.TerminalReporter) -> list[str]:
    lines = ALLOWED_SKIPS.read_text().splitlines()
    allowed = {line for line in lines if line and not line.startswith("#")}
    reasons = {str(report.longrepr[2]).removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])}
    return sorted(reasons - allowed)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skip whose reason is not listed fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _unlisted_skips(reporter) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for reason in _unlisted_skips(terminalreporter):
        terminalreporter.write_line(f"Skipped for a reason that {ALLOWED_SKIPS.name} does not list: {reason}", red=True)
