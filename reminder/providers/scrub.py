"""Take the people out of a provider's words before they are stored or shown."""

import re

LONGEST = 300
ADDRESS = re.compile(r"[^\s<>@\"'(),;\[\]]+@[^\s<>@\"'(),;\[\]]+")
QUOTED_LOCAL = re.compile(r'"[^"@]{1,64}"@[^\s<>"\'(),;\[\]]+')
PHONE = re.compile(r"\+?\d(?:[ .()/-]{0,2}\d){6,14}")
# Stands for the message while the rest is searched; no text holds one, control characters are blanks by then.
OURS = "\x00"
BLANKS = re.compile(r"[\s\x00-\x1f\x7f]+")


def scrub(text: str, *, address: str, message_id: int) -> str:
    """One line of a provider's text without anybody in it, at most 300 characters.

    `address` (email or phone number, as we gave it) becomes "message N", also where the provider left the domain
    out; every other address or number becomes "[address]" or "[number]".
    """
    text = BLANKS.sub(" ", text).strip()
    if address:
        text = re.sub(re.escape(address), OURS, text, flags=re.IGNORECASE)
        local = address.partition("@")[0].lstrip("+")
        # A local part of one or two letters is a word of any sentence; in an address the next line finds it.
        if len(local) > 2:
            text = re.sub(rf"(?<![\w@]){re.escape(local)}(?![\w@])", OURS, text, flags=re.IGNORECASE)
    text = QUOTED_LOCAL.sub("[address]", text)
    text = ADDRESS.sub("[address]", text)
    text = PHONE.sub("[number]", text)
    return text.replace(OURS, f"message {message_id}")[:LONGEST]
