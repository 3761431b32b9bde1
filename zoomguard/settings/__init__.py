"""Every setting, read once, frozen. Read by cli and bootstrap only; adapters get plain values."""

from zoomguard.settings.listing import NAMES, SETTINGS, Setting
from zoomguard.settings.reading import as_process, home_of, load, of_process
from zoomguard.settings.sandbox_file import ADDRESSES, note_service, running_sandbox
from zoomguard.settings.values import PREFIX, PRODUCTION, SANDBOX, Settings

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
