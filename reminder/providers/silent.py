"""What a provider does that never calls back."""

from datetime import datetime

from reminder.domain.states import Result
from reminder.providers.contract import BadSignature, Callback, ProviderEvent


class NoCallbacks:
    """For providers without webhooks and look-up: every callback is refused."""

    def verify(self, callback: Callback) -> None:
        """Refuse: nobody calls back on behalf of this provider."""
        raise BadSignature("this provider sends no callbacks")

    def parse(self, callback: Callback) -> list[ProviderEvent]:
        """No events."""
        return []

    async def look_up(self, wire_id: str, *, sent_at: datetime) -> Result | None:
        """Never knows."""
        return None
