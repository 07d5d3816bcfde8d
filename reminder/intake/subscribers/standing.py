"""Whether a row says that the person has left, never agreed or never confirmed."""

from dataclasses import dataclass, field
from datetime import date, datetime

from reminder.domain.states import Channel
from reminder.intake.subscribers.cells import Cells
from reminder.intake.subscribers.layout import Layout, folded
from reminder.intake.subscribers.presets import ACTIVE, Column, Preset, Standing
from reminder.intake.subscribers.rows import Asked
from reminder.intake.subscribers.values import read_date, read_flag

_STRENGTH = {reason: strength for strength, reason in enumerate(Asked)}


@dataclass(slots=True)
class Stand:
    """All standings of one row together: what closes wins over what asks, the stronger reason over the weaker."""

    closes: dict[Channel, Asked] = field(default_factory=dict)
    everything: bool = False
    unwanted: set[Channel] = field(default_factory=set)
    unconfirmed: set[Channel] = field(default_factory=set)
    asks: set[Channel] = field(default_factory=set)
    since: date | None = None

    def add(self, standing: Standing) -> None:
        """Take one more standing in."""
        if standing is ACTIVE:
            return
        if standing.reason is not None:
            for channel in standing.closes:
                self.closes[channel] = max(
                    self.closes.get(channel, standing.reason), standing.reason, key=_STRENGTH.__getitem__
                )
        self.everything = self.everything or standing.everything
        self.unwanted.update(standing.unwanted)
        self.unconfirmed.update(standing.unconfirmed)
        self.asks.update(standing.asks)


def stand_of(cells: Cells, layout: Layout, preset: Preset, told: Standing | None, now: datetime) -> Stand | None:
    """What the row says; None if one of its words is not known, since that word may mean "has left".

    `told` is what the organiser says of the whole file; a row can only make it worse.
    """
    stand = Stand()
    presumed = told if told is not None else layout.presumed
    if presumed is not None:
        stand.add(presumed)
    for column, words in preset.statuses.items():
        if column not in layout.columns:
            continue
        word = cells.get(column)
        standing = words.get(word) or words.get(folded(word))
        if standing is None:
            return None
        stand.add(standing)
    for flag in layout.flags:
        word = cells.at(flag.position)
        standing = flag.words.get(folded(word))
        if standing is None:
            answer = read_flag(word)
            if answer is None:
                return None
            standing = flag.standing if answer else ACTIVE
        stand.add(standing)
    for position, standing in layout.marks:
        if cells.at(position):
            stand.add(standing)
    stand.since = _since(cells, layout, now) if stand.closes else None
    return stand


def _since(cells: Cells, layout: Layout, now: datetime) -> date | None:
    texts = [cells.get(Column.STATUS_ON), *(cells.at(position) for position, _ in layout.marks)]
    days = [read_date(text, now) for text in texts if text]
    for day in days:
        if isinstance(day, str):
            cells.note(day, Column.STATUS_ON)
    return min((day for day in days if isinstance(day, date)), default=None)
