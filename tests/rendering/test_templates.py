"""Templates: found, overridden by the operator, and named with file and line when one has a mistake."""

from pathlib import Path

import pytest

from reminder.errors import Trouble
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import Templates, default_template_folder
from tests.rendering.cast import OFFICE, nudge, renderer, values_for


def overridden(folder: Path, name: str, text: str) -> Renderer:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return Renderer([folder, default_template_folder()], OFFICE)


def test_what_comes_with_the_program_has_no_fault() -> None:
    assert renderer().check() == []
    assert renderer().untranslated() == {tag: [] for tag in ("ar", "es", "fr", "ru", "zh")}


def test_an_operator_may_override_any_file(tmp_path: Path) -> None:
    theirs = overridden(tmp_path, "email/nudge.subject.txt", "Write, please")
    assert theirs.nudge(nudge()).subject == "Write, please"
    assert theirs.check() == []


def test_an_override_may_use_the_frame_that_it_replaces_nothing_of(tmp_path: Path) -> None:
    text = '{% extends "email/base.html" %}{% block body %}<p>{{ t("Write now") }}</p>{% endblock %}'
    content = overridden(tmp_path, "email/nudge.html", text).nudge(nudge("fr"))
    assert content.html is not None
    assert "<p>Écrire maintenant</p>" in content.html.fill(values_for(content))


def test_a_template_with_an_error_is_named_with_file_and_line(tmp_path: Path) -> None:
    theirs = overridden(tmp_path, "email/nudge.txt", "one\ntwo {{ broken\n")
    found = theirs.check()
    assert len(found) == 1
    assert str(tmp_path / "email/nudge.txt") + ":2" in found[0]
    with pytest.raises(Trouble, match=r"nudge\.txt:2"):
        theirs.nudge(nudge())


@pytest.mark.parametrize(
    "mistake", ["{{ unknown_name }}", "{{ 1 / 0 }}", "{{ appeals.x }}", "{{ appeals[9] }}", "{{ 'a' + 1 }}"]
)
def test_a_mistake_that_shows_only_when_it_runs_is_named_with_file_and_line(tmp_path: Path, mistake: str) -> None:
    theirs = overridden(tmp_path, "email/nudge.txt", f"one\n\n{mistake}\n")
    with pytest.raises(Trouble, match=r"nudge\.txt:3"):
        theirs.nudge(nudge())


def test_a_template_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"^Template email/task\.txt: is missing"):
        Renderer([tmp_path], OFFICE).nudge(nudge())


def test_only_html_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "email").mkdir()
    for name in ("a.txt", "a.html"):
        (tmp_path / "email" / name).write_text("{{ text }}")
    templates = Templates([tmp_path])
    assert templates.render("email/a.txt", {"text": "<b>"}) == "<b>"
    assert templates.render("email/a.html", {"text": "<b>"}) == "&lt;b&gt;"
