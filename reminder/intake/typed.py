"""One address that somebody typed: read, refused where it is none, and sealed for the store."""

from reminder.domain.addresses import EmailAddress, PhoneNumber
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.intake.subscribers.addresses import read_email, read_phone
from reminder.store.people.addresses import Address
from reminder.store.people.entries import Sealed
from reminder.store.vault import Vault


def typed_email(text: str) -> EmailAddress:
    """The address that somebody typed; `Trouble` where mail cannot be sent to it."""
    email = read_email(text.strip())
    if email is None:
        raise Trouble("The email address", "is not one that mail can be sent to", "Look for a slip of the pen.")
    return email


def typed_phone(text: str, country: str) -> PhoneNumber:
    """The number that somebody typed; `country` reads one without "+". `Trouble` where it is none."""
    phone = read_phone(text.strip(), country or None)
    if isinstance(phone, str):
        raise Trouble("The phone number", "cannot be used in this form", "Begin it with + and the country's code.")
    return phone


def seal_email(vault: Vault, email: EmailAddress) -> Sealed:
    """As it is stored: encrypted, with the hash by which it is found."""
    address = Address(Channel.EMAIL, vault.address_hash(Channel.EMAIL, email.normal))
    return Sealed(address, vault.encrypt(email.text, b"email"))


def seal_phone(vault: Vault, phone: PhoneNumber) -> Sealed:
    """The same for a number, with its country."""
    address = Address(Channel.SMS, vault.address_hash(Channel.SMS, phone.normal))
    return Sealed(address, vault.encrypt(phone.text, b"phone"), phone.country)
