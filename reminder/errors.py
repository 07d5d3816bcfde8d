"""Trouble that a person can mend, told in three parts: the thing, the reason, the remedy."""


class Trouble(Exception):
    """An error meant for a person. `exit_code` is what the command line answers with."""

    exit_code = 1

    def __init__(self, thing: str, reason: str, remedy: str) -> None:
        super().__init__(f"{thing}: {reason}. {remedy}")
        self.thing = thing
        self.reason = reason
        self.remedy = remedy


class UnreadableDocument(Trouble):
    """The file is no appeal, or nothing in it can be read."""

    exit_code = 2


class BadSetting(Trouble):
    """A setting is unknown, missing or out of its range."""


class NotAllowed(Trouble):
    """The state of the case or campaign does not allow this move."""


class Busy(Trouble):
    """Somebody else holds what this needs; waiting helps."""
