"""Whether the process lives (/healthz) and whether it can work (/readyz)."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from fastapi import APIRouter
from fastapi.responses import JSONResponse

READY_WITHIN_S = 5.0
Ready = Callable[[], dict[str, str]]


def router(ready: Ready) -> APIRouter:
    """Both addresses; neither says a version or an address."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> JSONResponse:
        """The process alone: an outage elsewhere must not restart every service at once."""
        return JSONResponse({"process": "ok"})

    @routes.get("/readyz")
    async def readyz() -> JSONResponse:
        """One word for each check; 503 unless each of them is ok."""
        found = await _asked(ready)
        return JSONResponse(found, 200 if all(word == "ok" for word in found.values()) else 503)

    return routes


async def _asked(ready: Ready) -> dict[str, str]:
    # A thread of its own: a full house at the API does not make the service unready.
    with anyio.move_on_after(READY_WITHIN_S):
        return await anyio.to_thread.run_sync(ready, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1))
    return {"checks": "slow"}
