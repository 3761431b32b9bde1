"""Errors as HTTP tells them: one table of statuses, one shape, nothing of what was asked given back.

Programs get JSON, people at pages get a page (pages/errors.py).
"""

from __future__ import annotations

from email.utils import format_datetime

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from zoomguard.domain import errors
from zoomguard.domain.errors import IntegrityFailed, NotSignedIn, Refused, Throttled, ZoomguardError
from zoomguard.domain.sessions import ScheduleAnswer, SessionView
from zoomguard.web.pages import errors as error_pages

# The nearest class counts: each class of the tree stands here or below one that does.
STATUS: dict[type[ZoomguardError], int] = {
    errors.BadInput: 422,
    errors.SettingsWrong: 500,
    errors.Refused: 422,
    errors.Conflict: 409,
    errors.NotAllowed: 403,
    errors.NotSignedIn: 401,
    errors.NotThere: 404,
    errors.OutsideFailed: 502,
    errors.Throttled: 503,
    errors.Busy: 503,
    errors.IntegrityFailed: 500,
    errors.Fault: 500,
}
BUSY_AGAIN_S, THROTTLED_AGAIN_S = 5, 60
# Codes for what the framework refuses before any code of ours is asked.
PLAIN = {
    400: ("MALFORMED", "The request cannot be read.", "Send JSON in UTF-8."),
    404: ("NOT_THERE", "There is nothing at this address.", "See /api/v1/openapi.json"),
    405: ("METHOD_NOT_ALLOWED", "This address does not answer to that method.", "See /api/v1/openapi.json"),
    408: ("TOO_SLOW", "The request did not arrive in time.", "Send it again."),
    413: ("TOO_LARGE", "The request is too large.", "Send at most 1 MiB."),
}
FAULT = ("FAULT", "Something went wrong inside zoomguard.", "Tell whoever runs the service; its log says where.")
# What stands here is asked by programs alone.
MACHINES = ("/api/", "/sandbox/", "/webhooks/", "/static/", "/healthz", "/readyz")
# pydantic's types of error in our own words: its messages can repeat what was sent.
WRONG = {"missing": "is missing", "extra_forbidden": "an unknown field was sent"}


def status_of(error: ZoomguardError) -> int:
    """The HTTP status of an error of ours."""
    return next((STATUS[c] for c in type(error).__mro__ if c in STATUS), 500)


def plain(status: int, code: str, message: str, remedy: str) -> JSONResponse:
    """An error as JSON."""
    return JSONResponse({"error": {"code": code, "message": message, "remedy": remedy}}, status)


def answer(error: ZoomguardError) -> JSONResponse:
    """The answer to an error of ours; a refusal by rules has the shape of a schedule's answer."""
    status = status_of(error)
    if isinstance(error, Refused):
        session = error.session if isinstance(error.session, SessionView) else None
        refused = ScheduleAnswer("refused", session, error.findings, error.zoom_writes)
        return JSONResponse(refused.as_json(), status)
    if status == 500 and not isinstance(error, IntegrityFailed):
        return plain(500, *FAULT)
    response = plain(status, error.code, error.message, error.remedy)
    if status == 503:
        response.headers["Retry-After"] = _retry_after(error)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def refusal(status: int) -> JSONResponse:
    """The answer to what never came as far as the application."""
    return plain(status, *PLAIN.get(status, PLAIN[400]))


def wants_page(scope: Scope) -> bool:
    """Whether an error is to be told as a page: for a page's route, or to a browser that asks for what is not there."""
    if scope["path"].startswith(MACHINES):
        return False
    return "route" in scope or "text/html" in Headers(scope=scope).get("accept", "")


def turned_away(scope: Scope, error: ZoomguardError | HTTPException) -> Response:
    """The answer of a middleware to what it does not let through, for programs and people."""
    said = answer(error) if isinstance(error, ZoomguardError) else refusal(error.status_code)
    return _told(Request(scope), error, said)


def answer_errors_of(app: FastAPI) -> None:
    """Has an app answer every error in this manner."""
    for kind in (ZoomguardError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _any)


def _retry_after(error: ZoomguardError) -> str:
    if isinstance(error, Throttled):
        return format_datetime(error.retry_at, usegmt=True) if error.retry_at else str(THROTTLED_AGAIN_S)
    return str(BUSY_AGAIN_S)


async def _any(request: Request, error: Exception) -> Response:
    return _told(request, error, _as_json(error))


def _as_json(error: Exception) -> JSONResponse:
    if isinstance(error, ZoomguardError):
        return answer(error)
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    return refusal(error.status_code) if isinstance(error, HTTPException) else plain(500, *FAULT)


def _told(request: Request, error: Exception, said: JSONResponse) -> Response:
    """What was said as JSON, or the same as a page."""
    if not wants_page(request.scope):
        return said
    if isinstance(error, NotSignedIn):
        return error_pages.to_sign_in(request)
    again = {k: v for k, v in said.headers.items() if k == "retry-after"}
    return error_pages.page(request, said.status_code, _code(error, said.status_code), again)


def _code(error: Exception, status: int) -> str:
    if isinstance(error, ZoomguardError) and (status != 500 or isinstance(error, IntegrityFailed)):
        return error.code
    if isinstance(error, HTTPException) and error.detail in error_pages.BY_CODE:
        return error.detail
    return PLAIN[status][0] if status in PLAIN else FAULT[0]


def _invalid(error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if any(e["type"] == "json_invalid" for e in found):
        return refusal(400)
    lines = sorted({_line(e["type"], e["loc"]) for e in found})
    return plain(422, "BAD_INPUT", f"{'; '.join(lines[:10])}.", "See /api/v1/openapi.json")


def _line(kind: str, where: tuple[int | str, ...]) -> str:
    """One wrong field by its name; the name of an unknown field is the sender's own text and is left out."""
    if kind == "extra_forbidden":
        return WRONG[kind]
    named = [str(part) for part in where[1:]] or ["body"]
    return f"{'.'.join(named)} {WRONG.get(kind, 'is not as it should be')}"
