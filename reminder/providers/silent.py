"""What a provider does that never calls back."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from reminder.providers.contract import (
    Acknowledgement,
    BadSignature,
    Call,
    Callback,
    NotChecked,
    Suppressed,
    Told,
)


class NoCallbacks:
    """For providers without webhooks, look-up and lists of their own: every callback is refused."""

    acknowledgement: ClassVar[Acknowledgement] = Acknowledgement()

    async def verify(self, callback: Callback) -> None:
        """Refuse: nobody calls back on behalf of this provider."""
        raise BadSignature("this provider sends no callbacks")

    def parse(self, callback: Callback) -> list[Told]:
        """Nothing."""
        return []

    def bodies(self, call: Call) -> Sequence[bytes]:
        """Nothing that could be sent twice with the same key."""
        return ()

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """Never knows."""
        return ()

    async def suppressions(self) -> Sequence[Suppressed]:
        """No list."""
        return ()

    async def check(self) -> None:
        """Nothing that could be tried."""
        raise NotChecked("this provider has no way to try its settings without sending")
