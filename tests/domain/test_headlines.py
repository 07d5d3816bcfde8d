"""Titles in capitals become sentences, by what the text beside them shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.headlines import unshouted

STORY = (
    "Nagyz Muhammed, an ethnic Kazakh writer, was taken away. The writer's family asks, and PEN asks with it. In prison"
    " he is ill: nobody has heard of Nagyz Muhammed since. He is in a town that nobody names."
)


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("KAZAKH WRITER IN PRISON", "Kazakh writer in prison"),
        ("WRITER'S FAMILY ASKS PEN FOR HELP", "Writer's family asks PEN for help"),
        ("UN ASKS ABOUT NAGYZ MUHAMMED", "UN asks about Nagyz Muhammed"),
        ("14 PEOPLE TAKEN AWAY", "14 people taken away"),
        ("Writer in PRISON", "Writer in PRISON"),
        ("PEN", "PEN"),
        ("КАЗАХСКИЙ ПИСАТЕЛЬ В ТЮРЬМЕ", "Казахский писатель в тюрьме"),
        ("作家被判无期徒刑", "作家被判无期徒刑"),
        ("", ""),
    ],
)
def test_a_title_in_capitals_is_written_as_its_text_writes_it(title: str, told: str) -> None:
    assert unshouted(title, STORY) == told


@given(title=st.text(max_size=80), text=st.text(max_size=200))
def test_only_the_size_of_letters_changes(title: str, text: str) -> None:
    assert unshouted(title, text).casefold() == title.casefold()
