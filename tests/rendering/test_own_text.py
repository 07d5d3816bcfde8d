"""The text that organisers write: names and choices, nothing that reaches out or takes long."""

from contextlib import suppress
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.errors import Trouble
from reminder.rendering.own_text import LONGEST_SOURCE, check_own_text, render_own_text
from tests.rendering.cast import WRITER, nudge, renderer, values_for

VALUES = {
    "names": "N. M.",
    "country": "China",
    "days_left": 7,
    "until": "Tuesday",
    "post_by": "",
    "write_url": "https://x.example",
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Plain, with 100 % of its signs.", "Plain, with 100 % of its signs."),
        ("Write for {{ names }} ({{ country }}).", "Write for N. M. (China)."),
        ("{% if days_left and days_left < 8 %}Soon.{% else %}Later.{% endif %}", "Soon."),
        ("{{ 'By ' if post_by else 'Until ' }}{{ until }}", "Until Tuesday"),
        ("{% if not post_by %}No post.{% endif %}", "No post."),
    ],
)
def test_names_are_filled_in_and_choices_made(source: str, text: str) -> None:
    assert render_own_text(source, VALUES, "The text") == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ range(999999999) }}",
        "{% for a in names %}{% for b in names %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ names.__class__.__mro__ }}",
        "{{ names['__class__'] }}",
        "{{ names | upper }}",
        "{% set a = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'email/base.html' %}",
        "{% import 'email/parts.html' as p %}",
        "{{ config }}",
        "{{ self }}",
        "{{ names ~ names }}",
    ],
)
def test_all_else_is_refused_with_its_line(source: str) -> None:
    with pytest.raises(Trouble, match="line 2"):
        render_own_text(f"First line.\n{source}", VALUES, "The text")


def test_a_mistake_is_named_with_its_line() -> None:
    with pytest.raises(Trouble, match="The text, line 3"):
        check_own_text("one\ntwo\n{{ names ", "The text")


@pytest.mark.parametrize("source", ["{{ names }}" * LONGEST_SOURCE, "{% if names %}" * 700])
def test_a_text_that_is_too_long_or_too_deep_is_refused(source: str) -> None:
    with pytest.raises(Trouble, match="The text"):
        render_own_text(source, VALUES, "The text")


@given(st.text(alphabet=st.sampled_from("{}%# namesif<0'\"|.()[]*~+-\n"), max_size=60))
def test_any_source_is_a_text_or_a_trouble(source: str) -> None:
    with suppress(Trouble):
        assert isinstance(render_own_text(source, VALUES, "The text"), str)


def test_it_stands_in_the_mail_escaped() -> None:
    appeal = replace(
        WRITER, own_text="Dear all,\n\n{{ names }} <hopes> until {{ until }}.", deadline=date(2020, 12, 29)
    )
    content = renderer().nudge(nudge("en", appeal))
    values = values_for(content)
    assert "Nagyz Muhammed <hopes> until Tuesday 29 December 2020." in content.text.fill(values)
    assert content.html is not None
    assert "Nagyz Muhammed &lt;hopes&gt; until" in content.html.fill(values)
