"""The edge itself: what is sent, what is not followed, and what a broken connection means."""

import gzip
import logging
import socket
import threading
import tracemalloc
from pathlib import Path

import pytest

from tests.adapters.scripted_server import Asked, Reply, free, scripted
from tests.servers.shared import free_port
from zoomguard.adapters.http import CAP_BYTES, Http
from zoomguard.domain.errors import Fault, OutcomeUnknown, OutsideFailed


@pytest.mark.parametrize("changes", [True, False])
def test_a_refused_connection_has_surely_changed_nothing(changes: bool) -> None:
    with pytest.raises(OutsideFailed) as caught:
        Http(free).ask("POST", f"http://127.0.0.1:{free_port()}/a?token=hunter-2", {}, b"", changes=changes)
    assert type(caught.value) is OutsideFailed and caught.value.code == "UNREACHABLE"
    assert "hunter" not in caught.value.message


@pytest.mark.parametrize(
    "reply",
    [
        Reply(lost=True),
        Reply(body=b'{"id": 1', length=50),
        Reply(body=b"zz\r\nnot chunked", headers={"Transfer-Encoding": "chunked"}),
        Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}),
        Reply(body=b"{}", headers={"Content-Length": "5, 6"}),
        Reply(body=b"{}", headers={"Content-Length": "?"}),
    ],
)
@pytest.mark.parametrize("changes", [True, False])
def test_a_lost_answer_is_unknown_for_a_change_and_failed_for_a_read(reply: Reply, changes: bool) -> None:
    with scripted(lambda asked: reply) as server:
        with pytest.raises(OutsideFailed) as caught:
            Http(free, read_s=0.5).ask(
                "POST", f"{server.url}/a?token=hunter-2", {"X": "hunter-2"}, b"hunter-2", changes=changes
            )
        assert type(caught.value) is (OutcomeUnknown if changes else OutsideFailed)
        assert "hunter" not in f"{caught.value}{caught.value.remedy}"
        assert caught.value.__context__ is None and caught.value.__cause__ is None
        assert len(server.asked) == 1


def test_fault_05_a_reset_within_the_body_of_a_change_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reset() -> None:
            conn, _ = listener.accept()
            conn.recv(1000)
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            conn.close()

        threading.Thread(target=reset, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with pytest.raises(OutcomeUnknown):
            Http(free).ask("POST", url, {}, b"x" * 20_000_000, changes=True)


@pytest.mark.parametrize("changes", [True, False])
def test_a_stalled_answer_ends_after_the_time_limit(changes: bool) -> None:
    with scripted(lambda asked: Reply(body=b"{", length=2, stall_s=30)) as server:
        with pytest.raises(OutsideFailed) as caught:
            Http(free, read_s=0.1).ask("POST", server.url, {}, b"", changes=changes)
        assert caught.value.code == ("OUTCOME_UNKNOWN" if changes else "TIMED_OUT")


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_fault_18_an_answer_beyond_16_mib_is_cut_while_it_is_read(coding: str) -> None:
    bomb = b" " * (8 * CAP_BYTES)
    body = gzip.compress(bomb, 1) if coding == "gzip" else bomb[: 2 * CAP_BYTES]
    with scripted(lambda asked: Reply(body=body, headers={"Content-Encoding": coding})) as server:
        del bomb
        tracemalloc.start()
        with pytest.raises(OutsideFailed) as caught:
            Http(free).ask("GET", server.url, {}, changes=False)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert caught.value.code == "ANSWER_TOO_LARGE"
        assert peak < 3 * CAP_BYTES


def test_an_answer_of_exactly_16_mib_is_taken() -> None:
    with scripted(lambda asked: Reply(body=b" " * CAP_BYTES)) as server:
        assert len(Http(free).ask("GET", server.url, {}, changes=False).body) == CAP_BYTES


def test_an_answer_that_drips_ends() -> None:
    with scripted(lambda asked: Reply(body=b" " * 200_000)) as server:
        with pytest.raises(OutsideFailed) as caught:
            Http(free, answer_s=-1).ask("GET", server.url, {}, changes=False)
        assert caught.value.code == "TIMED_OUT"


def test_a_redirect_is_an_answer_like_any_other() -> None:
    with scripted(lambda asked: Reply()) as trap:
        with scripted(lambda asked: Reply(302, headers={"Location": trap.url})) as server:
            assert Http(free).ask("GET", server.url, {}, changes=False).status == 302
        assert trap.asked == []


def test_the_guard_is_asked_before_anything_is_sent() -> None:
    def guard() -> None:
        raise Fault("a transaction is open")

    with scripted(lambda asked: Reply()) as server:
        http = Http(guard)
        for one in (http, http.restricted(lambda host, port, address: True)):
            with pytest.raises(Fault):
                one.ask("GET", server.url, {}, changes=False)
            with pytest.raises(Fault):
                one.stream(server.url, {})
        assert server.asked == []


def test_no_cookie_proxy_or_netrc_of_the_machine_gets_into_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with scripted(lambda asked: Reply(headers={"Set-Cookie": "zoom=1; Path=/"})) as server:
        http = Http(free)
        for _ in range(2):
            http.ask("GET", server.url, {"Authorization": "Bearer ours"}, changes=False)
        assert [a.headers["Authorization"] for a in server.asked] == ["Bearer ours"] * 2
        assert all("Cookie" not in a.headers for a in server.asked)


def test_a_connection_is_used_again() -> None:
    ports: list[int] = []

    def script(asked: Asked) -> Reply:
        ports.append(threading.get_ident())  # the server keeps one thread for each connection
        return Reply(body=b"{}")

    with scripted(script) as server:
        http = Http(free)
        for _ in range(3):
            http.ask("GET", server.url, {}, changes=False)
    assert len(set(ports)) == 1


def test_no_address_gets_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(lambda asked: Reply(headers={"Content-Length": "0", "Broken header": "x"})) as server:
        Http(free).ask("GET", f"{server.url}/hunter-2", {}, changes=False)
    assert "hunter" not in caplog.text


@pytest.mark.parametrize("url", ["http://[::1/", "http:///x", "nothing", "http://a b/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(OutsideFailed) as caught:
        Http(free).ask("POST", url, {}, changes=True)
    assert type(caught.value) is OutsideFailed
