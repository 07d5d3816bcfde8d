"""Which column stands where, found once from the line of column names."""

from collections.abc import Mapping
from dataclasses import dataclass

from reminder.errors import Trouble
from reminder.intake.subscribers.presets import PRESETS, Column, Preset, Standing


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes/no column: what a yes means, and its further words."""

    position: int
    standing: Standing
    words: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of the columns in a row of `width` cells; nothing of the file's own text is kept.

    `marks` are (position, standing); `presumed` is what the presence of a mark says of every row. `needed` is how many
    cells a row must have so that it can say whether the person has left. `ignored` counts the columns nobody reads.
    """

    width: int
    columns: Mapping[Column, int]
    flags: tuple[Flag, ...]
    marks: tuple[tuple[int, Standing], ...]
    evidence: tuple[tuple[str, int], ...]
    presumed: Standing | None
    needed: int
    ignored: int

    @property
    def known(self) -> int:
        """How many columns were recognised."""
        return self.width - self.ignored


def folded(text: str) -> str:
    """Column names and status words without case, underscores, hyphens or doubled blanks."""
    return " ".join(text.casefold().replace("_", " ").replace("-", " ").split())


def layout_of(names: list[str], preset: Preset) -> Layout:
    """The layout of a file whose first row is `names`. Raises nothing: `check` says what is wrong with it."""
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        places.setdefault(folded(name), []).append(position)
    columns = {
        column: found[0]
        for column, aliases in preset.columns.items()
        if (found := [place for alias in aliases for place in places.get(folded(alias), ())])
    }
    flags = tuple(
        Flag(place, standing, preset.words.get(name, {}))
        for name, standing in preset.flags.items()
        for place in places.get(folded(name), ())
    )
    marks = tuple(
        (place, standing) for name, standing in preset.marks.items() for place in places.get(folded(name), ())
    )
    evidence = tuple((name, places[folded(name)][0]) for name in preset.evidence if folded(name) in places)
    telling = [flag.position for flag in flags] + [place for place, _ in marks]
    telling += [columns[column] for column in preset.statuses if column in columns]
    used = {*columns.values(), *telling, *(place for _, place in evidence)}
    return Layout(
        width=len(names),
        columns=columns,
        flags=flags,
        marks=marks,
        evidence=evidence,
        presumed=marks[0][1] if marks else None,
        needed=max(telling, default=-1) + 1,
        ignored=len(names) - len(used),
    )


def check(layout: Layout, names: list[str], preset: Preset, is_told: bool) -> None:
    """`Trouble` if this file cannot be read as `preset`. `is_told`: the organiser said what everybody in it is.

    No name out of the file is repeated: a file without column names begins with somebody's address.
    """
    present = [folded(name) for name in names]
    if Column.EMAIL not in layout.columns and Column.PHONE not in layout.columns and not preset.attributes:
        email = preset.columns[Column.EMAIL][0]
        reason = f"has no column “{email}” on its first line, as lists of the format {preset.name} have"
        raise Trouble(
            "The list", reason, f"Add a line of column names, or choose another format: {', '.join(PRESETS)}."
        )
    for aliases in preset.columns.values():
        for alias in aliases:
            if present.count(folded(alias)) > 1:
                raise Trouble("The list", f"has two columns “{alias}”", "Delete one of them.")
    if is_told:
        return
    for group in preset.needs:
        if not any(folded(name) in present for name in group):
            reason = f"has no column “{group[0]}”, so nobody can tell who has left"
            remedy = "Export it again with that column, or say what everybody in it is, such as --status active."
            raise Trouble("The list", reason, remedy)
    if len({standing.reason for _, standing in layout.marks}) > 1:
        reason = "mixes people who left with others"
        raise Trouble(
            "The list", reason, "Import its parts one by one, or with --status active if a date marks who left."
        )
