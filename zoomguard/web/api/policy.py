"""The policy over HTTP: what is held, and by what."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from zoomguard.rules import catalogue
from zoomguard.web.api.shapes import PREFIX, SCHEMA, Name
from zoomguard.web.who import SignedIn

router = APIRouter(prefix=PREFIX, tags=["policy"])


@router.get("/policy")
def list_policy(who: SignedIn) -> JSONResponse:
    """The policy's clauses and the product's own rules."""
    return JSONResponse({"schema": SCHEMA, "rows": [asdict(row) for row in catalogue.rows()]})


@router.get("/policy/{rule}")
def explain(who: SignedIn, rule: Name) -> JSONResponse:
    """All there is to say about one of them."""
    return JSONResponse({"schema": SCHEMA, "rule": asdict(catalogue.explain(rule))})
