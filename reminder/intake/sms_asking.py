"""May a text ask this number to confirm? Looked at and written down in the transaction that would queue it."""

from datetime import datetime

from reminder.domain.addresses import PhoneNumber
from reminder.domain.sms_asking import Answer, Asking, answer, range_of
from reminder.domain.states import Channel, MessageKind
from reminder.store.people.addresses import Connection
from reminder.store.queueing import queue_to_organisers
from reminder.store.sms_asking import asked_so_far, keep_asking
from reminder.store.vault import Vault


def may_ask(connection: Connection, vault: Vault, number: PhoneNumber, asking: Asking, now: datetime) -> Answer:
    """Whether a text may ask this number, written down. The organisers are told once on a day that is full."""
    address = vault.address_hash(Channel.SMS, number.normal)
    of_range = vault.address_hash(Channel.SMS, f"range {range_of(number.normal)}")
    said = answer(asking, number.country, asked_so_far(connection, address, of_range, now))
    keep_asking(connection, address, of_range, said, now)
    if said is Answer.DAY_FULL:
        payload = {
            "subject": "Reminder: no more texts that confirm numbers today",
            "reason": f"{asking.per_day:,} people were asked by a text today to confirm their number, as many as a day may have",
            "remedy": "If they are real people, raise SMS_CONFIRMATIONS_PER_DAY; if many numbers begin alike, somebody may"
            " be making us pay for texts (`reminder status` counts them).",
        }
        queue_to_organisers(connection, MessageKind.ALERT, payload, f"sms-confirmations:{now.date()}", now)
    return said
