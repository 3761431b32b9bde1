"""Which time it is for a command: this machine's, or in a sandbox the sandbox's."""

from __future__ import annotations

from datetime import datetime

from zoomguard.cli import server
from zoomguard.domain.times import day_in
from zoomguard.settings import of_process


def now() -> datetime:
    """Aware UTC. OutsideFailed where a sandbox's clock does not answer."""
    from zoomguard.adapters.clock import SystemClock, UrlClock

    url = server.sandbox_beside(of_process()).get("clock_url")
    return (UrlClock(url) if url else SystemClock()).now()


def today(zone_name: str) -> str:
    """The local date, as 2026-12-01."""
    return day_in(now(), zone_name).isoformat()
