"""A content as a provider's template: filled in again, everybody reads what `Spliced.fill` makes."""

from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.message import Content, Gap, Recipient, Spliced
from reminder.domain.states import Channel
from reminder.providers.merge import Merge, filled, once_each, unused
from tests.providers.over_http import full_content, loud
from tests.providers.people import recipients

words = st.text(alphabet="ab{}v0% -", max_size=8)
ENCODERS = (None, loud, str.upper)


@st.composite
def texts(draw: st.DrawFn) -> Spliced:
    gaps = draw(st.lists(st.builds(Gap, st.integers(0, 2), st.sampled_from(ENCODERS)), max_size=4))
    return Spliced(tuple(draw(words) for _ in range(len(gaps) + 1)), tuple(gaps))


def content(text: Spliced) -> Content:
    return Content(Channel.EMAIL, "en", ("a", "b", "c"), "Subject", text, None, (), None, "appeals@example.org")


def replaced(template: str, values: dict[str, str]) -> str:
    """What a provider does: each placeholder, once, from left to right."""
    pieces = template.split("{{")
    out = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        out += [values[name], rest]
    return "".join(out)


@given(text=texts(), people=st.lists(st.tuples(words, words, words), min_size=1, max_size=3))
def test_filled_in_by_the_provider_a_text_reads_as_if_we_had_filled_it(
    text: Spliced, people: list[tuple[str, str, str]]
) -> None:
    merge = Merge(content(text), lambda name: f"{{{{{name}}}}}", "{{")
    # One brace at the end of our own words and ours together would read as the provider's.
    template = merge.text(
        Spliced(tuple(part.replace("{", "{ ").replace("{ {", "{{") for part in text.parts), text.gaps)
    )
    expected = Spliced(tuple(part.replace("{", "{ ").replace("{ {", "{{") for part in text.parts), text.gaps)
    readers = [Recipient(n, f"{n}.00", "a@example.org", values) for n, values in enumerate(people)]
    for reader, row in zip(readers, merge.rows(readers), strict=True):
        assert row == merge.values(reader)
        assert replaced(template, row | merge.shared) == expected.fill(reader.values)


def test_rows_may_be_named_by_the_placeholder_as_it_is_written() -> None:
    merge = Merge(full_content(), lambda name: f"-{name}-", "~")
    merge.text(full_content().text)
    [person] = recipients(Channel.EMAIL, 1)
    assert merge.rows([person], written=True) == [{"-v0-": person.values[2]}]


def test_a_content_without_gaps_has_no_values() -> None:
    merge = Merge(full_content(), str, "~")
    merge.text(Spliced(("the same for all",), ()))
    assert merge.rows(recipients(Channel.EMAIL, 1, 2)) == [{}, {}]


@given(text=texts())
def test_a_header_is_filled_for_everybody(text: Spliced) -> None:
    people = recipients(Channel.EMAIL, 1, 2)
    assert filled(text, people) == [text.fill(person.values) for person in people]


@given(known=st.lists(st.text(alphabet="-r0123", max_size=12)))
def test_a_mark_is_in_none_of_the_texts(known: list[str]) -> None:
    assert not any(unused("-r", known) in text for text in known)


@given(names=st.lists(st.sampled_from(["a@example.org", "A@example.org", "b@example.org"]), max_size=5))
def test_each_address_is_first_once_and_nobody_is_lost(names: list[str]) -> None:
    people = [Recipient(number, f"{number}.00", name, ()) for number, name in enumerate(names)]
    first, again = once_each(people)
    assert len({person.address.lower() for person in first}) == len(first)
    assert sorted(person.message_id for person in first + again) == list(range(len(people)))
    assert all(any(one.address.lower() == person.address.lower() for one in first) for person in again)
