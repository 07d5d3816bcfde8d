"""The forms of an address: the one we send to, and the normal form by which a person is found again.

The normal form is hashed (reminder/store/vault.py) and compared; it is never sent to. `NORMAL_FORM` names the rules
below. A change of rules is a new number and a migration, since hashes of erased people cannot be made again.

Version 1:
- email: Unicode NFC, all of it in lower case, the domain as IDNA A-labels. The standard lets a mail server tell
  Foo@ from foo@; hardly any does, and people type both. So both are one person, and the typed form is what we send to.
  Dots and "+tags" stay: what they mean differs from server to server.
- phone: E.164, "+" and digits.
"""

import re
import unicodedata
from dataclasses import dataclass, field

NORMAL_FORM = 1
LONGEST_ADDRESS = 254
_PLAIN = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII
)


def is_address(value: str) -> bool:
    """Whether `value` may stand in a mail's header as it is: a plain ASCII address, without name or brackets."""
    return len(value) <= LONGEST_ADDRESS and _PLAIN.fullmatch(value) is not None


def normal_email(address: str) -> str:
    """The form of `address` that is hashed.

    The domain must already be ASCII (IDNA A-labels), as `EmailAddress` and the answers of mail servers have it.
    """
    if address.isascii():
        return address.strip().lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address.strip()).lower())


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address whose form was checked. `local` is as typed (NFC), `domain` is ASCII in lower case."""

    local: str = field(repr=False)
    domain: str = field(repr=False)

    @property
    def text(self) -> str:
        """What a message is addressed to."""
        return f"{self.local}@{self.domain}"

    @property
    def normal(self) -> str:
        """What is hashed and compared."""
        return normal_email(self.text)


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number in E.164 form. `country` is the one whose zones must be awake (ISO 3166 alpha-2, "XK" included)."""

    text: str = field(repr=False)
    country: str

    @property
    def normal(self) -> str:
        """What is hashed and compared."""
        return self.text
