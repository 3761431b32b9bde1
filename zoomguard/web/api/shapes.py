"""What the routes of the API share: the base of input models, names in paths, the schema's name."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, StringConstraints

PREFIX = "/api/v1"
SCHEMA = "zoomguard/1"
# Limits that only keep nonsense out: what is allowed is said by the application, with codes of its own.
Text = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
Name = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class Ask(BaseModel):
    """An input model: unknown fields and other types are refused, and errors never repeat what was sent."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
