"""What operator commands share: the settings of this machine, and the application built from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoomguard.settings import Settings, of_process

if TYPE_CHECKING:
    from zoomguard.application import Application


def settings_here() -> Settings:
    """The settings, with what a running sandbox says of itself. SettingsWrong otherwise."""
    from zoomguard import bootstrap

    return bootstrap.load_settings(of_process())


@contextmanager
def operator() -> Iterator[Application]:
    """The application, built in this process. Raises SettingsWrong and whatever opening it raises."""
    from zoomguard import bootstrap

    with bootstrap.open_application(settings_here()) as application:
        yield application
