"""reminder messages …, providers list: what is unclear is shown by its number and settled by a person."""

import json
from collections.abc import Iterator

import pytest

from reminder.providers.registry import REGISTRY
from tests.cli.office import Office
from tests.fakes.smtp import Act, FakeSmtp, Stage
from tests.fakes.smtp_thread import smtp_thread


@pytest.fixture
def unclear(live: Office) -> Iterator[tuple[Office, FakeSmtp]]:
    """An office at 10:00, after a tick in which the mail server took two messages and answered for neither."""
    drop = [Act(Stage.DOT, takes=True, nth=number) for number in (1, 2)]
    with smtp_thread(FakeSmtp(drop)) as server:
        mailing = live.with_settings(
            PUBLIC_URL="https://re.example.org",
            EMAIL_PROVIDERS="smtp",
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=str(server.port),
            SMTP_TLS="none",
        )
        assert "unclear 2." in mailing.at(1, 9).done("tick").out
        yield mailing.at(1, 10), server


def listed(office: Office) -> list[int]:
    """The numbers of what is unclear."""
    return [line["message"] for line in json.loads(office.done("messages list --unclear --json").out)]


def test_nothing_to_look_at_is_said(live: Office) -> None:
    assert live.done("messages list").out == "Nothing is unclear and nothing is set aside.\n"
    assert json.loads(live.done("messages list --json").out) == []


def test_an_unclear_message_is_listed_by_its_number_until_somebody_settles_it(
    unclear: tuple[Office, FakeSmtp],
) -> None:
    office, server = unclear
    first, second = listed(office)
    shown = office.done("messages list --unclear")
    assert f"Message {first}, " in shown.out
    assert shown.next.startswith("`reminder messages decide ID`")
    assert "Unclear, may have arrived: 2 messages" in office.done("status").out
    assert office.done(f"messages decide {first} --arrived").next == "reminder messages list --unclear"
    assert listed(office) == [second]
    assert office.say(f"messages decide {first} --give-up").errors == [
        f"error: Message {first}: is not unclear. `reminder messages list --unclear` shows those that are."
    ]
    office.done(f"messages decide {second} --send-again")
    office.done("tick")
    assert len(server.accepted) == 3
    assert listed(office) == []


def test_giving_up_sends_nothing(unclear: tuple[Office, FakeSmtp]) -> None:
    office, server = unclear
    for message in listed(office):
        office.done(f"messages decide {message} --give-up")
    office.done("tick")
    assert (listed(office), len(server.accepted)) == ([], 2)


def test_the_providers_and_which_are_in_use_are_listed(office: Office) -> None:
    listed = json.loads(office.done("providers list --json").out)
    assert [each["name"] for each in listed] == list(REGISTRY)
    assert {each["name"] for each in listed if each["in_use"]} == {"email-folder", "sms-folder"}
    with_mail = office.with_settings(EMAIL_PROVIDERS="smtp", SMTP_HOST="mail.example.org", EMAIL_PER_DAY="500")
    assert "smtp             email  well, 500 left today" in with_mail.done("providers list").out


def test_with_a_real_provider_no_campaign_starts_without_https(live: Office) -> None:
    live.done("campaign close 1")
    live.done("campaign clone 1")
    live.done("campaign approve 2")
    real = live.with_settings(EMAIL_PROVIDERS="smtp", SMTP_HOST="mail.example.org")
    assert "cannot start while PUBLIC_URL is not https" in real.say("campaign start 2").errors[0]
    real.with_settings(PUBLIC_URL="https://re.example.org").done("campaign start 2")
