"""HOME/sandbox.json: where a running sandbox is, for every other process of this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

ADDRESSES = "sandbox.json"


def running_sandbox(home: Path) -> Mapping[str, str]:
    """What a running sandbox says of itself; empty where there is none, or its process is gone."""
    try:
        said = json.loads((home / ADDRESSES).read_text())
        os.kill(int(said["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {str(name): str(value) for name, value in said.items()}


def note_service(home: Path, url: str) -> None:
    """Adds where the service listens, so that staff commands on this machine find it."""
    path = home / ADDRESSES
    said = json.loads(path.read_text())
    draft = path.with_name(f"{ADDRESSES}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({**said, "service_url": url}, file, indent=2)
    draft.replace(path)
