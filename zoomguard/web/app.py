"""The web application: routes and middleware put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp

from zoomguard.application import Application
from zoomguard.web import bulkheads, health
from zoomguard.web.api import (
    access,
    batches,
    consents,
    incidents,
    messages,
    observers,
    people,
    policy,
    recordings,
    sessions,
)
from zoomguard.web.bodies import BodyLimit
from zoomguard.web.bulkheads import Bulkheads
from zoomguard.web.doors import children
from zoomguard.web.doors.wrong_tokens import WrongTokens
from zoomguard.web.errors import answer_errors_of
from zoomguard.web.headers import SecurityHeaders
from zoomguard.web.health import Ready
from zoomguard.web.intake import Intake
from zoomguard.web.pages import (
    assets,
    batch,
    day_sheet,
    emergency,
    my_day,
    observer_answer,
    permissions,
    schedule,
    session,
    sign_in,
)
from zoomguard.web.pages import incidents as incidents_page
from zoomguard.web.pages import messages as messages_page
from zoomguard.web.pages import people as people_page
from zoomguard.web.request_log import RequestLog
from zoomguard.web.sandbox import Controls, SandboxControls
from zoomguard.web.webhooks import Webhooks

API = (
    sessions.router,
    batches.router,
    observers.router,
    messages.router,
    recordings.router,
    incidents.router,
    people.router,
    consents.router,
    policy.router,
    access.router,
)
PAGES = (
    my_day.router,
    schedule.router,
    session.router,
    day_sheet.router,
    permissions.router,
    messages_page.router,
    incidents_page.router,
    people_page.router,
    batch.router,
    sign_in.router,
)
OPEN_PAGES = (children.router, observer_answer.router, emergency.router, assets.router)


def make_web(
    application: Application, *, ready: Ready, sandbox: Controls | None = None, public_url: str = ""
) -> ASGIApp:
    """The ASGI application. `ready` gives one word for each check of /readyz, "ok" where it passes; `sandbox`
    answers /sandbox/... where there is one."""
    app = FastAPI(
        title="zoomguard",
        version="1",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.application, app.state.public_url = application, public_url
    app.state.wrong_tokens = WrongTokens()
    answer_errors_of(app)
    for router in (*API, *PAGES, *OPEN_PAGES, health.router(ready)):
        app.include_router(router)
    app.state.intake = Intake(application.watch)
    app.router.routes.append(Route(Webhooks.template, Webhooks(application.watch, app.state.intake)))
    if sandbox is not None:
        app.router.routes.append(Route(SandboxControls.template, SandboxControls(sandbox)))
    # The last one added is the outer one.
    app.add_middleware(Bulkheads)
    app.add_middleware(BodyLimit, without=("/webhooks/", "/sandbox/"))
    # Around the whole app, so that the answer to a defect has its headers and its line too.
    return RequestLog(SecurityHeaders(app, public_url))


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.media_threads = bulkheads.media_threads()
    async with app.state.intake.running():
        yield
