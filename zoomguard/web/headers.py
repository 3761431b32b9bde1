"""Headers that every answer carries unless it says otherwise itself."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STRICT_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
ALWAYS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": STRICT_CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
A_YEAR = "max-age=31536000"


class SecurityHeaders:
    """Middleware: adds what is missing; HSTS (RFC 6797) where the service is reached by https."""

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self.app = app
        secure = {"Strict-Transport-Security": A_YEAR} if public_url.startswith("https://") else {}
        self.always = {**ALWAYS, **secure}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and completes the answer's headers."""

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.always.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, completed if scope["type"] == "http" else send)
