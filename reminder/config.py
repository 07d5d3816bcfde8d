"""The settings: from the environment and a `.env` file, checked at start, named in every error, never guessed.

Field names in upper case are the names of the variables. The options of the providers (SMTP_HOST and the like) are
declared by the providers; `load` is told their names and hands their values on in `Settings.provider_options`.
"""

import io
import re
import unicodedata
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from dotenv.parser import parse_stream
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from reminder.domain.addresses import is_address
from reminder.domain.limits import read_limits, read_warm_up
from reminder.errors import BadSetting

_COUNTRY = re.compile(r"[A-Z]{2}")
# Links are made of it, and a text holds it as it is: no name that looks like another, nothing that turns writing round.
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/%-]*)?")
_WORDS = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be yes or no",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
}


class Settings(BaseModel):
    """Every setting with its default. A field without one is required."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_folder: Path = Path("data")
    database_url: str = ""
    index_key: str = Field(default="", repr=False)
    data_keys: str = Field(default="", repr=False)

    organisation: str = "Our organisation"
    organisation_country: str = "GB"
    zone: str = "Europe/London"
    legal_name: str = "Our organisation"
    postal_address: str = "Our postal address"
    contact: str = "the office"
    public_url: str = "http://localhost:8000"
    privacy_url: str = "http://localhost:8000/privacy"

    email_providers: str = "email-folder"
    sms_providers: str = "sms-folder"
    mail_from: str = "reminder@localhost.localdomain"
    mail_from_name: str = "Letter reminders"
    mail_reply_to: str = ""
    mail_leave_address: str = ""
    sms_from: str = "Reminder"
    sms_two_way: bool = False
    sms_countries: str = ""
    sms_senders: str = ""
    sms_routes: str = ""

    imap_host: str = ""
    imap_port: int = Field(default=0, ge=0, le=65_535)
    imap_tls: str = "implicit"
    imap_ca_file: str = ""
    imap_user: str = ""
    imap_password: str = Field(default="", repr=False)
    imap_folder: str = "INBOX"
    imap_done_folder: str = ""

    email_per_second: float = Field(default=0, ge=0, le=100_000)
    sms_per_second: float = Field(default=0, ge=0, le=100_000)
    email_per_day: int = Field(default=0, ge=0)
    sms_per_day: int = Field(default=0, ge=0)
    provider_limits: str = ""
    provider_warm_up: str = ""

    sending_limit: int = Field(default=0, ge=0)
    catch_up_hours: int = Field(default=12, ge=1, le=72)
    settle_hours: int = Field(default=6, ge=1, le=72)
    ask_after_hours: int = Field(default=4, ge=1, le=72)
    email_margin_minutes: int = Field(default=60, ge=0, le=720)
    heartbeat_seconds: int = Field(default=20, ge=1, le=300)
    opening_chunk: int = Field(default=0, ge=0, le=200_000)
    callback_days: int = Field(default=14, ge=1, le=365)
    inbox_days: int = Field(default=90, ge=1, le=3_650)
    brake_complaints_percent: float = Field(default=0.1, gt=0, le=100)
    brake_bounces_percent: float = Field(default=4.0, gt=0, le=100)
    trusted_proxies: str = ""
    processors: str = ""
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65_535)
    post_days_file: str = ""
    sms_rules_file: str = ""
    sms_prices_file: str = ""
    sms_confirmations_per_day: int = Field(default=200, ge=0, le=1_000_000)
    template_folder: str = ""
    log_format: str = "human"
    log_level: str = "info"

    provider_options: dict[str, str] = Field(default_factory=dict, repr=False, exclude=True)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not a time zone; write it like Europe/London")
        return value

    @field_validator("organisation_country")
    @classmethod
    def _two_letters(cls, value: str) -> str:
        if not _COUNTRY.fullmatch(value):
            raise ValueError("must be two capital letters, like GB")
        return value

    @field_validator("public_url", "privacy_url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https://")
        if not _URL.fullmatch(value):
            raise ValueError("may hold a host and a path in plain letters, and nothing behind a ? or #")
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for word in filter(None, map(str.strip, value.split(","))):
            try:
                ip_network(word, strict=False)
            except ValueError:
                raise ValueError("names something that is no address or network, such as 10.0.0.0/8") from None
        return value

    @field_validator("email_providers", "sms_providers")
    @classmethod
    def _names_some(cls, value: str) -> str:
        if value and not value.strip(", "):
            raise ValueError("names no provider")
        return value

    @field_validator("provider_limits")
    @classmethod
    def _are_limits(cls, value: str) -> str:
        read_limits(value)
        return value

    @field_validator("provider_warm_up")
    @classmethod
    def _are_numbers(cls, value: str) -> str:
        read_warm_up(value)
        return value

    @field_validator("mail_from", "mail_reply_to", "mail_leave_address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value and not is_address(value):
            raise ValueError("is not an email address in plain letters, without a name or brackets")
        return value

    @field_validator("template_folder")
    @classmethod
    def _is_folder(cls, value: str) -> str:
        if value and not Path(value).is_dir():
            raise ValueError("is not a folder")
        return value

    @field_validator("imap_tls")
    @classmethod
    def _known_tls(cls, value: str) -> str:
        if value not in {"implicit", "starttls", "none"}:
            raise ValueError("must be implicit, starttls or none")
        return value

    @field_validator("post_days_file", "imap_ca_file", "sms_rules_file", "sms_prices_file")
    @classmethod
    def _is_file(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError("is not a file")
        return value

    @field_validator("log_format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in {"human", "json"}:
            raise ValueError("must be human or json")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.lower() not in {"debug", "info", "warning", "error"}:
            raise ValueError("must be debug, info, warning or error")
        return value.lower()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        try:
            urlsplit(value).port  # noqa: B018 - asking is what checks it
        except ValueError:
            raise ValueError("has a port that is no number") from None
        return value

    def where(self) -> str:
        """The database's address: `database_url`, or a file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_folder.absolute() / 'reminder.db'}"

    def names(self, setting: str) -> tuple[str, ...]:
        """A list setting as its words."""
        return tuple(word.strip() for word in str(getattr(self, setting)).split(",") if word.strip())


OWN_NAMES = tuple(name.upper() for name in Settings.model_fields if name != "provider_options")


def load(environment: Mapping[str, str], env_file: Path | None, provider_names: Collection[str]) -> Settings:
    """Settings of the `.env` file, overridden by the environment. Raises `BadSetting` for what is unknown or bad.

    An unknown name in the file is an error. In the environment only our own names are looked at; one that begins with
    REMINDER_ is taken for a mistake. A setting that is empty has its default.
    """
    known = {*OWN_NAMES, *provider_names}
    values = _of_file(env_file, known) if env_file is not None and env_file.exists() else {}
    for name in environment:
        if name in known:
            values[name] = environment[name]
        elif name.startswith("REMINDER_"):
            raise BadSetting(name, "is not a setting of Reminder", _nearest(name.removeprefix("REMINDER_"), known))
    for name, value in values.items():
        if any(unicodedata.category(char) == "Cc" for char in value):
            raise BadSetting(name, "holds a line break or another control character", "Write it on one line.")
    own: dict[str, Any] = {name.lower(): value for name, value in values.items() if name in OWN_NAMES and value != ""}
    own["provider_options"] = {name: value for name, value in values.items() if name in set(provider_names)}
    try:
        return Settings(**own)
    except ValidationError as error:
        raise _told(error) from None


def _of_file(env_file: Path, known: Collection[str]) -> dict[str, str]:
    """The settings of a file; what is no setting is an error, because nobody would notice that it does nothing."""
    try:
        text = env_file.read_text(encoding="utf-8")
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
        raise BadSetting(env_file.name, reason, "Check what it is and who may read it.") from None
    except UnicodeDecodeError:
        raise BadSetting(env_file.name, "is not text in UTF-8", "Write it anew from config.example.env.") from None
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            line = binding.original.line + binding.original.string[: -len(binding.original.string.lstrip())].count("\n")
            raise BadSetting(f"Line {line} of {env_file.name}", "is not a setting", "Write it like NAME=value.")
        if binding.key is None:
            continue
        if binding.key not in known:
            raise BadSetting(
                f"{binding.key} in {env_file.name}", "is not a setting of Reminder", _nearest(binding.key, known)
            )
        values[binding.key] = binding.value or ""
    return values


def _told(error: ValidationError) -> BadSetting:
    """The first thing that is wrong, by the setting's name; its value may be a secret and is left out."""
    first = error.errors()[0]
    words = _WORDS.get(first["type"], first["msg"].removeprefix("Value error, ")).format(**first.get("ctx", {}))
    return BadSetting(
        str(first["loc"][0]).upper(), words[0].lower() + words[1:], "See config.example.env for what it takes."
    )


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name.upper(), known, n=1)
    return f"Did you mean {near[0]}?" if near else "Remove it; config.example.env lists all settings."
