"""Logs: one form for all lines, and of what libraries say only who said it and how bad it was."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from reminder.log import OfLibraries, set_up_log


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Other tests meet the log as they expect it."""
    level, handlers = logging.getLogger().level, list(logging.getLogger().handlers)
    yield
    logging.getLogger().setLevel(level)
    logging.getLogger().handlers = handlers
    structlog.reset_defaults()


def test_a_json_line_has_action_level_time_and_what_belongs_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log("json", "info")
    structlog.get_logger().info("sending_opened", campaign=1)
    line = json.loads(capsys.readouterr().err)
    assert (line["action"], line["level"], line["campaign"]) == ("sending_opened", "info", 1)
    assert line["timestamp"].endswith("Z")


def test_a_level_that_was_not_asked_for_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log("human", "warning")
    structlog.get_logger().info("sending_opened")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["human", "json"])
def test_the_words_of_a_library_and_of_its_faults_are_left_out(capsys: pytest.CaptureFixture[str], form: str) -> None:
    set_up_log(form, "debug")
    try:
        raise ValueError("clara@example.org")
    except ValueError:
        logging.getLogger("aiosmtplib").exception("mail to %s failed", "clara@example.org")
    said = capsys.readouterr().err
    assert "aiosmtplib" in said
    assert "ValueError" in said
    assert "clara" not in said


def test_setting_it_up_again_adds_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        set_up_log("json", "info")
    logging.getLogger("alembic").error("no")
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert sum(isinstance(handler, OfLibraries) for handler in logging.getLogger().handlers) == 1


def test_what_libraries_say_below_a_warning_is_nobodys_business(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_log("human", "debug")
    logging.getLogger("httpx").info("GET https://re.example.org/s/token")
    assert capsys.readouterr().err == ""
