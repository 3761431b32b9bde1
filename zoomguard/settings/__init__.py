"""Every setting, read once, frozen. Read by cli and bootstrap only; adapters get plain values."""

from zoomguard.settings.listing import NAMES, SETTINGS, Setting
from zoomguard.settings.reading import PREFIX, PRODUCTION, SANDBOX, Settings, as_process, home_of, load, of_process
from zoomguard.settings.sandbox_file import ADDRESSES, note_service, running_sandbox

__all__ = [
    "ADDRESSES",
    "NAMES",
    "PREFIX",
    "PRODUCTION",
    "SANDBOX",
    "SETTINGS",
    "Setting",
    "Settings",
    "as_process",
    "home_of",
    "load",
    "note_service",
    "of_process",
    "running_sandbox",
]
