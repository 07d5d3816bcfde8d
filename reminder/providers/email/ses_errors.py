"""What Amazon SES means by its errors.

Source: botocore's service model of sesv2 (exceptions of SendEmail and SendBulkEmail, BulkEmailStatus and the text beside
BulkEmailEntryResult, which spells some names otherwise). It says "not verified" of our sender and, in the sandbox, of
readers with the same error as of a bad text, and speaks of the daily quota in the words of throttling.
"""

import re

from reminder.domain.states import Fault, Verdict
from reminder.providers.aws import COMMON, error_of, words_of
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
    BAD_CONTENT,
    LATER,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    Meaning,
    meaning_of_status,
)

ERRORS: dict[str, Meaning] = COMMON | {
    "TooManyRequestsException": LATER,
    "LimitExceededException": OUR_ACCOUNT,
    "AccountSuspendedException": OUR_ACCOUNT,
    "SendingPausedException": OUR_ACCOUNT,
    "MailFromDomainNotVerifiedException": OUR_ACCOUNT,
    # The configuration set: nothing else of ours is kept there.
    "NotFoundException": OUR_ACCOUNT,
    "MessageRejected": BAD_CONTENT,
    "BadRequestException": BAD_CONTENT,
}
ENTRIES: dict[str, Meaning] = {
    "SUCCESS": ACCEPTED,
    "TRANSIENT_FAILURE": LATER,
    "FAILED": LATER,
    "ACCOUNT_THROTTLED": LATER,
    "MESSAGE_REJECTED": BAD_CONTENT,
    **dict.fromkeys(("INVALID_PARAMETER", "INVALID_PARAMETER_VALUE"), BAD_CONTENT),
    **dict.fromkeys(
        (
            "ACCOUNT_DAILY_QUOTA_EXCEEDED",
            "ACCOUNT_SENDING_PAUSED",
            "ACCOUNT_SUSPENDED",
            "CONFIGURATION_SET_DOES_NOT_EXIST",
            "CONFIGURATION_SET_NOT_FOUND",
            "CONFIGURATION_SET_SENDING_PAUSED",
            "INVALID_SENDING_POOL_NAME",
            "MAIL_FROM_DOMAIN_NOT_VERIFIED",
            "TEMPLATE_DOES_NOT_EXIST",
            "TEMPLATE_NOT_FOUND",
        ),
        OUR_ACCOUNT,
    ),
}
# In the words of SES: "Email address is not verified. The following identities failed the check in region …", "Daily
# message quota exceeded", "Configuration set <…> does not exist".
_OURS = re.compile(
    r"not verified|daily (?:message|sending) quota|configuration set|source arn|from address", re.IGNORECASE
)
# "Illegal address", "Missing final '@domain'", "Local address contains control or whitespace", "Domain contains illegal
# character", "Invalid domain name", "Domain starts with dot", "Missing '<'", "Address length is more than 320".
_ADDRESS = re.compile(
    r"illegal address|missing final|local address|domain (?:contains|starts|ends)|invalid (?:domain|email|recipient)"
    r"|address (?:length|is (?:too long|invalid|not valid))|destination.*(?:address|invalid)",
    re.IGNORECASE,
)


def by_words(meaning: Meaning, words: str) -> Meaning:
    """A meaning, made exact by what is said beside it."""
    if meaning.verdict in {Verdict.ACCEPTED, Verdict.AMBIGUOUS} or meaning.fault is Fault.ACCOUNT:
        return meaning
    if _OURS.search(words):
        return OUR_ACCOUNT
    return BAD_ADDRESS if meaning is BAD_CONTENT and _ADDRESS.search(words) else meaning


def meaning_of(answer: Answer) -> Meaning:
    """What an answer other than 200 means; a success of another kind was never promised."""
    if 200 <= answer.status < 300:
        return UNCLEAR
    known = ERRORS.get(error_of(answer))
    return by_words(known, words_of(answer)) if known is not None else meaning_of_status(answer.status)
