"""What a reply means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.replies import WORDS, Wish, is_automatic, wish_of


@pytest.mark.parametrize(("wish", "word"), [(wish, word) for wish, words in WORDS.items() for word in sorted(words)])
def test_a_command_is_understood_however_it_is_written(wish: Wish, word: str) -> None:
    assert wish_of(word) is wish
    assert wish_of(f"  {word.upper()}!\n") is wish
    assert wish_of(f"« {word.title()} ».") is wish


def test_no_word_has_two_meanings() -> None:
    words = [word for known in WORDS.values() for word in known]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "Stop.",
        "stop please",
        "Please STOP!!",
        "STOP now",
        "ＳＴＯＰ",
        "\u200bstop\u200f",
        "stop 🙏",
        "Opt out",
        "STOPALL",
        "arrêt svp",
    ],
)
def test_stop_in_many_ways(text: str) -> None:
    assert wish_of(text) is Wish.STOP


@pytest.mark.parametrize(
    "text",
    [
        "Please take me off this list, I never asked for this",
        "why do you keep writing?? stop sending me texts",
        "Je voudrais me désabonner de vos messages",
        "No me escriban más por favor, no quiero recibir esto",
        "не пишите мне больше никогда",
        "请不要再发短信给我了，谢谢你们的工作但是我不想收到",
        "How did you get my number?",
    ],
)
def test_what_sounds_like_leaving_is_for_a_person_to_read(text: str) -> None:
    assert wish_of(text) is Wish.SOUNDS_LIKE_LEAVING


@pytest.mark.parametrize(
    "text",
    [
        "I will write tomorrow, is that in time?",
        "The bus stop is closed",
        "When is the end of the campaign?",
        "Thank you!",
        "",
        "I have written to my own senator as well, what else can I do for him? Yours, Clara",
    ],
)
def test_anything_else_is_a_reply(text: str) -> None:
    assert wish_of(text) is Wish.OTHER


@given(st.text(max_size=400))
def test_any_text_has_a_meaning(text: str) -> None:
    assert wish_of(text) in Wish


@pytest.mark.parametrize(
    ("headers", "automatic"),
    [
        ({"auto-submitted": "auto-replied"}, True),
        ({"auto-submitted": "auto-generated (vacation)"}, True),
        ({"auto-submitted": "no"}, False),
        ({"x-auto-response-suppress": "All"}, True),
        ({"precedence": "Bulk"}, True),
        ({"return-path": "<>"}, True),
        ({"return-path": "<clara@example.org>"}, False),
        ({"content-type": "multipart/report; report-type=delivery-status"}, True),
        ({"content-type": "text/plain"}, False),
        ({}, False),
    ],
)
def test_machines_are_told_from_people(headers: dict[str, str], automatic: bool) -> None:
    assert is_automatic(headers) is automatic
