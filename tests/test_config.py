"""Settings: from a file and the environment, checked at start, and named in every error."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.config import OWN_NAMES, Settings, load
from reminder.errors import BadSetting
from reminder.providers.registry import REGISTRY, options_from, provider_class, settings_of
from tests.repository import ROOT

PROVIDER_NAMES = [name for provider in REGISTRY for name in settings_of(provider)]
EXAMPLE = (ROOT / "config.example.env").read_text()
COMMENTED = re.compile(r"^# (?=[A-Z][A-Z0-9_]*=)", re.MULTILINE)


def settings(**values: str) -> Settings:
    return load(values, None, PROVIDER_NAMES)


def in_file(folder: Path, text: str, **environment: str) -> Settings:
    (folder / ".env").write_text(text)
    return load(environment, folder / ".env", PROVIDER_NAMES)


def test_without_any_setting_everything_has_its_default() -> None:
    assert settings() == Settings()


def test_the_example_with_every_line_in_force_says_exactly_the_defaults(tmp_path: Path) -> None:
    in_force = in_file(tmp_path, COMMENTED.sub("", EXAMPLE))
    assert in_force.model_copy(update={"provider_options": {}}) == Settings()


def test_the_example_gives_every_option_of_every_provider_its_default(tmp_path: Path) -> None:
    given = in_file(tmp_path, COMMENTED.sub("", EXAMPLE)).provider_options
    for provider in REGISTRY:
        declared = {option.name: option.default for option in provider_class(provider).options}
        assert options_from(provider, given) == declared


def test_the_example_as_it_comes_sets_nothing(tmp_path: Path) -> None:
    assert in_file(tmp_path, EXAMPLE) == Settings()


def test_the_environment_goes_before_the_file_and_an_empty_setting_is_the_default(tmp_path: Path) -> None:
    found = in_file(tmp_path, "ZONE=Asia/Almaty\nCONTACT=us\nSENDING_LIMIT=\n", ZONE="Pacific/Auckland", LEGAL_NAME="")
    assert (found.zone, found.contact, found.sending_limit) == ("Pacific/Auckland", "us", 0)
    assert found.legal_name == Settings().legal_name


def test_a_file_that_is_not_there_is_no_file(tmp_path: Path) -> None:
    assert load({}, tmp_path / ".env", PROVIDER_NAMES) == Settings()


def test_values_stand_as_they_are_in_quotes_and_with_signs_of_the_shell(tmp_path: Path) -> None:
    found = in_file(tmp_path, "LEGAL_NAME='Letters & \"Co\"'\nSMTP_PASSWORD='a#b $HOME'\nexport CONTACT=us # note\n")
    assert (found.legal_name, found.contact) == ('Letters & "Co"', "us")
    assert found.provider_options == {"SMTP_PASSWORD": "a#b $HOME"}


@pytest.mark.parametrize(
    ("text", "thing", "reason", "remedy"),
    [
        ("SMPT_HOST=x\n", "SMPT_HOST in .env", "is not a setting of Reminder", "Did you mean SMTP_HOST?"),
        ("zone=x\n", "zone in .env", "is not a setting of Reminder", "Did you mean ZONE?"),
        ("PURPLE=x\n", "PURPLE in .env", "is not a setting of Reminder", "Remove it; config.example.env lists all"),
        ("# one\n\nZONE\n", "Line 3 of .env", "is not a setting", "Write it like NAME=value."),
        ("=x\n", "Line 1 of .env", "is not a setting", "Write it like NAME=value."),
        ("ZONE=Asia/Almaty\na b c\n", "Line 2 of .env", "is not a setting", "Write it like NAME=value."),
        ('MAIL_FROM_NAME="a\\nBcc: b"\n', "MAIL_FROM_NAME", "holds a line break", "Write it on one line."),
        ('SMTP_HOST="a\\r\\nb"\n', "SMTP_HOST", "holds a line break", "Write it on one line."),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_place_and_the_nearest_setting(
    tmp_path: Path, text: str, thing: str, reason: str, remedy: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        in_file(tmp_path, text)
    assert refused.value.thing == thing
    assert refused.value.reason.startswith(reason)
    assert refused.value.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ZONE", "Mars/Base", "is not a time zone"),
        ("ORGANISATION_COUNTRY", "gb", "must be two capital letters"),
        ("PUBLIC_URL", "re.example.org", "must begin with https://"),
        ("PRIVACY_URL", "ftp://re.example.org", "must begin with https://"),
        ("MAIL_FROM", "Letters", "is not an email address"),
        ("MAIL_REPLY_TO", "a b@example.org", "is not an email address"),
        ("MAIL_LEAVE_ADDRESS", "leave", "is not an email address"),
        ("MAIL_FROM", "<letters@example.org>", "is not an email address in plain letters"),
        ("MAIL_FROM", "lettérs@example.org", "is not an email address in plain letters"),
        ("MAIL_FROM", "letters@exämple.org", "is not an email address in plain letters"),
        ("MAIL_FROM", "mailto:letters@example.org", "is not an email address in plain letters"),
        ("MAIL_REPLY_TO", "letters@example.org,", "is not an email address in plain letters"),
        ("MAIL_LEAVE_ADDRESS", "Leave <leave@example.org>", "is not an email address in plain letters"),
        ("PUBLIC_URL", "https://re.example.org/\u202egro", "may hold a host and a path in plain letters"),
        ("PUBLIC_URL", "https://rë.example.org", "may hold a host and a path in plain letters"),
        ("PUBLIC_URL", "https://re.example.org/?from=mail", "may hold a host and a path in plain letters"),
        ("PUBLIC_URL", "https://name@re.example.org", "may hold a host and a path in plain letters"),
        ("PRIVACY_URL", "https://re.example.org/#privacy", "may hold a host and a path in plain letters"),
        ("EMAIL_PROVIDERS", ",", "names no provider"),
        ("SMS_PROVIDERS", " , ", "names no provider"),
        ("DATABASE_URL", "mysql://localhost/x", "must begin with sqlite:/// or postgresql://"),
        ("DATABASE_URL", "postgresql://u:p@localhost:port/x", "has a port that is no number"),
        ("SMS_TWO_WAY", "perhaps", "must be yes or no"),
        ("EMAIL_PER_SECOND", "fast", "must be a number"),
        ("EMAIL_PER_SECOND", "-1", "must be 0 or more"),
        ("EMAIL_PER_SECOND", "nan", "must be 100000 or less"),
        ("EMAIL_PER_SECOND", "inf", "must be 100000 or less"),
        ("SMS_PER_DAY", "1.5", "must be a whole number"),
        ("SENDING_LIMIT", "-1", "must be 0 or more"),
        ("CATCH_UP_HOURS", "73", "must be 72 or less"),
        ("CATCH_UP_HOURS", "0", "must be 1 or more"),
        ("HEARTBEAT_SECONDS", "0", "must be 1 or more"),
        ("POST_DAYS_FILE", "missing.toml", "is not a file"),
        ("TEMPLATE_FOLDER", "missing", "is not a folder"),
        ("LOG_FORMAT", "xml", "must be human or json"),
        ("LOG_LEVEL", "loud", "must be debug, info, warning or error"),
    ],
)
def test_a_value_that_does_not_do_names_its_setting_and_not_itself(name: str, value: str, reason: str) -> None:
    with pytest.raises(BadSetting) as refused:
        settings(**{name: value})
    assert refused.value.thing == name
    assert refused.value.reason.startswith(reason)
    assert value not in str(refused.value).replace(name, "").replace("human or json", "").split()


def test_a_name_that_begins_like_ours_is_taken_for_a_mistake_and_any_other_is_none_of_our_business() -> None:
    with pytest.raises(BadSetting) as refused:
        settings(REMINDER_ZONES="Europe/London")
    assert refused.value.remedy == "Did you mean ZONE?"
    assert settings(PATH="/bin", HOME="/nowhere") == Settings()


@pytest.mark.parametrize("held", [b"\xff\xfe\x00ZONE", b"ZONE=\xe9\n"])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, held: bytes) -> None:
    (tmp_path / ".env").write_bytes(held)
    with pytest.raises(BadSetting) as refused:
        load({}, tmp_path / ".env", PROVIDER_NAMES)
    assert str(refused.value).startswith(".env: is not text in UTF-8.")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(BadSetting) as refused:
        load({}, tmp_path / ".env", PROVIDER_NAMES)
    assert refused.value.thing == ".env"


@given(st.binary(max_size=200))
def test_whatever_stands_in_the_file_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, held: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.env"
    file.write_bytes(held)
    refused, found = None, Settings()
    try:
        found = load({}, file, PROVIDER_NAMES)
    except BadSetting as trouble:
        refused = trouble
    assert refused or found == Settings()


def test_keys_and_options_stand_in_no_printed_settings() -> None:
    printed = repr(settings(INDEX_KEY="index-key", DATA_KEYS="1:data-key", SMTP_PASSWORD="pass-word"))
    assert not re.search("index-key|data-key|pass-word", printed)


def test_the_database_is_a_file_in_the_data_folder_unless_it_is_said_where(tmp_path: Path) -> None:
    assert settings(DATA_FOLDER=str(tmp_path)).where() == f"sqlite:///{tmp_path / 'reminder.db'}"
    assert settings(DATABASE_URL="postgresql://localhost/x").where() == "postgresql://localhost/x"


def test_a_list_is_its_words() -> None:
    assert settings(EMAIL_PROVIDERS="smtp, email-folder ,").names("email_providers") == ("smtp", "email-folder")


def test_every_setting_of_ours_has_a_default() -> None:
    assert all(not field.is_required() for field in Settings.model_fields.values())
    assert len(OWN_NAMES) == len(Settings.model_fields) - 1
