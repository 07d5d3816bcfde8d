"""A campaign from its first day to its last in virtual time, on a copy: who gets what and when, and who does not."""

from reminder.rehearsal.rehearse import rehearse
from reminder.rehearsal.story import Entry, Person, Story

__all__ = ["Entry", "Person", "Story", "rehearse"]
