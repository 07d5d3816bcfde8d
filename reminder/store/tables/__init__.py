"""The schema. Each unique index stands under the sentence it holds; no rule of the domain lives in a table class.

`_ct` is ciphertext (see vault.py). Times and days are numbers (see columns.py).
"""

from reminder.store.tables.campaigns import Campaign, Step, Wave
from reminder.store.tables.cases import CaseDocument, CaseFile, CaseKey
from reminder.store.tables.costs import SmsAsking, SmsBudget, SmsCost
from reminder.store.tables.events import (
    InboxRow,
    MailboxTurn,
    ProviderDay,
    RawEvent,
    RawState,
    ReplyDone,
    ReplyPart,
    SoftBounce,
)
from reminder.store.tables.ledger import (
    Attempt,
    Batch,
    ContentCampaign,
    ContentRow,
    Delivery,
    EventRow,
    Message,
    ProviderState,
    ReceiptRow,
    ReportRow,
)
from reminder.store.tables.office import Audit, Instance, Organiser
from reminder.store.tables.people import Consent, DoNotContact, Exclusion, Letter, Rhythm, Subscriber, Subscription

__all__ = [
    "Attempt",
    "Audit",
    "Batch",
    "Campaign",
    "CaseDocument",
    "CaseFile",
    "CaseKey",
    "Consent",
    "ContentCampaign",
    "ContentRow",
    "Delivery",
    "DoNotContact",
    "EventRow",
    "Exclusion",
    "InboxRow",
    "Instance",
    "Letter",
    "MailboxTurn",
    "Message",
    "Organiser",
    "ProviderDay",
    "ProviderState",
    "RawEvent",
    "RawState",
    "ReceiptRow",
    "ReplyDone",
    "ReplyPart",
    "ReportRow",
    "Rhythm",
    "SmsAsking",
    "SmsBudget",
    "SmsCost",
    "SoftBounce",
    "Step",
    "Subscriber",
    "Subscription",
    "Wave",
]
