"""Pages of the staff: where they may go, and how what they typed is read."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi import Request
from starlette.datastructures import FormData, QueryParams
from starlette.responses import Response

from zoomguard.application import access
from zoomguard.domain.errors import BadInput, NotThere
from zoomguard.web.pages.rendering import render
from zoomguard.web.pages.visitor import Visitor

# Address, name, and what somebody must be allowed to do who is led there; twice where either of two will do.
PLACES = (
    ("/", "My day", "sessions.see_own"),
    ("/schedule", "Schedule", "sessions.schedule"),
    ("/day", "Day sheet", "sessions.day_sheet"),
    ("/permissions", "Permissions", "consents.see"),
    ("/messages", "Messages", "messages.see"),
    ("/incidents", "Incidents", "incidents.see"),
    ("/people", "People", "people.check"),
    ("/people", "People", "people.see"),
)
MOST = 2000
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
SEE = ["GET", "HEAD"]


def page(
    request: Request,
    visitor: Visitor,
    template: str,
    status: int = 200,
    *,
    headers: Mapping[str, str] | None = None,
    **facts: object,
) -> Response:
    """A page for somebody who is signed in."""
    places = list(dict.fromkeys((address, name) for address, name, act in PLACES if access.may(visitor.who, act)))
    return render(request, template, status, headers=headers, visitor=visitor, places=places, **facts)


def named(name: str) -> str:
    """An id out of an address; what cannot be one is not there."""
    if NAME.fullmatch(name) is None:
        raise NotThere("There is nothing at this address.")
    return name


def said(fields: FormData | QueryParams, name: str) -> str:
    """One field as text; "" where it is absent. BadInput for what no form of ours sends."""
    value = fields.get(name, "")
    text = value.strip() if isinstance(value, str) else ""
    if len(text) > MOST or "\x00" in text:
        raise BadInput("Something that was typed cannot be taken.", "Type less, and letters alone.", code="BAD_FIELD")
    return text


def listed(fields: FormData | QueryParams, name: str) -> tuple[str, ...]:
    """References with blanks or commas between, from one field or several of that name, each once."""
    values = (value for value in fields.getlist(name) if isinstance(value, str))
    return tuple(dict.fromkeys(" ".join(values).replace(",", " ").replace("\x00", " ").split()))[:1000]


def number(text: str, what: str) -> int:
    """A whole number, 0 where nothing was typed; BadInput for anything else."""
    if text and (not text.isdecimal() or len(text) > 6):
        raise BadInput(f"{what} is not a whole number.", "Give a number such as 50.", code="BAD_NUMBER")
    return int(text or "0")
