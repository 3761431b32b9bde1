"""The token: one for all, in time, and clear words where there is none."""

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from urllib.parse import parse_qs

import pytest

from tests.adapters.scripted_server import (
    Asked,
    Reply,
    SteadyClock,
    answer,
    edge,
    free,
    in_turn,
    scripted,
    with_token,
)
from zoomguard.adapters.http import Http
from zoomguard.adapters.zoom_token import ZoomToken, token_url
from zoomguard.domain.errors import OutsideFailed, Throttled

GOOD = answer({"access_token": "token-1", "expires_in": 3600, "scope": "a:read b:write"})


class Drawer:
    """A token store in memory."""

    def __init__(self) -> None:
        self.kept: tuple[str, datetime] | None = None

    def load(self) -> tuple[str, datetime] | None:
        return self.kept

    def save(self, token: str, expires_at: datetime) -> None:
        self.kept = (token, expires_at)


def _token(url: str, clock: SteadyClock, store: Drawer | None = None) -> ZoomToken:
    return ZoomToken(Http(free), url, "account-1", "client-1", "hunter-2", clock, store)


def test_the_credentials_go_in_the_header_and_the_account_in_the_form() -> None:
    with scripted(lambda asked: GOOD) as server:
        assert _token(server.url, SteadyClock()).bearer() == "token-1"
        (asked,) = server.asked
        assert (asked.method, asked.path) == ("POST", "/oauth/token")
        assert parse_qs(asked.body.decode()) == {
            "grant_type": ["account_credentials"],
            "account_id": ["account-1"],
        }
        assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert base64.b64decode(asked.headers["Authorization"].removeprefix("Basic ")) == b"client-1:hunter-2"


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("https://zoom.us", "https://zoom.us/oauth/token"),
        ("https://zoom.us/", "https://zoom.us/oauth/token"),
        ("https://zoom.us/oauth", "https://zoom.us/oauth/token"),
        ("https://zoom.us/oauth/", "https://zoom.us/oauth/token"),
        ("https://zoom.us/oauth/token", "https://zoom.us/oauth/token"),
        ("http://127.0.0.1:9/zoom/oauth", "http://127.0.0.1:9/zoom/oauth/token"),
    ],
)
def test_the_address_of_the_token_service_is_completed(given: str, wanted: str) -> None:
    assert token_url(given) == wanted


def test_a_token_is_kept_until_five_minutes_before_its_end() -> None:
    with scripted(with_token(lambda asked: Reply())) as server:
        clock = SteadyClock()
        token = _token(server.url, clock)
        assert token.bearer() == "token-1"
        clock.at += timedelta(minutes=54, seconds=59)
        assert token.bearer() == "token-1"
        clock.at += timedelta(seconds=1)
        assert token.bearer() == "token-2"


def test_fault_15_twenty_threads_with_a_revoked_token_make_one_token_call() -> None:
    together = Barrier(20)

    def zoom(asked: Asked) -> Reply:
        if asked.headers["Authorization"] == "Bearer token-1":
            together.wait(10)  # all are refused before any of them renews
            return answer({"code": 124, "message": "Access token is expired."}, 401)
        return answer({"id": "u"})

    with scripted(with_token(zoom)) as server:
        ours = edge(server)
        assert ours.token.bearer() == "token-1"
        with ThreadPoolExecutor(20) as threads:
            found = list(threads.map(lambda n: ours.calls.read(f"/users/{n}"), range(20)))
        assert found == [{"id": "u"}] * 20
        assert len([a for a in server.asked if a.path == "/oauth/token"]) == 2


def test_a_token_that_is_refused_again_is_renewed_once_only() -> None:
    refused = answer({"code": 124, "message": "Invalid access token."}, 401)
    with scripted(with_token(lambda asked: refused)) as server:
        with pytest.raises(OutsideFailed) as caught:
            edge(server).calls.call("POST", "/users/u/meetings", body={}, changes=True)
        assert caught.value.code == "ZOOM_TOKEN"
        assert [a.path for a in server.asked] == ["/oauth/token", "/v2/users/u/meetings"] * 2


def test_processes_share_a_token_by_their_store() -> None:
    with scripted(with_token(lambda asked: Reply())) as server:
        clock, drawer = SteadyClock(), Drawer()
        first, second = (_token(server.url, clock, drawer) for _ in range(2))
        assert (first.bearer(), second.bearer()) == ("token-1", "token-1")
        assert second.renew("token-1") == "token-2"
        assert first.renew("token-1") == "token-2"  # the other process has seen to it
        assert len(server.asked) == 2
        assert drawer.kept == ("token-2", clock.at + timedelta(hours=1))


def test_the_scopes_are_known_even_where_another_process_asked_for_the_token() -> None:
    with scripted(lambda asked: GOOD) as server:
        clock, drawer = SteadyClock(), Drawer()
        drawer.save("token-0", clock.at + timedelta(hours=1))
        token = _token(server.url, clock, drawer)
        assert token.bearer() == "token-0"
        assert token.scopes() == {"a:read", "b:write"}


def test_threads_that_waited_for_a_refusal_do_not_ask_again() -> None:
    together = Barrier(8)

    def ask(token: ZoomToken) -> str:
        together.wait(10)
        with pytest.raises(OutsideFailed) as caught:
            token.bearer()
        return caught.value.code

    def slow(asked: Asked) -> Reply:
        time.sleep(0.3)
        return answer({"reason": "Invalid client_id or client_secret", "error": "invalid_client"}, 400)

    with scripted(slow) as server:
        token = _token(server.url, SteadyClock())
        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(ask, [token] * 8)) == {"ZOOM_CREDENTIALS"}
        assert len(server.asked) < 8


@pytest.mark.parametrize(
    ("status", "reason", "error", "code"),
    [
        (400, "Invalid client_id or client_secret", "invalid_client", "ZOOM_CREDENTIALS"),
        (401, "", "unauthorized", "ZOOM_CREDENTIALS"),
        (400, "4702", "x", "ZOOM_CREDENTIALS"),
        (400, "Bad Request", "invalid_request", "ZOOM_ACCOUNT"),
        (400, "The app has been disabled", "invalid_request", "ZOOM_APP_DISABLED"),
        (400, "(4717)", "invalid_request", "ZOOM_APP_DISABLED"),
        (400, "4735: Owner no longer exists", "invalid_request", "ZOOM_APP_OWNER"),
        (400, "unsupported grant type", "unsupported_grant_type", "ZOOM_APP_KIND"),
        (400, "4711", "invalid_scope", "ZOOM_SCOPES"),
        (404, "", "", "ZOOM_OAUTH_URL"),
    ],
)
def test_a_refusal_is_named_and_waiting_does_not_help(status: int, reason: str, error: str, code: str) -> None:
    with scripted(lambda asked: answer({"reason": reason, "error": error}, status)) as server:
        with pytest.raises(OutsideFailed) as caught:
            _token(server.url, SteadyClock()).bearer()
        assert (caught.value.code, caught.value.permanent) == (code, True)
        assert caught.value.remedy


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, b"busy"),
        Reply(200, b"<html>hunter-2</html>", {"Content-Type": "text/html"}),
        answer({"access_token": "a b\r\nX: y"}),
        answer(["token"]),
        Reply(lost=True),
        Reply(302, b"", {"Location": "/elsewhere"}),
    ],
)
def test_an_answer_without_a_token_may_be_better_later(reply: Reply) -> None:
    with scripted(lambda asked: reply) as server:
        with pytest.raises(OutsideFailed) as caught:
            _token(server.url, SteadyClock()).bearer()
        assert not caught.value.permanent
        assert "hunter" not in f"{caught.value}{caught.value.remedy}"
        assert len(server.asked) == 1


def test_a_token_service_that_wants_us_to_wait_is_waited_for() -> None:
    with scripted(lambda asked: answer({"reason": "slow"}, 429, Retry_After="30")) as server:
        clock = SteadyClock()
        with pytest.raises(Throttled) as caught:
            _token(server.url, clock).bearer()
        assert caught.value.retry_at == clock.at + timedelta(seconds=30)


def test_a_token_is_asked_for_again_after_a_failure() -> None:
    with scripted(in_turn(Reply(503), GOOD)) as server:
        token = _token(server.url, SteadyClock())
        with pytest.raises(OutsideFailed):
            token.bearer()
        assert token.bearer() == "token-1"
