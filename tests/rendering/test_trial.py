"""Before a campaign starts every kind of message is rendered once: a mistake is found before anybody is to be written to."""

from pathlib import Path

import pytest

from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import default_template_folder
from reminder.rendering.trial import try_all
from tests.rendering.cast import OFFICE, renderer


def overridden(folder: Path, name: str, text: str) -> Renderer:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return Renderer([folder, default_template_folder()], OFFICE)


def test_what_comes_with_the_program_has_no_fault_when_it_runs() -> None:
    assert try_all(renderer()) == []


@pytest.mark.parametrize(
    "name",
    [
        *("email/nudge.txt", "email/nudge.html", "email/nudge.subject.txt", "email/task.txt", "sms/nudge.txt"),
        *("email/closing.txt", "sms/closing.txt", "email/outcome.html", "sms/outcome.txt", "email/stop.txt"),
        *("sms/stop.txt", "email/confirmation.txt", "sms/confirmation.txt", "email/answer.still.txt", "sms/answer.txt"),
        *("email/report.html", "email/alert.txt", "email/invitation.html", "email/base.html", "email/greeting.txt"),
    ],
)
def test_a_mistake_that_shows_only_when_it_runs_is_found_in_every_kind_and_told_once(tmp_path: Path, name: str) -> None:
    found = try_all(overridden(tmp_path, name, "one\n{{ no_such_thing }}\n"))
    assert len(found) == 1
    assert f"{tmp_path / name}:2: has an error ('no_such_thing' is undefined)" in found[0]


def test_a_template_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    (found,) = try_all(overridden(tmp_path, "email/nudge.txt", "{% if %}"))
    assert f"{tmp_path / 'email/nudge.txt'}:1" in found


@pytest.mark.parametrize("where", ["appeals | length > 1", "appeals[0].until is none", "appeals[0].days == 0"])
def test_a_mistake_in_what_few_reminders_say_is_found_too(tmp_path: Path, where: str) -> None:
    text = f"{{% if {where} %}}{{{{ no_such_thing }}}}{{% endif %}}Write."
    assert len(try_all(overridden(tmp_path, "email/nudge.txt", text))) == 1
