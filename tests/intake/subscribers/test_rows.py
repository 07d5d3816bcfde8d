"""Our own columns: what each cell of a row comes to."""

from dataclasses import replace
from datetime import date

import pytest

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.intake.subscribers.rows import Asked, Basis, Block, Grounds, ImportDefaults, Row
from tests.intake.subscribers.lists import FILE_SAYS, GROUNDS, only_row, read

NOTHING_SAID = ImportDefaults()


def cells(defaults: ImportDefaults = FILE_SAYS, **said: str) -> Row:
    row = {"email": "clara@example.org"} | said
    return only_row(f"{';'.join(row)}\n{';'.join(row.values())}\n", defaults=defaults)


def notes(**said: str) -> list[str]:
    row = {"email": "clara@example.org"} | said
    return [code for _, code in read(f"{';'.join(row)}\n{';'.join(row.values())}\n").codes]


def agreed(row: Row) -> dict[Channel, tuple[str, ...]]:
    return {agreement.channel: agreement.lacks for agreement in row.agreements}


def test_a_whole_row_is_read() -> None:
    row = cells(
        phone="07700 900123",
        name="Clara",
        locale="pt_BR",
        zone="europe/london",
        country="United Kingdom",
        channels="email + sms",
        lists="London| Stall",
        topics="Writers",
        countries="China,KZ",
        left_out="TR",
        basis="membership",
        source="members' list",
        wording="We will remind you.",
        consented_on="2019-05-01",
        sms_consented_on="2020-01-31",
        hour_email="7",
        hour_sms="18:00",
    )
    assert row.email is not None
    assert row.phone is not None
    assert (row.email.text, row.phone.text, row.phone.country) == ("clara@example.org", "+447700900123", "GB")
    assert (row.name, row.locale, row.zone, row.country) == ("Clara", "pt-BR", "Europe/London", "GB")
    assert row.subscriptions == ("list:london", "list:stall", "topic:writers", "country:CN", "country:KZ")
    assert (row.left_out, row.hour_email, row.hour_sms) == (("TR",), 7, 18)
    assert agreed(row) == {Channel.EMAIL: (), Channel.SMS: ()}
    email, sms = (agreement.grounds for agreement in row.agreements)
    assert email == Grounds(Basis.MEMBERSHIP, "members' list", "We will remind you.", date(2019, 5, 1))
    assert sms == replace(email, given_on=date(2020, 1, 31))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"zone": "EST"}, "unknown_zone"),
        ({"locale": "xx"}, "unknown_locale"),
        ({"country": "Ruritania"}, "unknown_country"),
        ({"countries": "Ruritania"}, "unknown_country"),
        ({"basis": "hearsay"}, "unknown_basis"),
        ({"consented_on": "1.3.2020"}, "bad_date"),
        ({"consented_on": "2021-03-01"}, "future_date"),
        ({"hour_email": "noon"}, "bad_hour"),
        ({"channels": "email,fax"}, "unknown_channel"),
        ({"channels": "email,sms"}, "channel_without_address"),
        ({"channels": "email,sms", "phone": "07700 900123"}, "phone_needs_country"),
        ({"channels": "email,sms", "phone": "+44 12"}, "bad_phone"),
    ],
)
def test_an_unreadable_cell_is_noted_and_its_row_is_kept(said: dict[str, str], code: str) -> None:
    assert notes(**said) == [code]


@pytest.mark.parametrize(
    ("said", "value"), [({"zone": "EST"}, "zone"), ({"country": "Ruritania"}, "country"), ({"locale": "xx"}, "locale")]
)
def test_the_files_default_never_stands_in_for_an_unreadable_cell(said: dict[str, str], value: str) -> None:
    defaults = replace(FILE_SAYS, zone="Asia/Tokyo", country="JP", locale="ja")
    assert getattr(cells(defaults, **said), value) is None
    assert getattr(cells(defaults, **{value: ""}), value) == getattr(defaults, value)


@pytest.mark.parametrize(
    ("default", "lacks"),
    [
        (Grounds(), ("basis", "source", "wording", "date")),
        (replace(GROUNDS, wording=None), ("wording",)),
        (replace(GROUNDS, given_on=None), ("date",)),
        (replace(GROUNDS, source=None), ("source",)),
        (replace(GROUNDS, basis=None), ("basis",)),
        (GROUNDS, ()),
    ],
)
def test_a_row_waits_for_whatever_its_grounds_lack(default: Grounds, lacks: tuple[str, ...]) -> None:
    row = cells(ImportDefaults(email=default))
    assert agreed(row) == {Channel.EMAIL: lacks}
    assert row.waits is bool(lacks)


def test_what_waits_is_counted_by_what_it_lacks() -> None:
    counts = read("email,wording\nclara@example.org,\nbikash@example.org,Yes.\n", defaults=NOTHING_SAID).reading.counts
    assert (counts.kept, counts.ready, counts.waiting, counts.without_subscription) == (2, 0, 2, 2)
    assert counts.lacking == {"email: basis": 2, "email: source": 2, "email: wording": 1, "email: date": 2}


@pytest.mark.parametrize(
    ("said", "lacks"),
    [({"basis": "hearsay"}, "basis"), ({"consented_on": "1.3.2020"}, "date"), ({"consented_on": "2021-01-01"}, "date")],
)
def test_unreadable_grounds_wait_even_if_the_file_has_a_default(said: dict[str, str], lacks: str) -> None:
    assert agreed(cells(FILE_SAYS, **said)) == {Channel.EMAIL: (lacks,)}


@pytest.mark.parametrize("default", [GROUNDS, Grounds()])
def test_having_a_number_is_no_consent_to_texts(default: Grounds) -> None:
    row = cells(replace(FILE_SAYS, sms=default), phone="+447700900123")
    assert agreed(row) == {Channel.EMAIL: ()}
    assert row.phone is None


def test_the_day_of_the_email_consent_does_not_count_for_texts() -> None:
    row = cells(
        phone="+447700900123",
        channels="sms email",
        consented_on="2020-01-01",
        wording="Yes",
        source="x",
        basis="consent",
    )
    assert agreed(row) == {Channel.EMAIL: (), Channel.SMS: ("date",)}
    assert not row.waits


def test_the_files_email_consent_does_not_count_for_texts() -> None:
    row = cells(phone="+447700900123", channels="sms")
    assert agreed(row) == {Channel.SMS: ("basis", "source", "wording", "date")}
    assert agreed(cells(replace(FILE_SAYS, sms=GROUNDS), phone="+447700900123", channels="sms")) == {Channel.SMS: ()}


def test_a_day_of_consent_to_texts_asks_for_texts() -> None:
    assert set(agreed(cells(phone="+447700900123", sms_consented_on="2020-01-01"))) == set(Channel)


def test_somebody_may_have_only_a_number() -> None:
    row = only_row("phone,channels,country\n07700 900123,sms,GB\n")
    assert row.email is None
    assert [agreement.channel for agreement in row.agreements] == [Channel.SMS]


@pytest.mark.parametrize(
    ("status", "blocks"),
    [
        ("unsubscribed", [Block(Channel.EMAIL, Asked.UNSUBSCRIBED), Block(Channel.SMS, Asked.UNSUBSCRIBED)]),
        ("Opted-Out", [Block(Channel.EMAIL, Asked.OPTED_OUT), Block(Channel.SMS, Asked.OPTED_OUT)]),
        (
            "do_not_contact",
            [
                Block(Channel.EMAIL, Asked.DO_NOT_CONTACT, everything=True),
                Block(Channel.SMS, Asked.DO_NOT_CONTACT, everything=True),
            ],
        ),
    ],
)
def test_who_has_left_brings_only_addresses_that_close(status: str, blocks: list[Block]) -> None:
    row = cells(status=status, phone="+447700900123", name="Clara", channels="email sms", lists="London")
    assert list(row.blocks) == blocks
    assert row.only_blocks
    assert (row.name, row.subscriptions) == (None, ())


def test_a_cleaned_address_closes_email_and_leaves_texts() -> None:
    row = cells(status="cleaned", phone="+447700900123", sms_consented_on="2020-01-01", status_on="2020-02-03")
    assert row.blocks == (Block(Channel.EMAIL, Asked.BOUNCED, since=date(2020, 2, 3)),)
    assert set(agreed(row)) == {Channel.SMS}


def test_stop_closes_texts_and_leaves_email() -> None:
    row = cells(sms_status="STOP", phone="+447700900123", channels="email sms")
    assert row.blocks == (Block(Channel.SMS, Asked.OPTED_OUT),)
    assert set(agreed(row)) == {Channel.EMAIL}


def test_who_never_confirmed_waits_for_the_confirmation() -> None:
    assert agreed(cells(status="pending")) == {Channel.EMAIL: ("confirmation",)}


def test_who_leaves_out_a_country_that_nobody_can_read_is_not_taken_up_without_it() -> None:
    outcome = read("email,left_out\nclara@example.org,China;Ruritania\nbikash@example.org,China;cn;Turkey\n")
    assert outcome.codes == [(2, "unknown_exclusion")]
    assert [row.left_out for row in outcome.rows] == [("CN", "TR")]


@pytest.mark.parametrize("status", ["abgemeldet", "unsubscribbed", "?"])
def test_a_status_that_nobody_knows_is_never_taken_for_active(status: str) -> None:
    assert notes(status=status) == ["unknown_status"]
    assert read(f"email,status\nclara@example.org,{status}\n").rows == []


def test_a_row_that_ends_before_its_status_is_left_out() -> None:
    outcome = read("email,name,status\nclara@example.org\nbikash@example.org,B,\n")
    assert (outcome.emails, outcome.codes) == (["bikash@example.org"], [(2, "short_row")])


def test_a_row_may_end_early_where_every_cell_that_matters_is_there() -> None:
    assert read("email,name\nclara@example.org\n").emails == ["clara@example.org"]


def test_a_bad_address_leaves_the_row_its_other_channel() -> None:
    text = "email,phone,sms_consented_on\nnobody,+447700900123,2020-01-01\n"
    assert [row.email for row in read(text).rows] == [None]
    assert read(text).codes == [(2, "bad_email")]


@pytest.mark.parametrize(
    ("text", "code"), [(",,x", "no_address"), ("nobody,,", "bad_address"), (",+447700900123,", "no_channel")]
)
def test_nobody_to_write_to_is_told_by_its_reason(text: str, code: str) -> None:
    assert read(f"email,phone,name\n{text}\n").codes[-1] == (2, code)


def test_a_name_that_looks_like_a_formula_stays_a_name() -> None:
    assert cells(name="=HYPERLINK(1)").name == "=HYPERLINK(1)"
    assert cells(name="'=HYPERLINK(1)").name == "=HYPERLINK(1)"


def test_a_number_exported_with_its_guarding_apostrophe_is_read_again() -> None:
    row = cells(phone="'+447700900123", sms_consented_on="2020-01-01")
    assert row.phone is not None
    assert row.phone.text == "+447700900123"


@pytest.mark.parametrize("column", ["lists", "topics", "countries"])
def test_all_means_every_appeal_and_nothing_means_none(column: str) -> None:
    assert cells(NOTHING_SAID, **{column: "ALL"}).subscriptions == ("all",)
    assert cells(NOTHING_SAID, **{column: ""}).subscriptions == ()


@pytest.mark.parametrize(
    ("defaults", "reason"),
    [
        (ImportDefaults(zone="EST"), "zone"),
        (ImportDefaults(locale="xx"), "locale"),
        (ImportDefaults(country="Ruritania"), "country"),
        (ImportDefaults(status="gone"), "status"),
        (ImportDefaults(email=Grounds(given_on=date(2020, 12, 3))), "future"),
        (ImportDefaults(sms=Grounds(given_on=date(2021, 1, 1))), "future"),
    ],
)
def test_what_the_organiser_says_of_a_file_must_make_sense(defaults: ImportDefaults, reason: str) -> None:
    with pytest.raises(Trouble, match=reason):
        read("email\nclara@example.org\n", defaults=defaults)


def test_a_whole_file_can_be_of_people_who_left() -> None:
    outcome = read("email,status\nclara@example.org,active\n", defaults=replace(FILE_SAYS, status="do_not_contact"))
    assert outcome.blocked() == {(Channel.EMAIL, "clara@example.org")}
