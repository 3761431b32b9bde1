"""POST /webhooks/zoom: a plain ASGI route. The order of the checks is part of its safety.

Method, size, time, then the signature over the raw bytes; only what is signed is parsed and kept (intake.py).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from zoomguard.application.watch import Watch
from zoomguard.domain.errors import BadInput
from zoomguard.web import bodies
from zoomguard.web.bodies import BodyRefused
from zoomguard.web.intake import Arrival, Intake

BODY_WITHIN_S = 2.0
SIGNATURE, TIMESTAMP = b"x-zm-signature", b"x-zm-request-timestamp"
# A challenge is short, and the only thing that may come without a signature.
CHALLENGE_BYTES, CHALLENGE_MARK = 4096, b"endpoint.url_validation"
UNSIGNED_A_MINUTE = 10
AGAIN_AFTER_S = 5


class Webhooks:
    """The route. Answers have no body, but for the one to a challenge."""

    template = "/webhooks/zoom"

    def __init__(self, watch: Watch, intake: Intake) -> None:
        self.watch, self.intake = watch, intake
        self._unsigned_s: deque[float] = deque(maxlen=UNSIGNED_A_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one delivery."""
        response = await self._answer(scope, receive)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        try:
            body = await bodies.read(scope, receive, BODY_WITHIN_S)
        except BodyRefused as refused:
            return Response(status_code=refused.status, headers={"Connection": "close"})
        timestamp, signature = _only(scope, TIMESTAMP), _only(scope, SIGNATURE)
        signed = self.watch.is_signed(timestamp or b"", body, signature or b"")
        # Zoom does not say whether it signs challenges: a signature that is there must be right.
        if signed or (signature is None and timestamp is None):
            said = self._challenge(body)
            if said is not None:
                return self._prove(said, timestamp or b"", body, signature or b"")
        if not signed:
            self.intake.counts["unsigned"] += 1
            return Response(status_code=401)
        return _plain(await self.intake.take(Arrival(timestamp or b"", body)))

    def _challenge(self, body: bytes) -> dict[str, Any] | None:
        if len(body) > CHALLENGE_BYTES or CHALLENGE_MARK not in body:
            return None
        try:
            said = self.watch.parse(body)
        except BadInput:
            return None
        return said if self.watch.is_challenge(said) else None

    def _prove(self, said: dict[str, Any], timestamp: bytes, body: bytes, signature: bytes) -> Response:
        if not signature and not self._may_answer_unsigned():
            return Response(status_code=429, headers={"Retry-After": "60"})
        found = self.watch.challenge(said, timestamp, body, signature)
        self.intake.counts["challenges" if found else "malformed"] += 1
        return JSONResponse(found) if found else Response(status_code=400)

    def _may_answer_unsigned(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if len(self._unsigned_s) == UNSIGNED_A_MINUTE and now_s - self._unsigned_s[0] < 60:
            return False
        self._unsigned_s.append(now_s)
        return True


def _only(scope: Scope, name: bytes) -> bytes | None:
    """The one header of that name; None where there is none. Two count as a wrong one."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0] if len(found) == 1 else (b"" if found else None)


def _plain(status: int) -> Response:
    headers = {"Retry-After": str(AGAIN_AFTER_S)} if status == 503 else {}
    return Response(status_code=status, headers=headers)
