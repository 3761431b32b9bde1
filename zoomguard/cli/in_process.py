"""What operator commands share: the settings of this machine, and the application built from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zoomguard.cli.server import sandbox_beside
from zoomguard.settings import Settings, load, of_process

if TYPE_CHECKING:
    from zoomguard.application import Application


def settings_here(*, beside: bool = True) -> Settings:
    """The settings, with what a running sandbox says of itself unless `beside` is off. SettingsWrong otherwise."""
    environ = of_process()
    return load(environ, sandbox_beside(environ) if beside else None)


@contextmanager
def operator() -> Iterator[Application]:
    """The application, built in this process. Raises SettingsWrong and whatever opening it raises."""
    settings = settings_here()
    from zoomguard import bootstrap

    with bootstrap.open_application(settings) as application:
        yield application
