"""/sandbox/...: handed on to the sandbox's own controls, from this machine only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from zoomguard.web import bodies
from zoomguard.web.bodies import BodyRefused
from zoomguard.web.errors import refusal

Document = dict[str, Any] | list[Any]
Controls = Callable[[str, str, Mapping[str, str], Mapping[str, str], bytes], tuple[int, Document]]
BODY_WITHIN_S = 5.0


class SandboxControls:
    """The route: `controls(method, path, query, headers, body)` gives status and JSON."""

    template = "/sandbox/{rest:path}"

    def __init__(self, controls: Controls) -> None:
        self.controls = controls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; 404 to other machines, as if there were no sandbox."""
        if not _is_local(scope):
            await refusal(404)(scope, receive, send)
            return
        await (await self._answer(scope, receive))(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        try:
            body = await bodies.read(scope, receive, BODY_WITHIN_S)
        except BodyRefused as refused:
            return refusal(refused.status)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        status, document = await anyio.to_thread.run_sync(
            self.controls, scope["method"], scope["path"], query, headers, body
        )
        return JSONResponse(document, status)


def _is_local(scope: Scope) -> bool:
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False
