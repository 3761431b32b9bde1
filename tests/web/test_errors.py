"""Every error of ours has an HTTP status, and no answer repeats what was sent."""

import json
import logging
import pkgutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

import zoomguard
from tests.web.serving import Site, served
from zoomguard.application.watch import Watch
from zoomguard.domain import errors
from zoomguard.domain.errors import SettingsWrong, Throttled, ZoomguardError
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.people import Who
from zoomguard.web.errors import STATUS, answer, status_of
from zoomguard.web.log_lines import QuietFormatter

HOME_OF_THE_TREE = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, ZoomguardError)]


def below(kind: type[ZoomguardError]) -> Iterator[type[ZoomguardError]]:
    for found in kind.__subclasses__():
        yield found
        yield from below(found)


class Staff:
    """Signs in whoever says who they are, and fails as it is told."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def who(self, token: str) -> Who:
        return Who("01")

    def about(self, who: Who) -> dict[str, object]:
        if self.error is not None:
            raise self.error
        return {"email": "t.wren@northmoor.example"}


@pytest.fixture
def staff() -> Staff:
    return Staff()


@pytest.fixture
def small(staff: Staff, watch: Watch) -> Iterator[Site]:
    with served(SimpleNamespace(environment="production", access=staff, watch=watch)) as running:
        yield running


def test_every_error_of_the_whole_package_has_a_status_of_its_own_or_its_parents() -> None:
    for module in pkgutil.walk_packages(zoomguard.__path__, "zoomguard."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    kinds = set(below(ZoomguardError))
    assert kinds >= {errors.Throttled, errors.SettingsWrong, errors.NotThere}
    assert ZoomguardError not in STATUS
    without = [k.__name__ for k in kinds if not any(c in STATUS for c in k.__mro__)]
    assert without == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.BadInput, 422), (errors.UnknownReference, 422), (errors.Conflict, 409), (errors.NotAllowed, 403),
        (errors.NotSignedIn, 401), (errors.NotThere, 404), (errors.OutsideFailed, 502), (errors.OutcomeUnknown, 502),
        (errors.Busy, 503), (errors.IntegrityFailed, 500), (errors.Fault, 500),
    ],
)  # fmt: skip
def test_the_statuses_are_the_ones_that_clients_rely_on(
    small: Site, staff: Staff, kind: type[ZoomguardError], status: int
) -> None:
    staff.error = kind("What happened.", "What to do.")
    reply = small.ask("GET", "/api/v1/whoami", token="t")
    assert reply.status == status
    hidden = kind is errors.Fault
    assert reply.code == ("FAULT" if hidden else kind.code)
    assert (b"What happened." in reply.body) is not hidden
    assert ("Retry-After" in reply.headers) is (status == 503)
    assert ("WWW-Authenticate" in reply.headers) is (status == 401)


def test_whoever_is_throttled_is_told_when_to_come_back() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    reply = answer(Throttled("Zoom wants us to wait.", at))
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "Tue, 24 Nov 2026 00:00:00 GMT")
    assert answer(Throttled("Zoom wants us to wait.", None)).headers["Retry-After"] == "60"


def test_wrong_settings_are_not_shown_to_clients() -> None:
    reply = answer(SettingsWrong(("DATABASE_URL: geheim",)))
    assert reply.status_code == status_of(SettingsWrong(())) == 500
    assert b"geheim" not in reply.body


def test_a_refusal_has_the_shape_of_a_schedules_answer(small: Site, staff: Staff) -> None:
    found = Finding("VC-PASSCODE", Outcome.FAIL, "passcode", "Too short.", 10, 4, "Again.")
    staff.error = errors.Refused((found,), zoom_writes=2, session="not a view")
    reply = small.ask("GET", "/api/v1/whoami", token="t")
    assert reply.status == 422
    assert (reply.document["outcome"], reply.document["session"], reply.document["zoom_writes"]) == ("refused", None, 2)
    assert reply.document["findings"][0]["rule"] == "VC-PASSCODE"


def test_what_nobody_foresaw_is_a_fault_without_details_in_answer_and_log(
    small: Site, staff: Staff, caplog: pytest.LogCaptureFixture
) -> None:
    staff.error = RuntimeError("geheim-7")
    with caplog.at_level(logging.INFO):
        reply = small.ask("GET", "/api/v1/whoami?x=geheim-8", token="geheim-9")
        deadline_s = time.monotonic() + 5  # The answer leaves before the line is written.
        while not any(r.exc_info for r in caplog.records) and time.monotonic() < deadline_s:
            time.sleep(0.01)
    assert (reply.status, reply.code) == (500, "FAULT")
    assert reply.headers["Cache-Control"] == "no-store"
    lines = [QuietFormatter().format(r) for r in caplog.records if not r.name.startswith("urllib3")]
    assert any("RuntimeError at" in line and "test_errors.py" in line and "in about" in line for line in lines)
    assert "geheim" not in "\n".join(lines) + reply.body.decode()


@pytest.mark.parametrize("header", [None, "Basic geheim", "Bearer", "Bearer ", "Bearer a b", "Bearer é", "bearer"])
def test_without_a_token_nobody_is_let_in(small: Site, header: str | None) -> None:
    headers: Any = {} if header is None else {"Authorization": header.encode()}
    reply = small.ask("GET", "/api/v1/whoami", headers=headers)
    assert (reply.status, reply.code) == (401, "NOT_SIGNED_IN")


def test_cookies_are_not_looked_at(small: Site) -> None:
    assert small.ask("GET", "/api/v1/whoami", headers={"Cookie": "token=t; Authorization=Bearer t"}).status == 401


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b'{"email": "a",}', b"[" * 100_000, b'{"email": 1' + b"0" * 9999])
def test_malformed_json_is_400(small: Site, body: bytes) -> None:
    reply = small.ask("POST", "/api/v1/tokens", body, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.code) == (400, "MALFORMED")


@pytest.mark.parametrize(
    "body",
    [
        {"email": 5}, {"email": ["geheim"]}, {"email": "a", "geheim": "geheim"}, {"geheim": 1}, ["geheim"], "geheim",
        {"email": "geheim" * 200}, {"email": "geheim\0"}, {},
    ],
)  # fmt: skip
def test_a_wrong_shape_is_422_and_never_repeats_what_was_sent(small: Site, body: object) -> None:
    reply = small.ask("POST", "/api/v1/tokens", body)
    assert (reply.status, reply.code) == (422, "BAD_INPUT")
    assert b"geheim" not in reply.body


def test_tokens_are_not_given_away_outside_a_sandbox(small: Site) -> None:
    reply = small.ask("POST", "/api/v1/tokens", {"email": "t.wren@northmoor.example"})
    assert (reply.status, reply.code) == (404, "NOT_THERE")


def test_unknown_addresses_and_methods_answer_in_the_same_shape(small: Site) -> None:
    assert small.ask("GET", "/api/v1/nothing").code == "NOT_THERE"
    assert small.ask("GET", "/docs").status == small.ask("GET", "/redoc").status == 404
    assert small.ask("GET", "/sandbox/clock").status == 404
    reply = small.ask("DELETE", "/api/v1/whoami")
    assert (reply.status, reply.code) == (405, "METHOD_NOT_ALLOWED")


def test_the_description_lists_the_api_and_nothing_else(small: Site) -> None:
    paths = set(json.loads(small.ask("GET", "/api/v1/openapi.json").body)["paths"])
    assert {"/api/v1/sessions", "/api/v1/plays/{play}/objects/{number}"} <= paths
    assert all(p.startswith("/api/v1/") for p in paths)
