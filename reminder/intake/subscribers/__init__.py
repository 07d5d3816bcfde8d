"""Subscriber lists (CSV) → rows with their consent, ready to store. Pure reading: nothing here stores or sends."""

from reminder.intake.subscribers.addresses import read_email, read_phone
from reminder.intake.subscribers.places import read_country, read_locale, read_zone
from reminder.intake.subscribers.presets import PRESETS, Column, Standing
from reminder.intake.subscribers.read import ListReading, read_list
from reminder.intake.subscribers.rows import (
    Agreement,
    Asked,
    Basis,
    Block,
    Counts,
    Grounds,
    ImportDefaults,
    Level,
    Problem,
    Row,
)

__all__ = [
    "PRESETS",
    "Agreement",
    "Asked",
    "Basis",
    "Block",
    "Column",
    "Counts",
    "Grounds",
    "ImportDefaults",
    "Level",
    "ListReading",
    "Problem",
    "Row",
    "Standing",
    "read_country",
    "read_email",
    "read_list",
    "read_locale",
    "read_phone",
    "read_zone",
]
