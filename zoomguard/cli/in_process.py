"""What operator commands share: the settings of this machine, and the application built from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoomguard.domain.errors import SettingsWrong
from zoomguard.settings import PREFIX, Settings, of_process

if TYPE_CHECKING:
    from zoomguard.application import Application

AT_ZOOM, IN_S3 = ("ZOOM_API_URL", "ZOOM_OAUTH_URL"), ("S3_ENDPOINT_URL",)


def settings_here() -> Settings:
    """The settings, with what a running sandbox says of itself. SettingsWrong otherwise."""
    from zoomguard import bootstrap

    return bootstrap.load_settings(of_process())


@contextmanager
def operator(*reaches: str) -> Iterator[Application]:
    """The application, built in this process. `reaches` are names of settings with the addresses that the command goes
    to: in a sandbox they are known while it runs. Raises SettingsWrong and whatever opening it raises."""
    from zoomguard import bootstrap

    settings = settings_here()
    absent = [name for name in reaches if settings.sandbox and not getattr(settings, name.lower())]
    if absent:
        raise SettingsWrong(tuple(f"{PREFIX}{n}: not set; is `zoomguard serve --sandbox` running?" for n in absent))
    with bootstrap.open_application(settings) as application:
        yield application
