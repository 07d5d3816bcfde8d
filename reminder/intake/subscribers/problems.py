"""Every problem a row can have: its code, what it does to the row, and the sentence that people read."""

from reminder.intake.subscribers.rows import Level, Problem

_LEFT_OUT: dict[str, str] = {
    "broken_quotes": "a quotation mark is opened and not closed, or closed in the middle of a cell",
    "nul": "the line holds zero bytes, which no text has",
    "long_line": "the line is too long to be one person",
    "many_cells": "the row has more cells than there are column names",
    "short_row": "the row ends before the cells that say whether the person has left",
    "long_cell": "a cell is too long",
    "no_address": "there is neither an email address nor a phone number",
    "bad_address": "neither the email address nor the phone number can be used",
    "unknown_status": "the status is a word this list format does not have, so nobody can tell whether the person has left",
    "unknown_exclusion": "a country that the person wants nothing about is neither a code such as GB nor an English name",
    "no_channel": "the person agreed neither to email nor to SMS",
    "repeated": "the same address stands on an earlier line; the earlier one is kept",
    "closed_above": "an earlier line says not to contact this address, and that one wins",
}
_NOTE: dict[str, str] = {
    "blank_line": "the line is blank",
    "bad_email": "not an email address that mail can be sent to",
    "bad_phone": "not a phone number that exists in this form",
    "phone_needs_country": "a phone number without + needs the country of the row or of the file",
    "phone_cut": "a spreadsheet has cut the phone number; format the column as text and export again",
    "phone_repeated": "the same phone number stands on an earlier line with another email address; this row is kept without it",
    "channel_closed_above": "an earlier line says not to use this channel for this address; this row is kept without it",
    "unknown_zone": "unknown zone: it must be a name such as Europe/London, not an abbreviation or an offset",
    "unknown_locale": "not a language tag such as en or pt-BR",
    "unknown_country": "not a country code such as GB, nor an English country name",
    "unknown_basis": "not one of consent, membership, soft_opt_in, other; the row waits",
    "unknown_channel": "not one of email, sms",
    "channel_without_address": "a channel is chosen for which the row has no address",
    "bad_date": "not a date such as 2020-12-29; nothing is guessed",
    "future_date": "the date lies in the future",
    "bad_hour": "not a whole hour from 0 to 23",
    "bad_attributes": "the attributes are not a JSON object",
}
CODES = tuple(_LEFT_OUT) + tuple(_NOTE)


def problem(line: int, code: str, column: str | None = None, other_line: int | None = None) -> Problem:
    """The problem `code` of the row that begins on `line`."""
    if code in _LEFT_OUT:
        return Problem(line, Level.LEFT_OUT, code, _LEFT_OUT[code], column, other_line)
    return Problem(line, Level.NOTE, code, _NOTE[code], column, other_line)
