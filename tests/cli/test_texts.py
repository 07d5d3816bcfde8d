"""Texts by country at the command line: what the settings come to, and what an office is told."""

import json

from tests.cli.office import Office

KANNEL = {
    "PUBLIC_URL": "https://re.example.org",
    "SMS_PROVIDERS": "kannel",
    "KANNEL_USER": "us",
    "KANNEL_PASSWORD": "secret",
    "KANNEL_HOOK_SECRET": "a secret of the hook",
}


def by_country(office: Office) -> list[str]:
    listed = office.done("providers list").out.splitlines()
    return [line.strip() for line in listed[listed.index("Texts by country:") + 1 :]]


def test_the_list_of_providers_says_from_whom_and_by_whom_texts_go(office: Office) -> None:
    assert by_country(office) == [
        "Texts may go to every country: no provider takes them out of this machine, and SMS_COUNTRIES is empty."
    ]
    assert by_country(office.with_settings(**KANNEL)) == [
        "Nobody gets texts: SMS_COUNTRIES is empty. Name the countries that may get them."
    ]
    several = office.with_settings(
        **KANNEL,
        SMS_COUNTRIES="GB, fr, US",
        SMS_SENDERS="+447700900123:long:two-way:GB",
        SMS_ROUTES="GB:sms-folder,kannel",
    )
    france, britain, america = by_country(several)
    assert france.startswith("FR  from Reminder (alpha, one-way), 08:00 to 20:00")
    assert britain.startswith("GB  from +447700900123 (long, two-way), through sms-folder, kannel; ")
    assert america.startswith("US  no texts: ")
    in_use = json.loads(several.done("providers list --json").out)
    assert {each["name"] for each in in_use if each["in_use"]} == {"email-folder", "kannel", "sms-folder"}


def test_settings_for_texts_that_cannot_be_read_are_told_at_the_start(office: Office) -> None:
    for setting, value in (
        ("SMS_COUNTRIES", "GB, Britain"),
        ("SMS_SENDERS", "Reminder"),
        ("SMS_ROUTES", "GB:smtp"),
        ("SMS_RULES_FILE", "nowhere.toml"),
    ):
        said = office.with_settings(**{setting: value}).say("status")
        assert said.code != 0
        assert said.errors[0].startswith(f"error: {setting}"), said.errors


def test_a_forecast_says_how_many_get_email_for_want_of_a_lawful_text(live: Office) -> None:
    free = json.loads(live.done("forecast 1 --json").out)
    assert not any(step["email_instead_of_sms"] for step in free["steps"])
    nobody = live.with_settings(**KANNEL)
    told = json.loads(nobody.done("forecast 1 --json").out)
    texted = sum(each["people"] for each in free["sendings"] if each["channel"] == "sms")
    assert texted > 0
    assert not any(each["channel"] == "sms" for each in told["sendings"])
    assert "Nobody gets a text: SMS_COUNTRIES names no country." in told["look_at"]
    instead = [step["email_instead_of_sms"] for step in told["steps"]]
    nothing = [step["nothing"] for step in told["steps"]]
    reason = "no lawful SMS sender for that country"
    assert sum(each.get(reason, 0) for each in [*instead, *nothing]) == texted
