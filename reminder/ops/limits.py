"""What the settings say of how much each provider may be given."""

from collections.abc import Iterable

from reminder.config import Settings
from reminder.domain.limits import Limits, read_limits, read_warm_up
from reminder.domain.states import Channel
from reminder.errors import BadSetting
from reminder.providers.registry import REGISTRY


def limits_of(settings: Settings, channel: Channel, names: Iterable[str]) -> dict[str, Limits]:
    """The limits of these providers of a channel: their own before the channel's, in the order given.

    Raises `BadSetting` where a limit is set for something that is no provider.
    """
    own, warm_up = read_limits(settings.provider_limits), read_warm_up(settings.provider_warm_up)
    for setting, named in (("PROVIDER_LIMITS", own), ("PROVIDER_WARM_UP", warm_up)):
        if wrong := [name for name in named if name not in REGISTRY]:
            reason = f"names {wrong[0]}, which is no provider"
            raise BadSetting(setting, reason, f"Choose from: {', '.join(REGISTRY)}.")
    rates = {Channel.EMAIL: settings.email_per_second, Channel.SMS: settings.sms_per_second}
    quotas = {Channel.EMAIL: settings.email_per_day, Channel.SMS: settings.sms_per_day}
    found = {}
    for name in names:
        limits = own.get(name, Limits())
        found[name] = Limits(
            limits.per_second or rates[channel], limits.per_day or quotas[channel], warm_up.get(name, 0)
        )
    return found
