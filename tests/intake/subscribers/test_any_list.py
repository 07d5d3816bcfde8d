"""What holds for every list there is."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.intake.subscribers.presets import PRESETS, Column, Preset
from reminder.intake.subscribers.problems import CODES
from reminder.intake.subscribers.records import ENCODINGS
from reminder.intake.subscribers.rows import Level
from tests.intake.subscribers.lists import FILE_SAYS, Outcome, read

PRESET_NAMES = st.sampled_from([*PRESETS])
EMAILS = [
    "clara@example.org",
    "Clara@example.org",
    "davi@example.org",
    "ellen@example.net",
    "clara@example.org",
    "bad@",
    "",
]
PHONES = ["+447700900123", "07700 900123", "+13105550123", "1e9", ""]
DAYS = ["", "2020-01-01", "2020-01-01 10:00:00", "2999-01-01", "1.1.2020"]
ANYTHING = [
    "",
    "GB",
    "EST",
    "Asia/Almaty",
    "email sms",
    "sms",
    "all",
    "London",
    "7",
    "{}",
    "'=1",
    "a;b",
    '"a\nb"',
    '"',
    "\0",
]


def cells_of(preset: Preset, name: str) -> st.SearchStrategy[str]:
    """Cells that fit a column mostly, so that most rows come to something."""
    column = next((column for column, names in preset.columns.items() if name in names), None)
    if column is not None and column in preset.statuses:
        return st.sampled_from([*preset.statuses[column], *preset.statuses[column], "?"])
    if name in preset.flags:
        return st.sampled_from(["", "0", "0", "1", "maybe"])
    if name in preset.marks or column in (Column.CONSENTED_ON, Column.SMS_CONSENTED_ON, Column.STATUS_ON):
        return st.sampled_from(DAYS)
    by_column = {Column.EMAIL: EMAILS, Column.PHONE: PHONES}
    return st.sampled_from(by_column.get(column, ANYTHING) if column else ANYTHING)


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, str]:
    """The name of a preset and a text with its column names, rows that mostly fit them, and some that do not."""
    preset = PRESETS[draw(PRESET_NAMES)]
    known = [names[0] for names in preset.columns.values()] + [*preset.flags, *[*preset.marks][:1]]
    needed = [preset.columns[Column.EMAIL][0], *(group[0] for group in preset.needs)]
    needed += [names[0] for column, names in preset.columns.items() if column in (Column.PHONE, *preset.statuses)]
    names = [*dict.fromkeys([*needed, *draw(st.lists(st.sampled_from(known), max_size=6))])]
    whole = st.tuples(*(cells_of(preset, name) for name in names)).map(list)
    rows = draw(
        st.lists(whole | whole | whole | st.lists(st.sampled_from(ANYTHING), max_size=len(names) + 1), max_size=8)
    )
    return preset.name, "\n".join(",".join(cells) for cells in [names, *rows])


def tried(raw: str | bytes, preset: str, encoding: str | None = None) -> Outcome | None:
    """What comes of a list; None where it is refused as a whole. Any other error fails the test."""
    try:
        return read(raw, preset=preset, encoding=encoding)
    except Trouble:
        return None


@given(st.binary(max_size=300), PRESET_NAMES, st.sampled_from([None, *ENCODINGS]))
def test_any_bytes_give_rows_and_problems_or_one_trouble(raw: bytes, preset: str, encoding: str | None) -> None:
    for text in (raw, b"email,phone,name,status,attributes\n" + raw):
        outcome = tried(text, preset, encoding)
        assert outcome is None or outcome.reading.counts.kept == len(outcome.rows)


@given(lists())
def test_every_row_is_counted_once_and_reading_twice_gives_the_same(case: tuple[str, str]) -> None:
    preset, text = case
    outcome = tried(text, preset)
    if outcome is None:
        return
    counts = outcome.reading.counts
    left_out = [problem for problem in outcome.problems if problem.level is Level.LEFT_OUT]
    assert (counts.kept, counts.left_out, counts.rows) == (
        len(outcome.rows),
        len(left_out),
        len(outcome.rows) + len(left_out),
    )
    assert counts.kept == counts.ready + counts.waiting + counts.blocking
    assert {problem.code for problem in outcome.problems} <= set(CODES)
    again = read(text, preset=preset)
    assert (again.rows, again.problems) == (outcome.rows, outcome.problems)


@given(lists())
def test_a_row_speaks_only_of_addresses_it_has_and_never_asks_for_what_it_closes(case: tuple[str, str]) -> None:
    outcome = tried(case[1], case[0])
    for row in outcome.rows if outcome else []:
        agreed = [agreement.channel for agreement in row.agreements]
        closed = [block.channel for block in row.blocks]
        assert {*agreed, *closed} <= {channel for channel, _ in row.addresses()}
        assert not {*agreed} & {*closed}
        assert agreed or closed


@given(lists(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_who_is_on_the_do_not_contact_list(
    case: tuple[str, str], chance: random.Random
) -> None:
    preset, text = case
    head, *rows = text.split("\n")
    rows = [row for row in rows if '"' not in row]  # a quoted cell may join lines
    shuffled = chance.sample(rows, len(rows))
    outcomes = [tried("\n".join([head, *some]), preset) for some in (rows, shuffled)]
    assert (outcomes[0] and outcomes[0].blocked()) == (outcomes[1] and outcomes[1].blocked())


@given(st.lists(st.sampled_from(["clara", "davi", "ellen"]), max_size=12), st.data())
def test_after_an_entry_that_closes_it_no_address_is_agreed_to(people: list[str], data: st.DataObject) -> None:
    statuses = data.draw(
        st.lists(st.sampled_from(["active", "unsubscribed"]), min_size=len(people), max_size=len(people))
    )
    text = "email,status\n" + "".join(
        f"{who}@example.org,{status}\n" for who, status in zip(people, statuses, strict=True)
    )
    closed: set[str] = set()
    agreed: set[str] = set()
    for row in read(text, defaults=replace(FILE_SAYS)).rows:
        assert row.email is not None
        normal = row.email.normal
        if row.only_blocks:
            closed.add(normal)
        else:
            assert normal not in closed | agreed
            agreed.add(normal)
    left = {f"{who}@example.org" for who, status in zip(people, statuses, strict=True) if status == "unsubscribed"}
    assert closed == left
    assert read(text).blocked() == {(Channel.EMAIL, address) for address in left}
