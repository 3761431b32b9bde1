from collections.abc import Iterator

import pytest

from tests.sandbox.webhook_catcher import WebhookCatcher, until
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


@pytest.fixture
def catcher(sandbox: Sandbox) -> Iterator[WebhookCatcher]:
    receiver = WebhookCatcher()
    receiver.secret = sandbox.settings()["ZOOMGUARD_ZOOM_WEBHOOK_SECRET"]
    # What an earlier test made may still be on its way.
    assert sandbox._zoom.webhooks.settle(10)
    sandbox.deliver_webhooks_to(receiver.url)
    yield receiver
    sandbox.deliver_webhooks_to(None)
    receiver.stop()


@pytest.fixture
def number(zoom: ZoomCaller, catcher: WebhookCatcher) -> int:
    """A lesson tomorrow with two children; what was told of its making is forgotten."""
    meeting = int(zoom.create(topic=f"MATHS S-{len(zoom.sandbox.calls()):04}").json["id"])
    zoom.register(meeting, "ada", "minh")
    assert until(lambda: len(catcher.received) == 3)
    catcher.received.clear()
    return meeting
