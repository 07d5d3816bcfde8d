"""The rules for texts by country: an editable table with a source in each row, and the settings that go with it."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reminder.domain.sms_rules import DAY_HOURS, EVERY_DAY, CountryRule, Holiday, SenderKind, SmsRules, SmsSender
from reminder.errors import BadSetting
from reminder.planning.table_files import rows_of

TABLE = Path(__file__).with_name("sms_countries.toml")
SETTING = "SMS_RULES_FILE"
_NEEDED = {"country", "senders", "source", "checked_on"}
_KNOWN = _NEEDED | {"registration", "two_way", "hours", "weekdays", "holidays", "hours_source", "note"}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_TOLL_FREE = re.compile(r"\+1(?:800|888|877|866|855|844|833)")
_SHORT_DIGITS = 8


def load(path: Path | None = None) -> dict[str, CountryRule]:
    """The rows of `path`, or of the table that comes with the product, by country. `BadSetting` names the bad row."""
    rows = rows_of(path or TABLE, SETTING)
    found: dict[str, CountryRule] = {}
    for number, row in enumerate(rows, 1):
        try:
            rule = _rule(row)
            if rule.country in found:
                raise ValueError(f"is a second one for {rule.country}")
        except ValueError as error:
            raise BadSetting(
                SETTING, f"row {number} {error}", f"See the comments at the top of {TABLE.name}."
            ) from None
        found[rule.country] = rule
    return found


def _rule(row: Mapping[str, Any]) -> CountryRule:
    if set(row) - _KNOWN or _NEEDED - set(row):
        raise ValueError(f"must have {', '.join(sorted(_NEEDED))}, and may have {', '.join(sorted(_KNOWN - _NEEDED))}")
    if not isinstance(row["country"], str) or not _COUNTRY.fullmatch(row["country"]):
        raise ValueError("names a country that is no two-letter code")
    timed = {"hours", "weekdays", "holidays"} & set(row)
    for name in ("source", *(["hours_source"] if timed else [])):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise ValueError(f"has no {name}")
    if not isinstance(row["checked_on"], date) or isinstance(row["checked_on"], datetime):
        raise ValueError("has a checked_on that is no date such as 2026-11-22")
    senders, registration, two_way = (_kinds(row.get(name, [])) for name in ("senders", "registration", "two_way"))
    if not senders or not (registration | two_way) <= senders or SenderKind.ALPHA in two_way:
        raise ValueError("needs senders, which registration and two_way are among; nobody can answer a name")
    hours_from, hours_to = _hours(row.get("hours", "00-24"))
    return CountryRule(
        country=row["country"].upper(),
        senders=senders,
        source=row["source"].strip(),
        checked_on=row["checked_on"],
        registration=registration,
        two_way=two_way,
        hours_from=hours_from,
        hours_to=hours_to,
        weekdays=_weekdays(row["weekdays"]) if "weekdays" in row else EVERY_DAY,
        holidays=frozenset(_holiday(each) for each in row.get("holidays", [])),
        hours_source=str(row.get("hours_source", "")).strip(),
        note=str(row.get("note", "")).strip(),
    )


def _kinds(words: Collection[str]) -> frozenset[SenderKind]:
    try:
        return frozenset(SenderKind(word) for word in words)
    except ValueError:
        raise ValueError(f"names a sender that is none of {', '.join(SenderKind)}") from None


def _hours(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-2]?[0-9])-([0-2]?[0-9])", str(text).replace(" ", ""))
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 0 <= first < last <= DAY_HOURS:
        raise ValueError('has hours that are not like "08-20"')
    return first, last


def _weekdays(text: str) -> frozenset[int]:
    days: set[int] = set()
    try:
        for part in str(text).lower().split(","):
            first, _, last = (word.strip() for word in part.partition("-"))
            start, end = _DAYS.index(first), _DAYS.index(last or first)
            days |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    except ValueError:
        raise ValueError('has weekdays that are not like "Mon-Sat"') from None
    return frozenset(days)


def _holiday(text: object) -> Holiday:
    word = str(text)
    if match := re.fullmatch(r"easter([+-][0-9]{1,3})", word):
        return int(match[1])
    try:
        # A leap year, so that 29 February is a day.
        on = date.fromisoformat(word if len(word) > len("12-25") else f"2024-{word}")
    except ValueError:
        raise ValueError('has a holiday that is not like "12-25", "2026-12-24" or "easter+1"') from None
    return on if len(word) > len("12-25") else (on.month, on.day)


def kind_of(identity: str) -> SenderKind:
    """What an identity looks like: a number, a short one, a free one of North America, or a name."""
    digits = identity.removeprefix("+")
    if not digits.isdigit():
        return SenderKind.ALPHA
    if _TOLL_FREE.match(identity):
        return SenderKind.TOLL_FREE
    return SenderKind.SHORT if len(digits) <= _SHORT_DIGITS else SenderKind.LONG


def read_senders(text: str) -> tuple[SmsSender, ...]:
    """SMS_SENDERS: `IDENTITY:KIND:two-way|one-way:COUNTRY,COUNTRY`, separated by semicolons. Without countries: anywhere."""
    found = []
    for part in _parts(text):
        identity, kind, way, countries = (word.strip() for word in (*part.split(":"), "", "", "")[:4])
        if not identity or kind not in {*SenderKind} or way not in {"two-way", "one-way"}:
            raise _wrong("SMS_SENDERS", part, "+447700900123:long:two-way:GB,IE; Reminder:alpha:one-way:FR,DE")
        if kind == SenderKind.ALPHA and way == "two-way":
            raise BadSetting("SMS_SENDERS", f"says that {identity} is two-way", "Nobody can answer a name.")
        found.append(SmsSender(identity, SenderKind(kind), way == "two-way", _codes("SMS_SENDERS", countries)))
    return tuple(found)


def read_routes(text: str) -> dict[str, tuple[str, ...]]:
    """SMS_ROUTES: `COUNTRY:provider,provider`, separated by semicolons; the providers of a country in order."""
    found: dict[str, tuple[str, ...]] = {}
    for part in _parts(text):
        country, _, names = part.partition(":")
        providers = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
        codes = _codes("SMS_ROUTES", country)
        if len(codes) != 1 or not providers:
            raise _wrong("SMS_ROUTES", part, "KE:africas-talking,kannel; IN:infobip")
        if codes[0] in found:
            raise BadSetting("SMS_ROUTES", f"names {codes[0]} twice", "Write all of its providers in one place.")
        found[codes[0]] = providers
    return found


def rules(
    *, file: Path | None, countries: str, senders: str, default: str, default_two_way: bool, real: bool
) -> SmsRules:
    """The table of `file` (or ours) with the settings of an operator.

    `real`: some provider takes texts out of this machine. Where none does and no country is named, texts may go everywhere:
    a demo needs no allow-list. `BadSetting` for what cannot be read.
    """
    rows, ours = load(file), read_senders(senders)
    allowed = frozenset(_codes("SMS_COUNTRIES", countries))
    kind = kind_of(default)
    own = SmsSender(default, kind, default_two_way and kind is not SenderKind.ALPHA) if default else None
    return SmsRules(rows, allowed, ours, own, everywhere=not real and not allowed)


def describe(rules: SmsRules, routes: Mapping[str, Sequence[str]]) -> list[str]:
    """How texts go, a line for each country of the allow-list; for people."""
    if rules.everywhere:
        return [
            "Texts may go to every country: no provider takes them out of this machine, and SMS_COUNTRIES is empty."
        ]
    if not rules.countries:
        return ["Nobody gets texts: SMS_COUNTRIES is empty. Name the countries that may get them."]
    return [_line(rules, country, routes.get(country, ())) for country in sorted(rules.countries)]


def _line(rules: SmsRules, country: str, providers: Sequence[str]) -> str:
    sender, rule = rules.sender_for(country), rules.rule(country)
    if sender is None or rule is None:
        return f"{country}  no texts: {rules.why_not(country)}"
    way = "two-way" if sender.two_way else "one-way"
    hours = "" if rule.is_always_open else f", {_open(rule)}"
    through = f", through {', '.join(providers)}" if providers else ""
    doubt = " (unverified)" if "unverified" in f"{rule.source} {rule.hours_source}" else ""
    return f"{country}  from {sender.identity} ({sender.kind}, {way}){hours}{through}; as of {rule.checked_on}{doubt}"


def _open(rule: CountryRule) -> str:
    closed = [_DAYS[day].capitalize() for day in sorted(EVERY_DAY - rule.weekdays)]
    days = f", not on {', '.join(closed)}" if closed else ""
    return f"{rule.hours_from:02}:00 to {rule.hours_to:02}:00{days}{', not on holidays' if rule.holidays else ''}"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _codes(setting: str, text: str) -> tuple[str, ...]:
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    for code in codes:
        if not _COUNTRY.fullmatch(code):
            raise BadSetting(setting, f"names {code}, which is no two-letter code", "Write GB, FR and the like.")
    return tuple(codes)


def _wrong(setting: str, part: str, example: str) -> BadSetting:
    return BadSetting(setting, f"has a part that cannot be read: {part}", f"Write it like {example}.")
