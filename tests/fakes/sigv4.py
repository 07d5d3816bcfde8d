"""Checks the signature of a request as Amazon does, by the description of Signature Version 4 and nothing else."""

import hashlib
import hmac
import re
from urllib.parse import urlsplit

from tests.fakes.http import Request

_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w{64})"
)


def signed_by(request: Request, secret: str) -> tuple[str, str, str, str] | None:
    """(date, region, service, signed headers) where the signature fits the secret, otherwise None."""
    found = _HEADER.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        return None
    _, day, region, service, names, signature = found.groups()
    parts = urlsplit(request.target)
    canonical = "\n".join(
        (
            request.method,
            parts.path,
            "&".join(sorted(parts.query.split("&"))),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names.split(";")),
            "",
            names,
            hashlib.sha256(request.body).hexdigest(),
        )
    )
    stamp = request.headers["x-amz-date"]
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for word in (day, region, service, "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    fits = hmac.digest(key, text.encode(), "sha256").hex() == signature
    return (stamp, region, service, names) if fits else None
