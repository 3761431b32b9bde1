"""What holds for all addresses: headers, logs, limits, health, bulkheads, the sandbox's controls."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from tests.house import Home
from tests.web.browsing import look, words
from tests.web.serving import Site, event, served
from zoomguard.application.watch import Watch
from zoomguard.domain.errors import Conflict
from zoomguard.domain.people import Who
from zoomguard.rules.terms import Terms
from zoomguard.web import bodies
from zoomguard.web.bulkheads import API_MOST
from zoomguard.web.sandbox import SandboxControls
from zoomguard.web.server import listen

MIB = 1024 * 1024


class Gate:
    """Signs everybody in, and keeps them waiting while it is shut."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.inside = threading.Semaphore(0)

    def who(self, token: str) -> Who:
        return Who("01")

    def about(self, who: Who) -> dict[str, object]:
        self.inside.release()
        assert self.open.wait(20)
        return {}


class Ready:
    def __init__(self) -> None:
        self.found = {"database": "ok", "migrations": "ok"}

    def __call__(self) -> dict[str, str]:
        return self.found


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def ready() -> Ready:
    return Ready()


@pytest.fixture
def small(gate: Gate, ready: Ready, watch: Watch) -> Iterator[Site]:
    college = SimpleNamespace(terms=Terms("0123456789ab"))
    application = SimpleNamespace(environment="production", access=gate, watch=watch, installation=college)
    with served(application, ready, public_url="https://lessons.northmoor.example") as running:
        yield running


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/v1/whoami", "/nothing", "/webhooks/zoom", "/j/x.y", "/api/v1/openapi.json"]
)
def test_every_answer_carries_the_strict_headers(small: Site, path: str) -> None:
    headers = small.ask("GET", path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Robots-Tag"].startswith("noindex")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "Server" not in headers


def test_a_service_reached_by_http_does_not_promise_https(site: Site) -> None:
    assert "Strict-Transport-Security" not in site.ask("GET", "/healthz").headers


def request_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "zoomguard.requests"]


def test_the_log_names_the_route_and_no_token_or_query(small: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        small.ask("GET", "/j/geheim.token?x=geheim")
        small.ask("GET", "/api/v1/whoami?token=geheim", token="geheim")
        small.ask("GET", "/geheim/geheim")
        small.ask("GET", "/api/v1/sessions/geheim", token="geheim")
        small.deliver(event(topic="geheim"))
        deadline_s = time.monotonic() + 5
        while len(lines := request_lines(caplog)) < 5 and time.monotonic() < deadline_s:
            time.sleep(0.01)
    assert [line.split(" ms")[0].rsplit(" ", 1)[0] for line in lines] == [
        "GET /j/{token:path} 200",
        "GET /api/v1/whoami 200",
        "GET (no route) 404",
        "GET /api/v1/sessions/{session} 500",
        "POST /webhooks/zoom 200",
    ]
    ours = [r for r in caplog.records if not r.name.startswith("urllib3")]
    assert "geheim" not in "\n".join(r.getMessage() for r in ours)


def test_a_body_over_one_mebibyte_is_413(small: Site) -> None:
    larger = b'{"email": "' + b"x" * MIB + b'"}'
    reply = small.ask("POST", "/api/v1/tokens", larger, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.code) == (413, "TOO_LARGE")
    head = b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (len(larger), larger)
    assert small.raw(head + chunk + b"0\r\n\r\n").startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_408(small: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "API_WITHIN_S", 0.2)
    head = b"POST /api/v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"
    assert small.raw(head).startswith(b"HTTP/1.1 408 ")


def test_health_is_the_process_and_readiness_is_every_check(small: Site, ready: Ready) -> None:
    assert (small.ask("GET", "/healthz").status, small.ask("GET", "/readyz").status) == (200, 200)
    ready.found = {"database": "away", "migrations": "ok"}
    reply = small.ask("GET", "/readyz")
    assert (reply.status, reply.document) == (503, ready.found)
    assert small.ask("GET", "/healthz").status == 200


def test_a_full_house_is_503_and_takes_nothing_from_health_and_webhooks(small: Site, gate: Gate) -> None:
    gate.open.clear()
    with ThreadPoolExecutor(API_MOST) as pool:
        inside = [pool.submit(small.ask, "GET", "/api/v1/whoami", token="t") for _ in range(API_MOST)]
        for _ in inside:
            assert gate.inside.acquire(timeout=20)
        turned_away = small.ask("GET", "/api/v1/whoami", token="t")
        page = look(small, "/")
        assert (turned_away.status, turned_away.code) == (503, "BUSY")
        assert turned_away.headers["Retry-After"] == page.headers["Retry-After"] == "5"
        assert (page.status, "The service is busy" in words(page)) == (503, True)
        assert small.deliver(event()).status == 200
        assert small.ask("GET", "/readyz").status == 200
        gate.open.set()
        assert {f.result().status for f in inside} == {200}
    assert small.ask("GET", "/api/v1/whoami", token="t").status == 200


def test_the_sandboxs_controls_need_its_key(site: Site, home: Home) -> None:
    assert site.ask("GET", "/sandbox/clock").document["now"].startswith("2026-")
    assert site.ask("GET", "/sandbox/calls").status == 401
    assert isinstance(site.ask("GET", "/sandbox/calls", token=home.sandbox.controls.key).document, list)
    assert site.ask("POST", "/sandbox/faults", {"name": "no such"}, token=home.sandbox.controls.key).status == 400


@pytest.mark.parametrize("client", [("192.0.2.7", 5), ("not an address", 5), None])
def test_the_sandboxs_controls_answer_to_this_machine_only(client: Any) -> None:
    asked: list[str] = []
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    def controls(*request: Any) -> tuple[int, dict[str, Any]]:
        asked.append(request[1])
        return 200, {}

    scope = {"type": "http", "method": "GET", "path": "/sandbox/clock", "query_string": b"", "headers": []}
    asyncio.run(SandboxControls(controls)({**scope, "client": client}, receive, send))
    assert (sent[0]["status"], asked) == (404, [])
    asyncio.run(SandboxControls(controls)({**scope, "client": ("127.0.0.1", 5)}, receive, send))
    assert asked == ["/sandbox/clock"]


def test_a_port_in_use_is_said_in_one_clear_line(small: Site) -> None:
    with pytest.raises(Conflict) as refused:
        listen("127.0.0.1", small.port)
    assert refused.value.code == "LISTEN" and str(small.port) in refused.value.message
