"""Who is at a staff page, and whether a form that comes back is one of ours."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from zoomguard.domain.people import Who
from zoomguard.rules.terms import Contacts
from zoomguard.web.pages import words
from zoomguard.web.who import App

COOKIE = "zg"
# Details of HTTPException by which pages/errors.py finds its words.
NO_SIGN_IN, NOT_OUR_FORM = "NO_SIGN_IN", "NOT_OUR_FORM"


@dataclass(frozen=True)
class Visitor:
    """Somebody of the staff at a page; `csrf` goes into every form, `roles` are words."""

    who: Who
    name: str
    email: str
    roles: str
    csrf: str
    contacts: Contacts


def _visitor(request: Request, application: App) -> Visitor:
    """NotSignedIn leads to /sign-in; outside a sandbox there is no way in yet."""
    if application.environment != "sandbox":
        raise HTTPException(503, NO_SIGN_IN)
    token = request.cookies.get(COOKIE, "")
    visit = application.access.visit(token)
    roles = words.roles(role.value for role in visit.who.roles)
    contacts = application.installation.terms.contacts
    return Visitor(visit.who, visit.name, visit.email, roles, application.access.csrf(token), contacts)


async def _fields(request: Request) -> FormData:
    return await request.form()


Visiting = Annotated[Visitor, Depends(_visitor)]
Fields = Annotated[FormData, Depends(_fields)]


def _signed_fields(request: Request, visitor: Visiting, fields: Fields) -> FormData:
    check_form(request, fields, visitor.csrf)
    return fields


# The fields of a form that this visitor was shown by us. A page that changes anything takes these.
SignedFields = Annotated[FormData, Depends(_signed_fields)]


def check_form(request: Request, fields: FormData, csrf: str) -> None:
    """403 unless the form carries `csrf` and the browser, where it tells, says that it comes from our pages."""
    given = fields.get("csrf")
    ours = isinstance(given, str) and hmac.compare_digest(given.encode(), csrf.encode())
    if not ours or not _from_here(request):
        raise HTTPException(403, NOT_OUR_FORM)


def text(fields: FormData, name: str) -> str:
    """A field of a form as text; "" where it is absent or a file."""
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _from_here(request: Request) -> bool:
    """Sec-Fetch-Site and Origin; under our Referrer-Policy a browser tells the origin as "null"."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin", "null")
    known = {urlsplit(request.app.state.public_url).netloc, request.headers.get("host", "")} - {""}
    try:
        return origin == "null" or urlsplit(origin).netloc in known
    except ValueError:  # "http://[" is no address at all.
        return False
