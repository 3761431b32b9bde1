from collections.abc import Iterator

import pytest

from tests.sandbox.zoom_caller import NINE, ZoomCaller
from zoomguard.sandbox import Sandbox, SandboxClock


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxClock(NINE)) as running:
        yield running


@pytest.fixture
def zoom(sandbox: Sandbox) -> Iterator[ZoomCaller]:
    yield ZoomCaller(sandbox)
    sandbox.faults.clear()
