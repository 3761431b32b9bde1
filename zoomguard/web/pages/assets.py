"""Static files out of the package, each at an address that holds its digest, so that browsers may keep it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePath

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

router = APIRouter(include_in_schema=False)
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file: its bytes, media type and the first 12 hex digits of its SHA-256."""

    content: bytes
    kind: str
    digest: str


@cache
def assets() -> Mapping[str, Asset]:
    """All static files by name; nothing else can be asked for."""
    found = {}
    for file in (files("zoomguard.web") / "static").iterdir():
        kind = TYPES.get(PurePath(file.name).suffix)
        if kind is not None:
            content = file.read_bytes()
            found[file.name] = Asset(content, kind, hashlib.sha256(content).hexdigest()[:12])
    return found


def address(name: str) -> str:
    """Where a page finds a static file."""
    return f"/static/{assets()[name].digest}/{name}"


@router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
async def static(digest: str, name: str) -> Response:
    """The file. A page from before an upgrade gets today's, which it may not keep."""
    asset = assets().get(name)
    if asset is None:
        raise HTTPException(404)
    kept = FOR_EVER if digest == asset.digest else "no-store"
    return Response(asset.content, media_type=asset.kind, headers={"Cache-Control": kept})
