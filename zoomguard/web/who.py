"""Who asks: the bearer of a token. Cookies are never looked at here."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from zoomguard.application import Application
from zoomguard.domain.errors import NotSignedIn
from zoomguard.domain.people import Who

TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,256}")
_bearer = HTTPBearer(auto_error=False, description="A token of `zoomguard login`.")


async def _application(request: Request) -> Application:
    found: Application = request.app.state.application
    return found


async def _token(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> str:
    """The one token sent; NotSignedIn where there is none, more than one, or something else."""
    sent = request.headers.getlist("authorization")
    if given is None or len(sent) != 1 or TOKEN.fullmatch(given.credentials) is None:
        raise NotSignedIn("You are not signed in.", "Run: zoomguard login")
    return given.credentials


App = Annotated[Application, Depends(_application)]
Token = Annotated[str, Depends(_token)]


def _who(application: App, token: Token) -> Who:
    return application.access.who(token)


SignedIn = Annotated[Who, Depends(_who)]
