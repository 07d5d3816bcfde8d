"""The headers of every answer: nothing of others is loaded, no page is framed, no address is passed on.

Plain ASGI, so that it also stands around answers that no page made.
"""

from reminder.web.asgi import Application, Message, Receive, Scope, Send

# Only what we serve ourselves; no inline script and no inline style.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; object-src 'none'"
)
FRAMED_BY_NOBODY = "frame-ancestors 'none'"
FRAMED_BY_ANYBODY = "frame-ancestors *"
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), browsing-topics=()",
}
HSTS = "max-age=31536000; includeSubDomains"


class Safe:
    """Adds the headers. `embedded` are the paths that other sites may show in a frame."""

    def __init__(self, inner: Application, *, https: bool, embedded: tuple[str, ...] = ()) -> None:
        self._inner = inner
        self._https = https
        self._embedded = embedded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        added = self._headers(scope["path"])

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in added if each[0] not in there)]
            await send(message)

        await self._inner(scope, receive, with_headers)

    def _headers(self, path: str) -> list[tuple[bytes, bytes]]:
        framed = FRAMED_BY_ANYBODY if path.startswith(self._embedded) and self._embedded else FRAMED_BY_NOBODY
        headers = HEADERS | {"content-security-policy": f"{POLICY}; {framed}"}
        if framed is FRAMED_BY_NOBODY:
            headers["x-frame-options"] = "DENY"
        if self._https:
            headers["strict-transport-security"] = HSTS
        return [(name.encode(), value.encode()) for name, value in headers.items()]
