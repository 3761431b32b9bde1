"""The only place where ports meet adapters: from settings to a running application."""

from zoomguard.bootstrap.building import VERSION, House, load_settings, open_application, open_house, prepare_bucket
from zoomguard.bootstrap.first_setup import initialise
from zoomguard.bootstrap.operating import in_sandbox, migrate, with_public_url

__all__ = [
    "VERSION",
    "House",
    "in_sandbox",
    "initialise",
    "load_settings",
    "migrate",
    "open_application",
    "open_house",
    "prepare_bucket",
    "with_public_url",
]
