"""Vonage's Messages API in each of its moods."""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

HOOK = "https://reminder.example.org/hooks/vonage-messages"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
LEAST = {"application_id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "private_key": PEM}
SIGNATURE_SECRET = f"{SECRET}-to-sign-callbacks-with"
MESSAGE = "aaaaaaaa-bbbb-cccc-dddd-0123456789ac"
TAKEN = json_reply({"message_uuid": MESSAGE}, 202)


def options(url: str) -> dict[str, str]:
    return {**LEAST, "url": url, "hook_url": HOOK, "signature_secret": SIGNATURE_SECRET}


def problem(status: int, title: str, *, number: str = "1000", detail: str = "", **more: object) -> Reply:
    """A refusal in the form of RFC 7807."""
    kind = f"https://developer.nexmo.com/api-errors/messages-olympus#{number}"
    return json_reply({"type": kind, "title": title, "detail": detail, "instance": "bf0c", **more}, status)


def wire_id_of(request: Request) -> str:
    found: str = request.json["client_ref"]
    return found


SITUATIONS = situations(
    "vonage-messages",
    options,
    wire_id_of,
    {
        Situation.GOOD: TAKEN,
        Situation.NOBODY_THERE: lambda request: problem(
            422, "Invalid recipient", detail=f"The `to` parameter {request.json['to']} is invalid."
        ),
        Situation.DISLIKED: problem(422, "Invalid message parameters"),
        Situation.BUSY: problem(429, "Rate Limit Hit"),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: lambda request: problem(401, f"You did not provide: {request.headers['authorization']}"),
        Situation.NO_ANSWER: Reply(drops=True),
    },
)
