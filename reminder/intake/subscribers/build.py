"""From a record to a row: gather the cells, decide what they mean, make the instruction."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from reminder.domain.addresses import EmailAddress, PhoneNumber
from reminder.domain.scopes import ALL, country_scope, list_scope, topic_scope
from reminder.domain.states import Channel
from reminder.intake.subscribers.addresses import read_email, read_phone
from reminder.intake.subscribers.cells import CELL_CHARS, Cells
from reminder.intake.subscribers.layout import Layout
from reminder.intake.subscribers.places import read_country, read_locale, read_zone
from reminder.intake.subscribers.presets import Column, Preset, Standing
from reminder.intake.subscribers.problems import problem
from reminder.intake.subscribers.records import Record
from reminder.intake.subscribers.rows import Agreement, Basis, Block, Grounds, ImportDefaults, Problem, Row
from reminder.intake.subscribers.standing import Stand, stand_of
from reminder.intake.subscribers.values import plain_text, read_date, read_hour, read_words

NAME_CHARS = 120
TEXT_CHARS = 2_000
_CHANNEL_WORDS = {
    "email": Channel.EMAIL,
    "e-mail": Channel.EMAIL,
    "mail": Channel.EMAIL,
    "sms": Channel.SMS,
    "text": Channel.SMS,
}
_BETWEEN_CHANNELS = re.compile(r"[\s,;|+&/]+")
AGREEMENTS_AT_HAND = 1_000
_GROUNDS = (
    Column.BASIS,
    Column.SOURCE,
    Column.WORDING,
    Column.CONSENTED_ON,
    Column.EVIDENCE,
    Column.SMS_BASIS,
    Column.SMS_SOURCE,
    Column.SMS_WORDING,
    Column.SMS_CONSENTED_ON,
)
_SCOPES = (Column.LISTS, Column.TOPICS, Column.COUNTRIES)
_ADDRESS = {Channel.EMAIL: Column.EMAIL, Channel.SMS: Column.PHONE}


@dataclass(frozen=True, slots=True)
class RowReader:
    """Reads the records of one file. `told` is what the organiser says that everybody in it is."""

    preset: Preset
    layout: Layout
    defaults: ImportDefaults
    told: Standing | None
    now: datetime
    at_hand: dict[tuple[object, ...], Agreement] = field(default_factory=dict, repr=False)

    def read(self, record: Record) -> tuple[Row | Problem, list[Problem]]:
        """The row, or the problem that leaves it out; and the notes on what else could not be read."""
        misfit = self._misfit(record)
        if misfit is not None:
            return misfit, []
        cells = Cells(record.line, record.cells, self.layout)
        stand = stand_of(cells, self.layout, self.preset, self.told, self.now)
        if stand is None:
            return problem(record.line, "unknown_status", Column.STATUS), cells.notes
        if self.preset.attributes:
            cells.add_attributes(self.preset.attributes)
        return self._row(cells, stand), cells.notes

    def _misfit(self, record: Record) -> Problem | None:
        """What is wrong with the form of the record, whatever its cells say."""
        if not any(cell.strip() for cell in record.cells):
            return problem(record.line, "blank_line")
        if any(cell.strip() for cell in record.cells[self.layout.width :]):
            return problem(record.line, "many_cells")
        if len(record.cells) < self.layout.needed:
            return problem(record.line, "short_row")
        if max(map(len, record.cells)) <= CELL_CHARS:
            return None
        for column, position in self.layout.columns.items():
            is_long = position < len(record.cells) and len(record.cells[position]) > CELL_CHARS
            if is_long and column is not Column.ATTRIBUTES:
                return problem(record.line, "long_cell", column)
        return None

    def _row(self, cells: Cells, stand: Stand) -> Row | Problem:
        asked = self._wanted(cells, stand)
        wanted = [] if stand.everything else [channel for channel in asked if channel not in stand.closes]
        country = cells.read(Column.COUNTRY, read_country, self.defaults.country, "unknown_country")
        email = _email(cells)
        needs_phone = Channel.SMS in wanted or Channel.SMS in stand.closes
        phone = _phone(cells, country) if needs_phone else None
        present = {Channel.EMAIL: email is not None, Channel.SMS: phone is not None}
        blocks = tuple(
            Block(channel, stand.closes[channel], stand.everything, stand.since)
            for channel in Channel
            if present[channel] and channel in stand.closes
        )
        for channel in wanted:
            if not cells.get(_ADDRESS[channel]):
                cells.note("channel_without_address", Column.CHANNELS)
        agreements = tuple(
            self._agreement(cells, channel, channel not in stand.unconfirmed) for channel in wanted if present[channel]
        )
        left_out = _left_out(cells)
        if agreements and left_out is not None:
            return self._whole(cells, country, left_out, email=email, phone=phone, agreements=agreements, blocks=blocks)
        if blocks:
            # Who is not written to needs no name here, only the addresses that close.
            return Row(cells.line, email, phone, blocks=blocks)
        return (
            problem(cells.line, "unknown_exclusion", Column.LEFT_OUT)
            if agreements
            else _nobody(cells, present, needs_phone)
        )

    def _whole(self, cells: Cells, country: str | None, left_out: tuple[str, ...], **rest: Any) -> Row:
        return Row(
            line=cells.line,
            name=_name(cells),
            locale=cells.read(Column.LOCALE, read_locale, self.defaults.locale, "unknown_locale"),
            zone=cells.read(Column.ZONE, read_zone, self.defaults.zone, "unknown_zone"),
            country=country,
            hour_email=_hour(cells, Column.HOUR_EMAIL),
            hour_sms=_hour(cells, Column.HOUR_SMS),
            subscriptions=tuple(dict.fromkeys(_scopes(cells))) if cells.says(*_SCOPES) else self.defaults.subscriptions,
            left_out=left_out,
            **rest,
        )

    def _wanted(self, cells: Cells, stand: Stand) -> list[Channel]:
        """The channels the row asks for: those it names; else email, and texts where it says so itself."""
        words = cells.get(Column.CHANNELS)
        if words:
            chosen = {
                _CHANNEL_WORDS.get(word) for word in _BETWEEN_CHANNELS.split(words.lower()) if word not in ("", "and")
            }
            if None in chosen:
                cells.note("unknown_channel", Column.CHANNELS)
        else:
            chosen = {Channel.EMAIL} if cells.get(Column.EMAIL) else set()
            if cells.get(Column.SMS_CONSENTED_ON):
                chosen.add(Channel.SMS)
        return [channel for channel in Channel if channel in (chosen | stand.asks) - stand.unwanted]

    def _agreement(self, cells: Cells, channel: Channel, is_confirmed: bool) -> Agreement:
        """The agreement of a row. Most rows of a list say the same, so what was worked out last is kept at hand."""
        key = (channel, is_confirmed, cells.raw(_GROUNDS), *(cells.at(place) for _, place in self.layout.evidence))
        known = self.at_hand.get(key)
        if known is not None:
            return known
        notes = len(cells.notes)
        grounds = self._email_grounds(cells) if channel is Channel.EMAIL else self._sms_grounds(cells)
        agreement = Agreement(channel, grounds, _lacks(grounds, is_confirmed))
        if len(cells.notes) == notes:
            if len(self.at_hand) >= AGREEMENTS_AT_HAND:
                self.at_hand.clear()
            self.at_hand[key] = agreement
        return agreement

    def _email_grounds(self, cells: Cells) -> Grounds:
        default = self.defaults.email
        parts = [
            f"{name}: {text}"
            for name, place in self.layout.evidence
            if (text := plain_text(cells.at(place), TEXT_CHARS))
        ]
        own = _text(cells, Column.EVIDENCE)
        return Grounds(
            basis=_basis(cells, (Column.BASIS,), default.basis or self.preset.basis),
            source=_text(cells, Column.SOURCE) or default.source,
            wording=_text(cells, Column.WORDING) or default.wording,
            given_on=self._day(cells, Column.CONSENTED_ON, default.given_on),
            evidence="; ".join(parts + ([own] if own else [])) or default.evidence,
        )

    def _sms_grounds(self, cells: Cells) -> Grounds:
        """Grounds for texts: the row's own, then the file's for texts. The day of the email consent never counts."""
        default = self.defaults.sms
        return Grounds(
            basis=_basis(cells, (Column.SMS_BASIS, Column.BASIS), default.basis or self.preset.basis),
            source=_text(cells, Column.SMS_SOURCE) or _text(cells, Column.SOURCE) or default.source,
            wording=_text(cells, Column.SMS_WORDING) or _text(cells, Column.WORDING) or default.wording,
            given_on=self._day(cells, Column.SMS_CONSENTED_ON, default.given_on),
            evidence=_text(cells, Column.EVIDENCE) or default.evidence,
        )

    def _day(self, cells: Cells, column: Column, default: date | None) -> date | None:
        text = cells.get(column)
        if not text:
            return default
        day = read_date(text, self.now)
        if isinstance(day, str):
            cells.note(day, column)
            return None
        return day


def _lacks(grounds: Grounds, is_confirmed: bool) -> tuple[str, ...]:
    said = {
        "basis": grounds.basis,
        "source": grounds.source,
        "wording": grounds.wording,
        "date": grounds.given_on,
        "confirmation": is_confirmed or None,
    }
    return tuple(what for what, value in said.items() if value is None)


def _email(cells: Cells) -> EmailAddress | None:
    text = cells.get(Column.EMAIL)
    address = read_email(text) if text else None
    if text and address is None:
        cells.note("bad_email", Column.EMAIL)
    return address


def _phone(cells: Cells, country: str | None) -> PhoneNumber | None:
    text = cells.get(Column.PHONE)
    number = read_phone(text, country) if text else None
    if isinstance(number, str):
        cells.note(number, Column.PHONE)
        return None
    return number


def _nobody(cells: Cells, present: dict[Channel, bool], needs_phone: bool) -> Problem:
    """Why nothing comes of a row."""
    if not cells.get(Column.EMAIL) and not cells.get(Column.PHONE):
        return problem(cells.line, "no_address")
    tried = bool(cells.get(Column.EMAIL)) or needs_phone
    return problem(cells.line, "bad_address" if tried and not any(present.values()) else "no_channel")


def _basis(cells: Cells, columns: tuple[Column, ...], default: Basis | None) -> Basis | None:
    """The first basis that is said; an unreadable one counts as said and is none."""
    for column in columns:
        text = cells.get(column)
        if text:
            try:
                return Basis(text.lower().replace("-", "_").replace(" ", "_"))
            except ValueError:
                cells.note("unknown_basis", column)
                return None
    return default


def _text(cells: Cells, column: Column) -> str | None:
    text = cells.get(column)
    return plain_text(text, TEXT_CHARS) if text else None


def _name(cells: Cells) -> str | None:
    whole = cells.get(Column.NAME) or f"{cells.get(Column.GIVEN_NAME)} {cells.get(Column.FAMILY_NAME)}".strip()
    return plain_text(whole, NAME_CHARS) if whole else None


def _hour(cells: Cells, column: Column) -> int | None:
    text = cells.get(column)
    hour = read_hour(text) if text else None
    if text and hour is None:
        cells.note("bad_hour", column)
    return hour


def _scopes(cells: Cells) -> Iterator[str]:
    for column, scope in ((Column.LISTS, list_scope), (Column.TOPICS, topic_scope)):
        for name in read_words(cells.get(column)):
            yield ALL if name.lower() == ALL else scope(name)
    for name in read_words(cells.get(Column.COUNTRIES)):
        if name.lower() == ALL:
            yield ALL
        elif country := read_country(name):
            yield country_scope(country)
        else:
            cells.note("unknown_country", Column.COUNTRIES)


def _left_out(cells: Cells) -> tuple[str, ...] | None:
    """The countries the person wants nothing about; None if one cannot be read, since appeals about it would go to her."""
    names = read_words(cells.get(Column.LEFT_OUT))
    countries = [country for name in names if (country := read_country(name)) is not None]
    return tuple(dict.fromkeys(countries)) if len(countries) == len(names) else None
