"""Doctor on providers: keys, conditions, what stops them, their own lists, and the way back to us."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from reminder.domain.limits import Limits
from reminder.domain.sms_rules import CountryRule, SenderKind, SmsRules, SmsSender
from reminder.domain.states import Channel
from reminder.errors import BadSetting, Trouble
from reminder.ops.doctor import Finding, Level
from reminder.ops.doctor.carriers import callback_address
from reminder.providers.contract import Capabilities
from reminder.providers.registry import build
from reminder.store import capacity, lists
from tests.fakes.scripted import Scripted
from tests.fakes.smtp import FakeSmtp
from tests.fakes.smtp_thread import smtp_thread
from tests.ops.clinic import Clinic, clinic

__all__ = ["clinic"]


@dataclass
class Real(Scripted):
    """A provider that really sends; `trouble` is what trying its key comes to."""

    capabilities: Capabilities = Capabilities(real=True)  # noqa: RUF009 - it is frozen
    trouble: Exception | None = None

    async def check(self) -> None:
        if self.trouble is not None:
            raise self.trouble


def only(clinic: Clinic, id_: str) -> Finding:
    [found] = clinic.found(id_)
    return found


def test_a_real_provider_that_is_well_is_nothing_to_speak_of(clinic: Clinic) -> None:
    clinic.uses(Real())
    assert [found.id for found in clinic.found("") if found.id != "callback-address"] == []


def test_a_provider_that_is_not_set_up(clinic: Clinic) -> None:
    class Unset(Clinic):
        @property
        def providers(self) -> None:  # type: ignore[override]
            raise BadSetting("SENDGRID_API_KEY", "is not set", "API key that may send mail.")

    clinic.__class__ = Unset
    assert only(clinic, "provider-settings").sentence == "SENDGRID_API_KEY: is not set."


class TestTexts:
    """Which countries get them."""

    def rules(self, *countries: str, checked_on: date = date(2026, 11, 22)) -> SmsRules:
        britain = CountryRule("GB", frozenset({SenderKind.ALPHA}), "A letter", checked_on)
        return SmsRules({"GB": britain}, frozenset(countries), (), SmsSender("Reminder", SenderKind.ALPHA))

    def test_a_real_provider_and_no_country(self, clinic: Clinic) -> None:
        clinic.texts = self.rules()
        found = only(clinic, "texts")
        assert (found.level, found.sentence[:39]) == (Level.FAULT, "Nobody gets texts: SMS_COUNTRIES names ")

    def test_a_country_without_a_row(self, clinic: Clinic) -> None:
        clinic.texts, clinic.now = self.rules("GB", "KE"), datetime(2026, 12, 1, tzinfo=UTC)
        found = only(clinic, "texts")
        assert (found.level, found.sentence) == (
            Level.WARNING,
            "No texts to KE: the table of countries has no row for it.",
        )

    @pytest.mark.parametrize(("days", "told"), [(365, 0), (366, 1)])
    def test_rules_that_were_read_more_than_a_year_ago(self, clinic: Clinic, days: int, told: int) -> None:
        clinic.texts = self.rules("GB", checked_on=(clinic.now - timedelta(days=days)).date())
        assert [found.level for found in clinic.found("texts")] == [Level.NOTE] * told


class TestKeys:
    def test_one_that_does_not_fit(self, clinic: Clinic) -> None:
        clinic.uses(Real(trouble=Trouble("SCRIPTED_API_KEY", "is refused (401)", "Make a new one.")))
        found = only(clinic, "provider-key")
        assert (found.level, found.remedy) == (Level.FAULT, "Make a new one.")
        assert found.sentence == "scripted: SCRIPTED_API_KEY: is refused (401)."

    def test_one_that_cannot_be_tried_without_sending_is_only_noted(self, clinic: Clinic) -> None:
        clinic.uses(Scripted(capabilities=Capabilities(real=True)))
        found = only(clinic, "provider-key")
        assert (found.level, "was not tried" in found.sentence) == (Level.NOTE, True)

    def test_one_whose_trial_breaks_does_not_hide_the_others(self, clinic: Clinic) -> None:
        bad = Trouble("KEY", "is refused", "Mend it.")
        clinic.uses(Real("first", trouble=RuntimeError("secret")), Real("second", trouble=bad))
        found = clinic.found("provider-key")
        assert [each.level for each in found] == [Level.FAULT, Level.FAULT]
        assert "secret" not in str(found)

    def test_a_folder_has_none(self, clinic: Clinic) -> None:
        clinic.uses(Scripted())
        assert clinic.found("provider-key") == []


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that neither answers nor refuses, as behind a wall: its queue is full, and nobody takes from it."""
    with ExitStack() as opened:
        listening = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = listening.getsockname()[1]
        for _ in range(4):
            knocking = opened.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(("127.0.0.1", port))
        yield port


class TestSmtpPorts:
    """A port that is silent is one that the hoster closes; one that refuses is a server that is not there."""

    def smtp(self, port: int) -> dict[str, str]:
        return {"host": "127.0.0.1", "port": str(port), "tls": "none", "timeout_seconds": "0.5"}

    def found(self, clinic: Clinic, port: int) -> Finding:
        clinic.uses(build("smtp", self.smtp(port), httpx.AsyncClient()))
        return only(clinic, "provider-key")

    def test_a_silent_one_asks_for_a_provider_over_https(self, clinic: Clinic) -> None:
        with silent_port() as port:
            found = self.found(clinic, port)
        assert f"port {port} does not answer at all" in found.sentence
        assert found.remedy.startswith("Use a provider that is reached over HTTPS")

    def test_a_server_that_lets_us_in_is_well_and_gets_no_mail(self, clinic: Clinic) -> None:
        with smtp_thread(FakeSmtp()) as server:
            clinic.uses(build("smtp", self.smtp(server.port), httpx.AsyncClient()))
            assert clinic.found("provider-key") == []
        assert (server.connections, server.accepted) == (1, [])
        assert not [command for command in server.commands if command.startswith("MAIL")]

    def test_one_that_refuses_does_not(self, clinic: Clinic) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
        found = self.found(clinic, port)
        assert "SMTP_HOST: no connection to 127.0.0.1" in found.sentence
        assert "HTTPS" not in found.remedy


def test_the_conditions_of_a_provider_are_shown(clinic: Clinic) -> None:
    clinic.uses(Real(capabilities=Capabilities(real=True, conditions="It takes no reminders on Sundays.")))
    found = only(clinic, "provider-conditions")
    assert (found.level, found.sentence) == (Level.NOTE, "scripted: It takes no reminders on Sundays.")


class TestState:
    def test_one_that_was_stopped_while_another_takes_its_place(self, clinic: Clinic) -> None:
        clinic.uses(Real("first"), Real("second"))
        clinic.database.write(lambda c: capacity.stop(c, "first", "3 of 900 messages came back", clinic.now))
        found = only(clinic, "provider-state")
        assert (found.level, "resume first" in found.sentence) == (Level.WARNING, True)

    def test_the_only_one_of_its_channel(self, clinic: Clinic) -> None:
        clinic.uses(Real("first"))
        clinic.database.write(lambda c: capacity.stop(c, "first", "3 of 900 messages came back", clinic.now))
        assert [found.level for found in clinic.found("provider-state")] == [Level.WARNING, Level.FAULT]

    def test_one_whose_day_is_used_up(self, clinic: Clinic) -> None:
        clinic.uses(Real("first"), limits=(limits := Limits(per_day=5)))
        assert clinic.found("provider-state") == []
        clinic.database.write(lambda c: capacity.reserve(c, "first", 5, limits, clinic.now))
        assert "used up" in clinic.found("provider-state")[0].sentence


def test_a_list_of_a_provider_that_cannot_be_read(clinic: Clinic) -> None:
    clinic.uses(Real(capabilities=Capabilities(real=True, suppressions=True)))
    assert lists.WAITS in only(clinic, "provider-list").sentence
    clinic.database.write(lambda c: lists.done(c, "scripted", clinic.now, "may not be read with this key (403)"))
    assert "(403)" in only(clinic, "provider-list").sentence
    clinic.database.write(lambda c: lists.done(c, "scripted", clinic.now))
    assert clinic.found("provider-list") == []


class TestCallbackAddress:
    def look(self, clinic: Clinic, *addresses: str) -> list[Level]:
        def resolve(host: str) -> Sequence[str]:
            assert host == "letters.example.org"
            if not addresses:
                raise OSError
            return addresses

        return [found.level for found in callback_address(clinic.examined, resolve)]

    def test_a_name_that_leads_out_of_the_house(self, clinic: Clinic) -> None:
        assert self.look(clinic.uses(Real()), "10.0.0.1", "8.8.8.8", "2001:4860:4860::8888") == []

    def test_a_name_that_leads_nowhere(self, clinic: Clinic) -> None:
        assert self.look(clinic.uses(Real())) == [Level.FAULT]

    def test_a_name_that_leads_to_this_house_alone(self, clinic: Clinic) -> None:
        assert self.look(clinic.uses(Real()), "127.0.0.1", "fe80::1%eth0") == [Level.WARNING]

    def test_an_address_without_https(self, clinic: Clinic) -> None:
        clinic.set(public_url="http://letters.example.org")
        assert self.look(clinic.uses(Real()), "8.8.8.8") == [Level.FAULT]

    def test_without_a_real_provider_it_does_not_matter(self, clinic: Clinic) -> None:
        clinic.set(public_url="http://localhost:8000")
        assert clinic.uses(Scripted(channel=Channel.SMS)).found("callback-address") == []
