"""Email into a folder, one `.eml` file a message. The files hold addresses in the clear: see `providers.folder`."""

from typing import ClassVar

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel
from reminder.providers.contract import Call, Capabilities
from reminder.providers.folder import Folder


class EmailFolder(Folder):
    """Writes the whole message, as it would go on the wire."""

    name: ClassVar[str] = "email-folder"
    channel: ClassVar[Channel] = Channel.EMAIL
    suffix: ClassVar[str] = ".eml"
    capabilities: Capabilities = Capabilities(batch_size=500, look_up=True, keeps_message_id=True, real=False)

    async def send(self, call: Call) -> list[Receipt]:
        """Write each message; taken once its line is in the log."""
        mime = call.content.mime

        def build(recipient: Recipient) -> bytes:
            if mime is None:
                raise ValueError("no mail text")
            return mime.fill(recipient.values).encode()

        return await self.write(call, build)
