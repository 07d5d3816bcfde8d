"""The keys of the settings, checked: what protects the addresses of everybody here."""

from reminder.config import Settings
from reminder.errors import BadSetting
from reminder.store.vault import Vault, key_bytes


def vault_of(settings: Settings) -> Vault:
    """The keys of the settings. Raises `BadSetting` or `Trouble` naming the setting."""
    if not settings.index_key or not settings.data_keys:
        raise BadSetting(
            "INDEX_KEY and DATA_KEYS", "are not set", "Run `reminder init`, or copy them from the recovery sheet."
        )
    keys: dict[int, bytes] = {}
    for pair in settings.names("data_keys"):
        number, _, key = pair.partition(":")
        if not number.isdigit() or not 1 <= int(number) <= 255:
            raise BadSetting("DATA_KEYS", "must look like 1:KEY,2:KEY", "Copy it from the recovery sheet.")
        keys[int(number)] = key_bytes(key, "DATA_KEYS")
    return Vault(key_bytes(settings.index_key, "INDEX_KEY"), keys)
