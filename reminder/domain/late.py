"""What becomes of sendings that are due: after a standstill the newest goes, not a flood."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from reminder.domain.states import WaveState

CATCH_UP = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class DueWave:
    """A planned sending whose `due_at` has come."""

    wave_id: int
    campaign_id: int
    rhythm_id: int
    step_key: str
    anchor_on: date
    local_on: date
    due_at: datetime
    open_until: datetime
    not_after: datetime
    last_useful: bool

    @property
    def step(self) -> tuple[str, date]:
        return self.step_key, self.anchor_on


def fates(waves: Sequence[DueWave], now: datetime, catch_up: timedelta = CATCH_UP) -> dict[int, WaveState]:
    """By wave id: PLANNED may go (or waits for the morning), MISSED came too late, SUPERSEDED gives way to a newer one.

    Late by exactly `catch_up` still goes. Of several steps of one campaign and rhythm only that of the newest day goes;
    the email and the SMS part of one step reach different people, and steps of one day are one message: both stay.
    """
    fate = {wave.wave_id: _in_time(wave, now, catch_up) for wave in waves}
    groups: dict[tuple[int, int], list[DueWave]] = defaultdict(list)
    for wave in waves:
        if fate[wave.wave_id] is WaveState.PLANNED:
            groups[wave.campaign_id, wave.rhythm_id].append(wave)
    for group in groups.values():
        newest = max(group, key=lambda wave: (wave.local_on, wave.due_at, wave.last_useful))
        fate |= {wave.wave_id: WaveState.SUPERSEDED for wave in _older(group, newest)}
    return fate


def _in_time(wave: DueWave, now: datetime, catch_up: timedelta) -> WaveState:
    return WaveState.MISSED if now >= wave.not_after or now - wave.due_at > catch_up else WaveState.PLANNED


def _older(group: Iterable[DueWave], newest: DueWave) -> list[DueWave]:
    return [wave for wave in group if wave.local_on < newest.local_on and wave.step != newest.step]
