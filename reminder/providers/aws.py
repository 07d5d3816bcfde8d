"""What the services of Amazon share: signed requests, and how they name an error.

Signature Version 4 comes from botocore, which would read the clock by itself when asked to sign: its steps are taken one
by one instead, with the instant that we are given. Sources: "Signing AWS API requests" and "Common errors" of the IAM and
SES references; botocore's service models for the names of each service's errors.
"""

import re
from collections.abc import Awaitable, Generator
from datetime import datetime
from typing import Any

import httpx

from reminder.errors import Trouble
from reminder.providers.http import LATER, OUR_ACCOUNT, Answer, Meaning, Unanswered
from reminder.providers.options import Option, Options

ACCESS = (
    Option("region", "Region of the service, such as eu-west-1.", required=True),
    Option("access_key", "Access key id of a user who may do no more than this.", required=True),
    Option("secret_key", "Secret access key that belongs to it.", required=True, secret=True),
    Option("session_token", "Session token, where the key is a temporary one.", secret=True),
)
# Errors that any service may answer, whatever their status is.
COMMON: dict[str, Meaning] = {
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "AuthFailure",
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidAction",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "OptInRequired",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnknownOperationException",
            "UnrecognizedClientException",
        ),
        OUR_ACCOUNT,
    ),
    **dict.fromkeys(
        ("RequestThrottled", "ServiceUnavailable", "Throttling", "ThrottlingException", "TooManyRequestsException"),
        LATER,
    ),
}
_SIGNED_HEADERS = ("content-type", "host", "x-amz-target")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}")


class Signer:
    """Signs requests to one service in one region. Nothing prints its secrets; `hide` takes them out of texts."""

    def __init__(self, service: str, options: Options) -> None:
        """Raises `BadSetting` for a region that is none. `options` are those of `ACCESS`."""
        # Only here: lists of settings import every provider, and botocore costs them 60 ms.
        from botocore.auth import SigV4Auth
        from botocore.credentials import Credentials

        self.region = options.text("region")
        if not _REGION.fullmatch(self.region):
            raise options.bad("region", "is no region")
        secret, token = options.text("secret_key"), options.text("session_token")
        self._secrets = [each for each in (secret, token) if each]
        self._token = token
        self._steps = SigV4Auth(Credentials(options.text("access_key"), secret, token or None), service, self.region)

    def at(self, now: datetime) -> httpx.Auth:
        """What signs a request of this instant, for httpx."""
        return _Signed(self, now)

    def sign(self, request: httpx.Request, now: datetime) -> None:
        """Add the date, the token and the signature. Signed are what the service needs and no proxy changes."""
        from botocore.awsrequest import AWSRequest

        stamp = now.strftime("%Y%m%dT%H%M%SZ")
        request.headers["X-Amz-Date"] = stamp
        if self._token:
            request.headers["X-Amz-Security-Token"] = self._token
        names = (*_SIGNED_HEADERS, "x-amz-date", "x-amz-security-token")
        signed = {name: request.headers[name] for name in names if name in request.headers}
        asked = AWSRequest(request.method, str(request.url), signed, request.content)
        asked.context["timestamp"] = stamp
        text = self._steps.string_to_sign(asked, self._steps.canonical_request(asked))
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._steps.scope(asked)}, "
            f"SignedHeaders={self._steps.signed_headers(self._steps.headers_to_sign(asked))}, "
            f"Signature={self._steps.signature(text, asked)}"
        )

    def endpoint(self, service: str, options: Options) -> str:
        """The address in the option `url`, or the region's own."""
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return options.url("url") or f"https://{service}.{self.region}.{suffix}"

    def hide(self, text: str) -> str:
        """A service's words without our secrets, should it repeat them."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


class _Signed(httpx.Auth):
    requires_request_body = True

    def __init__(self, signer: Signer, now: datetime) -> None:
        self._signer = signer
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self._signer.sign(request, self._now)
        yield request


def said(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer; empty where it is none."""
    found = answer.json()
    return found if isinstance(found, dict) else {}


def error_of(answer: Answer) -> str:
    """The name of an error, e.g. "ThrottlingException"; empty where the answer has none (a proxy's page)."""
    named = answer.headers.get("x-amzn-errortype") or said(answer).get("__type") or said(answer).get("code")
    # "namespace#Name" in bodies, "Name:http://…" in headers.
    found = re.fullmatch(r"(?:[^#]*#)?([A-Za-z]{3,80})(?::.*)?", named) if isinstance(named, str) else None
    return found[1] if found else ""


def words_of(answer: Answer) -> str:
    """What an error says in words, unscrubbed."""
    body = said(answer)
    words = body.get("message") or body.get("Message")
    if isinstance(words, str):
        return words
    return "" if isinstance(answer.json(), dict) else answer.text()


async def proved(setting: str, asked: Awaitable[Answer]) -> dict[str, Any]:
    """For `check`: what the service says of the account, or `Trouble` that names the setting with the key."""
    try:
        answer = await asked
    except Unanswered as error:
        reason = f"could not be tried: no answer ({error.code})"
        raise Trouble(setting, reason, "Check the network, the region and the URL.") from None
    # A wrong signature is a 403 at some services and a 400 at others.
    if answer.status in {401, 403} or COMMON.get(error_of(answer)) is OUR_ACCOUNT:
        reason = f"is refused by Amazon ({error_of(answer) or answer.status})"
        raise Trouble(setting, reason, "Check the key, its secret and rights, the region, and this machine's clock.")
    if answer.status != httpx.codes.OK or not isinstance(answer.json(), dict):
        raise Trouble(setting, f"could not be tried: Amazon answers {answer.status}", "Try again later.")
    return said(answer)
