"""The checks of doctor in their order. To add one: a function in this folder, a line here, two tests."""

from reminder.ops.doctor import carriers, machine, records
from reminder.ops.doctor.finding import Check

CHECKS = (
    Check("settings", machine.settings),
    Check("settings-file", machine.settings_file),
    Check("keys", machine.keys, ("settings",)),
    Check("data-folder", machine.data_folder, ("settings",)),
    Check("disk", machine.disk, ("data-folder",)),
    Check("database", records.database, ("keys",)),
    Check("recovery-sheet", records.recovery_sheet, ("database",)),
    Check("organisers", records.organisers, ("database",)),
    Check("clock", records.clock, ("database",)),
    Check("heartbeat", records.heartbeat, ("database",)),
    Check("zone-data", records.zone_data, ("database",)),
    Check("post-days", records.post_days, ("keys",)),
    Check("templates", records.templates, ("keys",)),
    Check("provider-settings", carriers.provider_settings, ("keys",)),
    Check("office", machine.office, ("provider-settings",)),
    Check("texts", carriers.texts, ("provider-settings",)),
    Check("provider-key", carriers.provider_key, ("provider-settings",)),
    Check("provider-conditions", carriers.provider_conditions, ("provider-settings",)),
    Check("provider-state", carriers.provider_state, ("provider-settings", "database")),
    Check("provider-list", carriers.provider_list, ("provider-settings", "database")),
    Check("callback-address", carriers.callback_address, ("provider-settings",)),
)
