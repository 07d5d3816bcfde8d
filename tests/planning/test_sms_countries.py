"""The table of rules for texts by country, the settings beside it, and what people are told of both."""

from datetime import date
from pathlib import Path

import pytest

from reminder.domain.sms_rules import SenderKind, SmsSender
from reminder.errors import BadSetting
from reminder.planning.sms_countries import describe, kind_of, load, read_routes, read_senders, rules

ROW = 'country = "FR"\nsenders = ["alpha", "short"]\nsource = "A letter"\nchecked_on = 2026-11-22\n'
MORE = 'hours = "8-20"\nweekdays = "Mon-Sat"\nholidays = ["12-25", "2027-01-02", "easter+1"]\nhours_source = "A law"\n'


def table(folder: Path, text: str) -> Path:
    path = folder / "sms.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_row_that_comes_with_the_product_says_who_says_so_and_when() -> None:
    found = load()
    assert {"GB", "IE", "FR", "DE", "US", "IN", "KE"} <= set(found)
    for rule in found.values():
        assert "." in rule.source
        assert date(2026, 1, 1) <= rule.checked_on
        assert rule.hours_source or rule.is_always_open
        assert SenderKind.ALPHA not in rule.two_way


def test_a_row_reads_as_it_is_written(tmp_path: Path) -> None:
    rule = load(table(tmp_path, f"[[row]]\n{ROW}{MORE}two_way = ['short']\nregistration = ['alpha']\nnote = 'Look'\n"))[
        "FR"
    ]
    assert (rule.hours_from, rule.hours_to) == (8, 20)
    assert rule.weekdays == frozenset(range(6))
    assert rule.holidays == {(12, 25), date(2027, 1, 2), 1}
    assert rule.two_way == {SenderKind.SHORT}
    assert rule.registration == {SenderKind.ALPHA}
    assert (rule.source, rule.checked_on, rule.hours_source, rule.note) == (
        "A letter",
        date(2026, 11, 22),
        "A law",
        "Look",
    )


@pytest.mark.parametrize(
    ("text", "days"), [("Mon-Sat", "012345"), ("sat - mon", "560"), ("Mon, Wed-Fri", "0234"), ("Sun", "6")]
)
def test_weekdays_read_as_people_write_them(tmp_path: Path, text: str, days: str) -> None:
    rule = load(table(tmp_path, f'[[row]]\n{ROW}weekdays = "{text}"\nhours_source = "A law"\n'))["FR"]
    assert rule.weekdays == set(map(int, days))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("row = 3", "something else than rows"),
        ("[[row]", "is no TOML"),
        ('[[row]]\ncountry = "FR"\n', "row 1 must have"),
        (f"[[row]]\n{ROW}colour = 3\n", "row 1 must have"),
        (f"[[row]]\n{ROW}[[row]]\n{ROW}", "row 2 is a second one for FR"),
        (f"[[row]]\n{ROW.replace('FR', 'FRA')}", "no two-letter code"),
        (f"[[row]]\n{ROW.replace('short', 'pigeon')}", "none of alpha, long, short, toll-free"),
        (f"[[row]]\n{ROW.replace('A letter', ' ')}", "has no source"),
        (f"[[row]]\n{ROW.replace('2026-11-22', '3')}", "no date such as"),
        (f"[[row]]\n{ROW}hours = '8-20'\n", "has no hours_source"),
        (f"[[row]]\n{ROW}two_way = ['alpha']\n", "nobody can answer a name"),
        (f"[[row]]\n{ROW}registration = ['long']\n", "among"),
        (f"[[row]]\n{ROW}{MORE.replace('8-20', '20-8')}", "has hours that"),
        (f"[[row]]\n{ROW}{MORE.replace('8-20', '8:30-20')}", "has hours that"),
        (f"[[row]]\n{ROW}{MORE.replace('Mon-Sat', 'Mon-Someday')}", "has weekdays that"),
        (f"[[row]]\n{ROW}{MORE.replace('12-25', '13-25')}", "has a holiday that"),
        (f"[[row]]\n{ROW}{MORE.replace('easter+1', 'easter')}", "has a holiday that"),
    ],
)
def test_a_bad_table_is_told_by_its_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadSetting, match="SMS_RULES_FILE") as told:
        load(table(tmp_path, text))
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("identity", "kind"),
    [
        ("Reminder", "alpha"),
        ("+447700900123", "long"),
        ("36180", "short"),
        ("+18885550100", "toll-free"),
        ("4you", "alpha"),
    ],
)
def test_the_default_sender_is_of_the_kind_that_it_looks_like(identity: str, kind: str) -> None:
    assert kind_of(identity) == kind


def test_senders_are_read_with_their_kind_way_and_countries() -> None:
    assert read_senders("+447700900123:long:two-way:GB,ie; Reminder:alpha:one-way:FR, DE ;36180:short:two-way") == (
        SmsSender("+447700900123", SenderKind.LONG, True, ("GB", "IE")),
        SmsSender("Reminder", SenderKind.ALPHA, False, ("FR", "DE")),
        SmsSender("36180", SenderKind.SHORT, True),
    )
    assert read_senders("") == ()


@pytest.mark.parametrize(
    "text",
    ["Reminder", "Reminder:name:one-way:FR", "x:long:both:GB", "Reminder:alpha:two-way:FR", "x:long:two-way:GBR"],
)
def test_a_sender_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(BadSetting, match="SMS_SENDERS"):
        read_senders(text)


def test_routes_are_read_in_their_order() -> None:
    assert read_routes("KE:africas-talking, kannel; in:infobip") == {
        "KE": ("africas-talking", "kannel"),
        "IN": ("infobip",),
    }


@pytest.mark.parametrize("text", ["KE", "KE:", "KEN:kannel", "KE,IN:kannel", "KE:kannel;KE:infobip"])
def test_a_route_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(BadSetting, match="SMS_ROUTES"):
        read_routes(text)


def said(countries: str = "", *, real: bool = True, senders: str = "") -> list[str]:
    made = rules(file=None, countries=countries, senders=senders, default="Reminder", default_two_way=True, real=real)
    return describe(made, {"GB": ("kannel",)})


def test_the_list_says_for_each_country_from_whom_texts_come_or_why_there_are_none() -> None:
    assert said(real=False)[0].startswith("Texts may go to every country")
    assert said()[0].startswith("Nobody gets texts: SMS_COUNTRIES is empty")
    france, britain, america, nowhere = said("US,FR,GB,ZZ", senders="+447700900123:long:two-way:GB")
    assert france.startswith(
        "FR  from Reminder (alpha, one-way), 08:00 to 20:00, not on Sun, not on holidays; as of 2026"
    )
    assert britain.startswith("GB  from +447700900123 (long, two-way), through kannel; as of 2026")
    assert america == "US  no texts: no sender of ours is of a kind that is lawful there"
    assert nowhere == "ZZ  no texts: the table of countries has no row for it"


def test_a_country_of_the_list_has_rules_even_where_texts_only_go_into_a_folder() -> None:
    assert not rules(
        file=None, countries="GB", senders="", default="Reminder", default_two_way=False, real=False
    ).everywhere
