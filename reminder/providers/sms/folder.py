"""SMS into a folder, one `.txt` file a message. The files hold numbers in the clear: see `providers.folder`."""

from typing import ClassVar

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel
from reminder.providers.contract import Call, Capabilities
from reminder.providers.folder import Folder


class SmsFolder(Folder):
    """Writes "From:" and "To:", an empty line and the text."""

    name: ClassVar[str] = "sms-folder"
    channel: ClassVar[Channel] = Channel.SMS
    suffix: ClassVar[str] = ".txt"
    capabilities: Capabilities = Capabilities(batch_size=500, look_up=True, recipient_headers=False, real=False)

    async def send(self, call: Call) -> list[Receipt]:
        """Write each message; taken once its line is in the log."""
        content = call.content

        def build(recipient: Recipient) -> bytes:
            text = content.text.fill(recipient.values)
            return f"From: {content.sender}\nTo: {recipient.address}\n\n{text}\n".encode()

        return await self.write(call, build)
