"""The settings of a provider as data, so that help, checks and documents list them, and their typed reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reminder.errors import BadSetting

YES = frozenset({"yes", "true", "1", "on"})
NO = frozenset({"no", "false", "0", "off"})
# A secret travels without TLS to this machine alone.
HERE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a provider. `sentence` says to an operator what it does; `secret` values are never shown."""

    name: str
    sentence: str
    default: str = ""
    required: bool = False
    secret: bool = False


def setting_name(provider: str, option: str) -> str:
    """The environment variable of an option: ("email-folder", "path") → "EMAIL_FOLDER_PATH"."""
    return f"{provider}_{option}".replace("-", "_").upper()


class Options:
    """The options given for one provider, read by name and type. A value is never part of an error."""

    def __init__(self, provider: str, declared: tuple[Option, ...], given: Mapping[str, str]) -> None:
        """Raises `BadSetting` for an option that the provider does not have and for a required one that is empty."""
        self._provider = provider
        self._declared = {option.name: option for option in declared}
        self._given = dict(given)
        for name in self._given.keys() - self._declared.keys():
            raise BadSetting(
                setting_name(provider, name), f"{provider} has no such setting", "Remove it or correct its name."
            )
        for option in declared:
            if option.required and not self.text(option.name):
                raise BadSetting(setting_name(provider, option.name), "is not set", option.sentence)

    def __repr__(self) -> str:
        return f"Options({self._provider})"

    def text(self, name: str) -> str:
        """The value without blanks around it, or the declared default."""
        return self._given.get(name, "").strip() or self._declared[name].default

    def number(self, name: str, low: float, high: float) -> float:
        """A number within `low` and `high`, both included."""
        try:
            value = float(self.text(name))
        except ValueError:
            value = high + 1
        if not low <= value <= high:
            raise self.bad(name, f"must be a number from {low:g} to {high:g}")
        return value

    def url(self, name: str) -> str:
        """An address of the provider without the slash at its end: https, or http on this machine alone; may be empty."""
        value = self.text(name).rstrip("/")
        try:
            parts = urlsplit(value)
            here = parts.scheme == "http" and parts.hostname in HERE
            usable = bool(parts.hostname) and (parts.scheme == "https" or here) and not (parts.query or parts.fragment)
        except ValueError:
            usable = False
        if value and not usable:
            raise self.bad(name, "must be an address that begins with https://")
        return value

    def yes(self, name: str) -> bool:
        """A yes or a no."""
        value = self.text(name).lower()
        if value not in YES | NO:
            raise self.bad(name, "must be yes or no")
        return value in YES

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few words."""
        value = self.text(name).lower()
        if value not in choices:
            raise self.bad(name, f"must be one of {', '.join(choices)}")
        return value

    def bad(self, name: str, reason: str) -> BadSetting:
        """The error for a value that does not do."""
        return BadSetting(setting_name(self._provider, name), reason, self._declared[name].sentence)
