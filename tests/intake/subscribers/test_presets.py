"""The lists of other programs, with the column names that they write."""

from dataclasses import replace
from datetime import date

import pytest

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.intake.subscribers.layout import folded, layout_of
from reminder.intake.subscribers.presets import PRESETS, Column, Preset
from reminder.intake.subscribers.rows import Asked, Basis, Block, Grounds
from tests.intake.subscribers.lists import FILE_SAYS, only_row, read

COMMON = (
    '"Email Address","First Name","Last Name","Phone Number",MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,'
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,"
)
CLARA = (
    'clara@example.org,Clara,,07700900123,2,"2019-03-01 10:00:00",192.0.2.1,"2019-03-01 10:05:00",192.0.2.2,51.5,0,0,1,'
    "Europe/London,GB,ENG,"
)
TAIL = "LEID,EUID,NOTES,TAGS\n"
SUBSCRIBED = f'{COMMON}LAST_CHANGED,{TAIL}{CLARA}"2020-01-01 00:00:00",1,a,,"""x"",""y"""\n'
UNSUBSCRIBED = (
    f"{COMMON}UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER,{TAIL}"
    f'{CLARA}"2020-02-03 10:00:00",News,9,NORMAL,,1,a,,\n'
)
CLEANED = f'{COMMON}CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,{TAIL}{CLARA}"2020-02-04 10:00:00",News,9,1,a,,\n'
MAILCHIMP_SAYS = replace(FILE_SAYS, email=Grounds(source="form", wording="Yes"))


def test_mailchimps_subscribed_file_brings_people_with_the_time_and_place_of_their_opt_in() -> None:
    row = only_row(SUBSCRIBED, preset="mailchimp", defaults=MAILCHIMP_SAYS)
    assert (row.name, row.zone, row.country, row.phone) == ("Clara", "Europe/London", "GB", None)
    (agreement,) = row.agreements
    assert agreement.lacks == ()
    assert (agreement.grounds.basis, agreement.grounds.given_on) == (Basis.CONSENT, date(2019, 3, 1))
    assert agreement.grounds.evidence == (
        "OPTIN_TIME: 2019-03-01 10:00:00; OPTIN_IP: 192.0.2.1; CONFIRM_TIME: 2019-03-01 10:05:00; CONFIRM_IP: 192.0.2.2"
    )


def test_an_address_that_an_organiser_put_into_mailchimp_waits_although_it_has_a_confirm_time() -> None:
    text = SUBSCRIBED.replace('"2019-03-01 10:00:00"', "")
    assert only_row(text, preset="mailchimp", defaults=MAILCHIMP_SAYS).agreements[0].lacks == ("date",)


@pytest.mark.parametrize(
    ("text", "block"),
    [
        (UNSUBSCRIBED, Block(Channel.EMAIL, Asked.UNSUBSCRIBED, since=date(2020, 2, 3))),
        (CLEANED, Block(Channel.EMAIL, Asked.BOUNCED, since=date(2020, 2, 4))),
    ],
)
def test_mailchimps_other_files_close_every_address_in_them(text: str, block: Block) -> None:
    outcome = read(text, preset="mailchimp")
    assert [row.blocks for row in outcome.rows] == [(block,)]
    assert outcome.reading.presumed is not None
    undated = read(text.replace(f'"{block.since} 10:00:00"', ""), preset="mailchimp")
    assert [row.blocks for row in undated.rows] == [(replace(block, since=None),)]


def test_a_mailchimp_file_of_all_three_kinds_is_refused_unless_the_dates_are_to_tell() -> None:
    text = "Email Address,UNSUB_TIME,CLEAN_TIME\nclara@example.org,,\ndavi@example.org,2020-01-01 00:00:00,\n"
    with pytest.raises(Trouble, match="mixes"):
        read(text, preset="mailchimp")
    outcome = read(text, preset="mailchimp", defaults=replace(FILE_SAYS, status="active"))
    assert (outcome.emails, outcome.blocked()) == (
        ["clara@example.org", "davi@example.org"],
        {(Channel.EMAIL, "davi@example.org")},
    )


CIVICRM = (
    '"Contact ID","First Name","Last Name","Do Not Email","Do Not Phone","Do Not Mail","Do Not Sms","Do Not Trade",'
    '"No Bulk Emails (User Opt Out)","Preferred Language","Is Deceased",Email,"On Hold",Phone,Country\n'
)


@pytest.mark.parametrize(
    ("cells", "blocks", "agreed"),
    [
        ("0,0,0,0,0,0,en_GB,0", [], [Channel.EMAIL]),
        ("1,,,,,,en_GB,", [(Channel.EMAIL, Asked.DO_NOT_CONTACT)], []),
        (",,,,,1,en_GB,", [(Channel.EMAIL, Asked.OPTED_OUT)], []),
        ("Yes,,,,,Yes,en_GB,No", [(Channel.EMAIL, Asked.DO_NOT_CONTACT)], []),
        (",,,1,,,en_GB,", [(Channel.SMS, Asked.DO_NOT_CONTACT)], [Channel.EMAIL]),
        (",1,1,,1,,en_GB,", [], [Channel.EMAIL]),  # calls, post and selling lists are not ours
        (",,,,,,en_GB,1", [(Channel.EMAIL, Asked.DIED), (Channel.SMS, Asked.DIED)], []),
    ],
)
def test_civicrms_flags_close_what_they_are_about(
    cells: str, blocks: list[tuple[Channel, Asked]], agreed: list[Channel]
) -> None:
    row = only_row(f"{CIVICRM}7,Clara,Hill,{cells},clara@example.org,,07700 900123,United Kingdom\n", preset="civicrm")
    assert [(block.channel, block.reason) for block in row.blocks] == blocks
    assert [agreement.channel for agreement in row.agreements] == agreed
    if agreed:
        assert (row.name, row.locale, row.country) == ("Clara Hill", "en-GB", "GB")


@pytest.mark.parametrize(
    ("hold", "reason"),
    [
        ("1", Asked.BOUNCED),
        ("On Hold Bounce", Asked.BOUNCED),
        ("2", Asked.OPTED_OUT),
        ("On Hold Opt Out", Asked.OPTED_OUT),
    ],
)
def test_civicrms_address_on_hold_is_closed(hold: str, reason: Asked) -> None:
    row = only_row(f"{CIVICRM}7,Clara,,,,,,,,,,clara@example.org,{hold},,\n", preset="civicrm")
    assert row.blocks == (Block(Channel.EMAIL, reason),)


def test_a_civicrm_flag_that_is_neither_yes_nor_no_leaves_the_row_out() -> None:
    assert read(f"{CIVICRM}7,Clara,,Ja,,,,,,,,clara@example.org,,,\n", preset="civicrm").codes == [
        (2, "unknown_status")
    ]


ACTION_NETWORK = "uuid,first_name,last_name,email,can2_phone,country,can2_user_tags,can2_subscription_date,can2_subscription_status,can2_sms_status\n"


@pytest.mark.parametrize(
    ("statuses", "blocks", "agreed"),
    [
        ("subscribed,subscribed", [], [Channel.EMAIL, Channel.SMS]),
        ("subscribed,", [], [Channel.EMAIL]),
        (",subscribed", [], [Channel.SMS]),
        ("unsubscribed,subscribed", [(Channel.EMAIL, Asked.UNSUBSCRIBED)], [Channel.SMS]),
        ("subscribed,unsubscribed", [(Channel.SMS, Asked.UNSUBSCRIBED)], [Channel.EMAIL]),
        ("bouncing,previous bounce", [(Channel.EMAIL, Asked.BOUNCED), (Channel.SMS, Asked.BOUNCED)], []),
        ("previous spam complaint,", [(Channel.EMAIL, Asked.COMPLAINED)], []),
        ("Spam Complaint,", [(Channel.EMAIL, Asked.COMPLAINED)], []),
    ],
)
def test_action_network_tells_email_and_texts_apart(
    statuses: str, blocks: list[tuple[Channel, Asked]], agreed: list[Channel]
) -> None:
    row = only_row(
        f"{ACTION_NETWORK}1,Ellen,,ellen@example.org,+1 310 555 0123,US,,2020-01-02 03:04:05 UTC,{statuses}\n",
        preset="action-network",
    )
    assert [(block.channel, block.reason) for block in row.blocks] == blocks
    assert [agreement.channel for agreement in row.agreements] == agreed
    for agreement in row.agreements:
        assert agreement.lacks == (() if agreement.channel is Channel.EMAIL else ("source", "wording", "date"))


def test_action_networks_people_who_never_subscribed_are_left_out() -> None:
    text = f"{ACTION_NETWORK}1,Ellen,,ellen@example.org,,US,,,,\n"
    assert read(text, preset="action-network").codes == [(2, "no_channel")]


LISTMONK = "uuid,email,name,attributes,status,created_at,updated_at\n"
AT = "2020-01-02 15:04:05.123456 +0000 UTC,2020-01-02 15:04:05.123456 +0000 UTC"


def test_listmonks_people_come_with_their_attributes_and_without_a_day_of_consent() -> None:
    attributes = '"{""country"": ""KZ"", ""timezone"": ""Asia/Almaty"", ""lang"": ""kk"", ""age"": 40}"'
    row = only_row(f"{LISTMONK}1,aigerim@example.org,Aigerim,{attributes},enabled,{AT}\n", preset="listmonk")
    assert (row.name, row.country, row.zone, row.locale) == ("Aigerim", "KZ", "Asia/Almaty", "kk")
    bare = only_row(
        f"{LISTMONK}1,aigerim@example.org,,{{}},enabled,{AT}\n",
        preset="listmonk",
        defaults=replace(FILE_SAYS, email=Grounds()),
    )
    assert bare.agreements[0].lacks == ("basis", "source", "wording", "date")


@pytest.mark.parametrize(("status", "reason"), [("blocklisted", Asked.DO_NOT_CONTACT), ("disabled", Asked.DISABLED)])
def test_listmonks_blocked_people_close(status: str, reason: Asked) -> None:
    row = only_row(f"{LISTMONK}1,aigerim@example.org,A,{{}},{status},{AT}\n", preset="listmonk")
    assert row.blocks == (Block(Channel.EMAIL, reason),)


@pytest.mark.parametrize("attributes", ["{", "[]", "7", "[" * 1_500])
def test_attributes_that_are_no_object_are_noted(attributes: str) -> None:
    outcome = read(f"{LISTMONK}1,aigerim@example.org,A,{attributes},enabled,{AT}\n", preset="listmonk")
    assert (outcome.emails, outcome.codes) == (["aigerim@example.org"], [(2, "bad_attributes")])


@pytest.mark.parametrize(
    ("preset", "names"),
    [
        ("civicrm", "First Name,Email"),
        ("civicrm", "Email,Do Not Email"),
        ("action-network", "email,first_name"),
        ("listmonk", "email,name,attributes"),
    ],
)
def test_an_export_that_cannot_say_who_left_is_refused_unless_the_organiser_says_it(preset: str, names: str) -> None:
    text = f"{names}\n{','.join('clara@example.org' if name.lower() == 'email' else '' for name in names.split(','))}\n"
    with pytest.raises(Trouble, match="who has left"):
        read(text, preset=preset)
    assert read(text, preset=preset, defaults=replace(FILE_SAYS, status="active")).emails == ["clara@example.org"]


def test_an_unknown_format_is_told_with_those_that_are_known() -> None:
    with pytest.raises(Trouble, match=r"mailchimp.*listmonk"):
        read("email\nclara@example.org\n", preset="excel")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_recognises_every_column_it_names_once(preset: Preset) -> None:
    aliases = [alias for names in preset.columns.values() for alias in names]
    assert len({folded(alias) for alias in aliases}) == len(aliases)
    layout = layout_of([names[0] for names in preset.columns.values()], preset)
    assert set(layout.columns) == set(preset.columns)
    assert Column.EMAIL in layout.columns
    assert all(word == folded(word) for words in preset.statuses.values() for word in words)
    assert all(word == folded(word) for words in preset.words.values() for word in words)
