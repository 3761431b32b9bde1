"""The client talks to one origin; the token goes there and nowhere else."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.adapters.scripted_server import Asked, Reply, Script, answer, in_turn, scripted
from tests.cli.caller import Terminal
from zoomguard.cli import client as client_module
from zoomguard.cli import server
from zoomguard.cli.client import Client, segment
from zoomguard.domain.errors import BadInput, NotSignedIn, OutsideFailed

ME = {"email": "t.wren@northmoor.example", "reference": "T1", "roles": ["teacher"]}


def sandbox(asked: Asked) -> Reply:
    if asked.path == "/api/v1/tokens":
        return answer({"token": "zgt_abc", "email": ME["email"], "until": "2026-12-01T20:00:00Z"}, 201)
    return answer(ME) if asked.method == "GET" else Reply(204)


def kept_token(home: Path) -> Path:
    return home / "token.json"


def test_signing_in_keeps_a_token_that_only_we_can_read(terminal: Terminal) -> None:
    with scripted(sandbox) as service:
        said = terminal.points_to(service.url, token="").run("login", "--as", "t.wren@northmoor.example")
        assert said.code == 0 and "zgt_abc" not in said.out + said.err
        assert terminal.run("whoami").code == 0
    assert stat.S_IMODE(kept_token(terminal.home).stat().st_mode) == 0o600
    assert stat.S_IMODE(terminal.home.stat().st_mode) == 0o700
    assert service.asked[-1].headers["Authorization"] == "Bearer zgt_abc"


def test_the_token_is_not_sent_to_another_server(terminal: Terminal) -> None:
    with scripted(sandbox) as mine, scripted(sandbox) as other:
        terminal.points_to(mine.url, token="").run("login", "--as", "t.wren@northmoor.example")
        said = terminal.points_to(other.url, token="").run("whoami")
    assert (said.code, other.asked) == (3, [])
    assert "not to" in said.err


def test_signing_out_ends_the_token_there_and_here(terminal: Terminal) -> None:
    with scripted(sandbox) as service:
        terminal.points_to(service.url, token="").run("login", "--as", "t.wren@northmoor.example")
        assert terminal.run("logout").code == 0
    assert (service.asked[-1].method, service.asked[-1].path) == ("DELETE", "/api/v1/tokens/current")
    assert not kept_token(terminal.home).exists()


def test_a_token_from_the_operator_is_read_from_standard_input(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "typed").write_text("zgt_given\n")
    with scripted(sandbox) as service, (tmp_path / "typed").open() as typed:
        monkeypatch.setattr("sys.stdin", typed)
        assert terminal.points_to(service.url, token="").run("login").code == 0
    assert json.loads(kept_token(terminal.home).read_text())["token"] == "zgt_given"


def test_a_token_file_that_others_can_read_is_refused(terminal: Terminal) -> None:
    with scripted(sandbox) as service:
        terminal.points_to(service.url, token="").run("login", "--as", "t.wren@northmoor.example")
        kept_token(terminal.home).chmod(0o644)
        before = len(service.asked)
        said = terminal.run("whoami")
    assert (said.code, len(service.asked)) == (2, before)
    assert "[TOKEN_FILE]" in said.err


def test_a_token_file_that_is_a_link_is_refused(terminal: Terminal, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.json"
    real.write_text(json.dumps({"origin": "http://127.0.0.1:8080", "token": "t", "email": "", "until": ""}))
    real.chmod(0o600)
    terminal.home.mkdir()
    kept_token(terminal.home).symlink_to(real)
    with pytest.raises(BadInput) as refused:
        server.read_token(terminal.home)
    assert refused.value.code == "TOKEN_FILE"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://zoomguard.college.example", "https://zoomguard.college.example:443"),
        ("https://ZOOMGUARD.college.example/", "https://zoomguard.college.example:443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost", "http://localhost:80"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_server_is_known_by_its_origin(url: str, origin: str) -> None:
    assert server.origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "http://zoomguard.college.example",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
        "https://user:pass@college.example",
        "https://college.example/path",
        "https://college.example?x=1",
        "https://college.example:99999",
        "https://",
        "college.example",
        "https://evil example",
    ],
)
def test_an_address_without_https_or_with_more_than_an_address_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as refused:
        server.origin(url)
    assert refused.value.code == "BAD_SERVER"
    assert "pass" not in f"{refused.value.message} {refused.value.remedy}"


def test_a_redirect_is_not_followed(terminal: Terminal) -> None:
    with scripted(sandbox) as target:
        away = Reply(307, b"", {"Location": f"{target.url}/api/v1/whoami"})
        with scripted(lambda asked: away) as service:
            said = terminal.points_to(service.url).run("whoami")
    assert (said.code, target.asked) == (4, [])
    assert "[REDIRECTED]" in said.err


def test_proxies_of_the_environment_are_not_asked(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(sandbox) as proxy, scripted(sandbox) as service:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert terminal.points_to(service.url).run("whoami").code == 0
    assert proxy.asked == []


def test_no_service_says_how_to_start_one(terminal: Terminal) -> None:
    with scripted(sandbox) as service:
        url = service.url
    said = terminal.points_to(url).run("whoami", "--json")
    assert said.code == 4 and said.document["error"]["code"] == "SERVER_UNREACHABLE"
    assert "zoomguard serve" in said.document["error"]["remedy"]


def test_a_lost_answer_is_asked_for_once_more_under_the_same_key() -> None:
    with scripted(in_turn(Reply(lost=True), answer({"ok": True}, 201))) as service:
        reply = Client(service.url, "t").send("POST", "/sessions", {"a": 1}, key="cli-12345678")
    assert reply.status == 201
    assert [a.headers["Idempotency-Key"] for a in service.asked] == ["cli-12345678"] * 2
    assert service.asked[0].body == service.asked[1].body


def test_it_is_asked_for_no_third_time() -> None:
    with scripted(lambda asked: Reply(lost=True)) as service, pytest.raises(OutsideFailed) as lost:
        Client(service.url, "t").send("POST", "/sessions", {"a": 1}, key="cli-12345678")
    assert (lost.value.code, len(service.asked)) == ("SERVER_UNREACHABLE", 2)
    assert "look before you repeat" in lost.value.remedy


def test_an_ask_without_a_key_is_not_repeated() -> None:
    with scripted(lambda asked: Reply(lost=True)) as service, pytest.raises(OutsideFailed):
        Client(service.url, "t").post("/recordings/R-31TD/plays", {})
    assert len(service.asked) == 1


def test_a_service_that_says_nothing_is_given_up() -> None:
    silent = Reply(200, b"{", length=2, stall_s=1.5)
    with scripted(lambda asked: silent) as service, pytest.raises(OutsideFailed) as lost:
        Client(service.url, "t", read_s=0.2).get("/whoami")
    assert lost.value.code == "SERVER_UNREACHABLE"


def test_an_endless_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CAP_BYTES", 1000)
    with scripted(lambda asked: answer({"email": "x" * 2000})) as service, pytest.raises(OutsideFailed) as refused:
        Client(service.url, "t").get("/whoami")
    assert refused.value.code == "BAD_ANSWER"


def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb: Script = lambda asked: Reply(200, b"\x1f\x8b", {"Content-Encoding": "gzip"})  # noqa: E731
    with scripted(bomb) as service, pytest.raises(OutsideFailed):
        Client(service.url, "t").get("/whoami")
    assert service.asked[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("text", "path"), [("S-7K2M", "S-7K2M"), ("..", "-"), ("a/../b?c", "a%2F..%2Fb%3Fc"), ("", "-")]
)
def test_an_id_is_one_segment_of_a_path_whatever_it_holds(text: str, path: str) -> None:
    assert segment(text) == path


def test_the_running_sandbox_is_found_and_never_in_production(terminal: Terminal) -> None:
    import os

    terminal.home.mkdir()
    said = {"service_url": "http://127.0.0.1:4711", "pid": os.getpid()}
    (terminal.home / "sandbox.json").write_text(json.dumps(said))
    environ = {"ZOOMGUARD_HOME": str(terminal.home)}
    assert server.address(environ) == "http://127.0.0.1:4711"
    assert server.address({**environ, "ZOOMGUARD_ENVIRONMENT": "production"}) == "http://127.0.0.1:8080"
    assert server.address({**environ, "ZOOMGUARD_SERVER": "https://a.example"}) == "https://a.example:443"


def test_without_a_token_nothing_is_sent(terminal: Terminal) -> None:
    with pytest.raises(NotSignedIn):
        server.token_for("http://127.0.0.1:8080", {"ZOOMGUARD_HOME": str(terminal.home)})
