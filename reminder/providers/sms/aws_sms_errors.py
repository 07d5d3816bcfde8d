"""What AWS End User Messaging SMS means by its errors.

Source: botocore's service model of pinpoint-sms-voice-v2 (exceptions of SendTextMessage and their reasons).
"""

from reminder.domain.states import Fault, Verdict
from reminder.providers.aws import COMMON, error_of, said
from reminder.providers.email.reading import list_at, text_at
from reminder.providers.http import (
    BAD_ADDRESS,
    BAD_CONTENT,
    OPTED_OUT,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    Meaning,
    meaning_of_status,
)

# This message alone waits: the number cannot be served now, or by none of our senders.
_THIS_ONE = Meaning(Verdict.RETRY, Fault.MAILBOX)
ERRORS: dict[str, Meaning] = COMMON | {
    "ResourceNotFoundException": OUR_ACCOUNT,
    "ServiceQuotaExceededException": OUR_ACCOUNT,
    "ConflictException": OUR_ACCOUNT,
    "ValidationException": BAD_CONTENT,
}
# By exception and Reason; what is not here means what its exception means. Where our sender cannot reach a country,
# neither the number nor the account is at fault: that message alone is refused.
REASONS: dict[tuple[str, str], Meaning] = {
    ("ServiceQuotaExceededException", "DAILY_DESTINATION_CALL_LIMIT"): _THIS_ONE,
    ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT"): OPTED_OUT,
    ("ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION"): BAD_CONTENT,
    ("ConflictException", "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"): BAD_CONTENT,
    # Said of a country, and of an account without any number: nobody's message is burnt for it.
    ("ConflictException", "NO_ORIGINATION_IDENTITIES_FOUND"): _THIS_ONE,
    **dict.fromkeys(
        (
            ("ValidationException", reason)
            for reason in ("CHANNEL_NOT_ENABLED", "INVALID_ARN", "RESOURCE_NOT_ACCESSIBLE", "UNKNOWN_OPERATION")
        ),
        OUR_ACCOUNT,
    ),
}
# Fields of a ValidationException that speak of the number, and those that speak of how we are set up.
_NUMBER = frozenset({"DestinationPhoneNumber"})
_OURS = frozenset({"OriginationIdentity", "ConfigurationSetName", "MessageType", "MaxPrice", "ProtectConfigurationId"})


def meaning_of(answer: Answer) -> Meaning:
    """What an answer other than 200 means."""
    if 200 <= answer.status < 300:
        return UNCLEAR
    name, body = error_of(answer), said(answer)
    exact = REASONS.get((name, str(body.get("Reason"))))
    if exact is not None:
        return exact
    if name == "ValidationException":
        about = {text_at(field, "Name") for field in list_at(body, "Fields")}
        if about & _OURS:
            return OUR_ACCOUNT
        return BAD_ADDRESS if about & _NUMBER else BAD_CONTENT
    return ERRORS.get(name) or meaning_of_status(answer.status)
