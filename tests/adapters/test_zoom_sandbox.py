"""Our side of the wire against the sandbox's Zoom."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.zoom_caller import LESSON, NINE, TEACHER
from zoomguard.adapters.http import Http
from zoomguard.adapters.zoom_calls import ZoomCalls
from zoomguard.adapters.zoom_meetings import ZoomMeetings
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.application.ports import NewRegistrant
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed
from zoomguard.sandbox import Sandbox, SandboxClock

PEOPLE = tuple(NewRegistrant(f"p{n}@r.example", "Student", f"{n}") for n in range(3))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxClock(NINE)) as running:
        yield running


@pytest.fixture
def zoom(sandbox: Sandbox) -> Iterator[ZoomMeetings]:
    at = {name.removeprefix("ZOOMGUARD_ZOOM_").lower(): text for name, text in sandbox.settings().items()}
    http = Http(lambda: None)
    token = ZoomToken(
        http, at["oauth_url"].removesuffix("/oauth/token"), at["account_id"], at["client_id"], at["client_secret"],
        sandbox.clock,
    )  # fmt: skip
    yield ZoomMeetings(ZoomCalls(http, token, at["api_url"], sandbox.clock, lambda s: None))
    sandbox.faults.clear()


@pytest.fixture
def number(sandbox: Sandbox, zoom: ZoomMeetings) -> int:
    starts = (sandbox.clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return zoom.create(TEACHER, {**LESSON, "start_time": starts})


def host(sandbox: Sandbox, number: int, act: str) -> Any:
    body = f'{{"meeting": {number}, "act": "{act}"}}'.encode()
    key = {"Authorization": f"Bearer {sandbox.controls.key}"}
    return sandbox.controls.answer("POST", "/sandbox/host", {}, key, body)


def test_a_running_meeting_is_ended_and_one_that_does_not_run_is_done(
    sandbox: Sandbox, zoom: ZoomMeetings, number: int
) -> None:
    zoom.end(number)
    assert host(sandbox, number, "start")[1]["status"] == "started"
    zoom.end(number)
    assert host(sandbox, number, "end")[0] == 400  # it runs no longer
    zoom.delete(number)
    zoom.end(number)


def test_cancelled_registrants_are_approved_no_longer(zoom: ZoomMeetings, number: int) -> None:
    zoom.register(number, PEOPLE)
    first, *others = zoom.registrants(number, "approved")
    zoom.cancel_registrants(number, tuple(others))
    assert zoom.registrants(number, "approved") == (first,)


def test_the_host_link_is_another_each_time(zoom: ZoomMeetings, number: int) -> None:
    one, other = zoom.start_url(number), zoom.start_url(number)
    assert one != other
    assert f"/s/{number}?zak=" in one


@pytest.mark.parametrize("packed", [False, True])
def test_fault_18_an_answer_without_end_is_cut(sandbox: Sandbox, zoom: ZoomMeetings, number: int, packed: bool) -> None:
    sandbox.faults.switch("huge_json", gzip=packed)
    with pytest.raises(OutsideFailed) as failed:
        zoom.read(number)
    assert failed.value.code == "ANSWER_TOO_LARGE"


@pytest.mark.parametrize("fault", ["create_500", "create_500_stored", "create_slow", "html_200"])
def test_faults_01_to_04_and_17_a_create_that_is_not_confirmed_is_unknown(
    sandbox: Sandbox, zoom: ZoomMeetings, fault: str
) -> None:
    sandbox.faults.switch(fault, times=1)
    with pytest.raises(OutcomeUnknown):
        zoom.create(TEACHER, dict(LESSON))


def test_fault_15_a_revoked_token_is_renewed_unseen(sandbox: Sandbox, zoom: ZoomMeetings, number: int) -> None:
    sandbox.faults.switch("token_revoked")
    assert zoom.read(number) is not None
    assert [one["status"] for one in sandbox.calls()[-3:]] == [401, 200, 200]


def test_fault_09_a_field_that_is_not_told_is_not_known(sandbox: Sandbox, zoom: ZoomMeetings, number: int) -> None:
    assert zoom.read(number).values["settings.waiting_room"] is True  # type: ignore[union-attr]
    sandbox.faults.switch("field_absent", on="settings.waiting_room")
    assert "settings.waiting_room" not in zoom.read(number).values  # type: ignore[union-attr]
