"""SMS segments against known answers and a second, slower count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.rendering.segments import Alphabet, Segments, count_segments, fold_to_gsm

GSM, UCS = Alphabet.GSM7, Alphabet.UCS2
EXTENSION = "^{}\\[~]|€"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(GSM, 0, 1, 160)),
        ("a" * 160, Segments(GSM, 160, 1, 0)),
        ("a" * 161, Segments(GSM, 161, 2, 145)),
        ("a" * 306, Segments(GSM, 306, 2, 0)),
        ("a" * 307, Segments(GSM, 307, 3, 152)),
        ("€" * 80, Segments(GSM, 160, 1, 0)),
        ("€" * 81, Segments(GSM, 162, 2, 143)),
        # 152 units, then a sign of two: it moves over the border as a whole.
        ("a" * 152 + "€" + "a" * 10, Segments(GSM, 164, 2, 141)),
        ("é" * 160, Segments(GSM, 160, 1, 0)),
        ("ê" * 70, Segments(UCS, 70, 1, 0)),
        ("ê" + "a" * 70, Segments(UCS, 71, 2, 63)),
        ("д" * 134, Segments(UCS, 134, 2, 0)),
        ("д" * 135, Segments(UCS, 135, 3, 66)),
        ("🕯" * 35, Segments(UCS, 70, 1, 0)),
        # 66 units, then a pair: the pair moves over as a whole.
        ("д" * 66 + "🕯" + "д" * 10, Segments(UCS, 78, 2, 55)),
        ("£¥èùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r", Segments(GSM, 41, 1, 119)),
        ("ç", Segments(UCS, 1, 1, 69)),
        ("`", Segments(UCS, 1, 1, 69)),
    ],
)
def test_known_answers(text: str, expected: Segments) -> None:
    assert count_segments(text) == expected


@given(st.text(alphabet=st.sampled_from("aé1 ^€{"), max_size=500))
def test_gsm_segments_are_filled_one_after_the_other(text: str) -> None:
    widths = [2 if each in EXTENSION else 1 for each in text]
    segments = [0]
    for width in widths:
        if segments[-1] + width > 153:
            segments.append(0)
        segments[-1] += width
    expected = 1 if sum(widths) <= 160 else len(segments)
    found = count_segments(text)
    assert (found.alphabet, found.units, found.count) == (GSM, sum(widths), expected)


@given(st.text(min_size=1))
def test_one_foreign_sign_makes_the_whole_text_ucs2(text: str) -> None:
    found = count_segments(text + "ж")
    assert found.alphabet is UCS
    assert found.units == len((text + "ж").encode("utf-16-le", "surrogatepass")) // 2


@given(st.text())
def test_more_text_never_takes_fewer_segments(text: str) -> None:
    assert count_segments(text + "a").count >= count_segments(text).count


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Rappel : arrêter, août, cœur, ça", "Rappel : arreter, aout, coeur, ca"),
        ("Últimos días, sábado", "Ultimos dias, sabado"),
        ("“Don’t” – wait…", '"Don\'t" - wait...'),
        ("déjà à Zürich", "déjà à Zürich"),
        ("Łódź", "Lodz"),
        ("до 29.12 – août", "до 29.12 – août"),
    ],
)
def test_accents_are_dropped_only_where_that_saves_the_alphabet(text: str, folded: str) -> None:
    assert fold_to_gsm(text) == folded


@given(st.text())
def test_folding_never_makes_an_sms_dearer(text: str) -> None:
    folded = fold_to_gsm(text)
    assert folded == text or count_segments(folded).alphabet is GSM
