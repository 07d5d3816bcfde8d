"""What the settings say of each provider's limits, and how they and what is left of them are listed."""

import pytest

from reminder.config import Settings, load
from reminder.domain.limits import Limits
from reminder.domain.states import Channel
from reminder.errors import BadSetting
from reminder.ops.carriers import Carrier, carriers
from reminder.ops.limits import limits_of
from reminder.store import capacity
from reminder.store.database import Database
from tests.outbox.world import MORNING, ONE_DAY

EMAIL = ("sendgrid", "smtp")


def listed(database: Database, name: str, limits: Limits, days: int = 0) -> Carrier:
    found = carriers(database, {Channel.EMAIL: {name: limits}}, MORNING + days * ONE_DAY)
    return next(each for each in found if each.name == name)


def test_a_providers_own_limits_go_before_those_of_its_channel() -> None:
    settings = Settings(
        email_per_second=10,
        email_per_day=500,
        sms_per_second=1,
        provider_limits="sendgrid:50/s",
        provider_warm_up="smtp:20",
    )
    assert limits_of(settings, Channel.EMAIL, EMAIL) == {"sendgrid": Limits(50, 500), "smtp": Limits(10, 500, 20)}
    assert limits_of(settings, Channel.SMS, ["twilio"]) == {"twilio": Limits(1)}


@pytest.mark.parametrize("setting", ["provider_limits", "provider_warm_up"])
def test_a_limit_of_something_that_is_no_provider_is_refused(setting: str) -> None:
    value = "nobody:5/s" if setting == "provider_limits" else "nobody:5"
    with pytest.raises(BadSetting, match=f"{setting.upper()}: names nobody"):
        limits_of(Settings(**{setting: value}), Channel.EMAIL, EMAIL)


def test_limits_that_cannot_be_read_are_refused_with_the_settings() -> None:
    with pytest.raises(BadSetting, match="PROVIDER_LIMITS: must look like"):
        load({"PROVIDER_LIMITS": "sendgrid:fast"}, None, [])
    with pytest.raises(BadSetting, match="PROVIDER_WARM_UP: must look like"):
        load({"PROVIDER_WARM_UP": "sendgrid:slowly"}, None, [])


def test_what_is_left_of_a_quota_is_listed(database: Database) -> None:
    limits = Limits(per_second=5, per_day=500)
    assert listed(database, "smtp", limits).line() == "smtp             email  well, 500 left today"
    database.write(lambda c: capacity.reserve(c, "smtp", 30, Limits(per_day=500), MORNING))
    found = listed(database, "smtp", limits).to_json()
    assert (found["per_second"], found["today"], found["left_today"], found["warming_up"]) == (5, 500, 470, False)
    assert listed(database, "smtp", limits, days=1).left_today == 500
    assert listed(database, "smtp", Limits()).left_today is None


def test_a_provider_that_warms_up_is_listed_so_until_its_quota(database: Database) -> None:
    limits = Limits(per_day=150, warm_up=50)
    assert listed(database, "smtp", limits).line().endswith("well, 50 left today of 50 while it warms up")
    for day in (0, 1):
        database.write(lambda c, day=day: capacity.reserve(c, "smtp", 500, limits, MORNING + day * ONE_DAY))  # type: ignore[misc]
    assert listed(database, "smtp", limits, days=1).left_today == 0
    assert listed(database, "smtp", limits, days=2).line().endswith("well, 150 left today")
