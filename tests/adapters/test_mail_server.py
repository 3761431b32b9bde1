"""How the mail server is reached: TLS, signing in, MAIL_URL."""

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.adapters.certificate import certificate_for_loopback
from tests.adapters.letters import LETTER, Scripted, mailer
from tests.servers.shared import free_port
from zoomguard.domain.errors import OutsideFailed, SettingsWrong


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_for_loopback(tmp_path_factory.mktemp("tls"))


class Kept:
    def __init__(self) -> None:
        self.over_tls: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: Any, session: Any, _envelope: Any) -> str:  # noqa: N802
        self.over_tls.append(session.ssl is not None)
        return "250 OK"

    def authenticator(self, *args: Any) -> AuthResult:
        given = args[4]
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        right = given.password == b"p@ss:word"
        return AuthResult(success=right, handled=right)


@pytest.fixture(params=["smtp", "smtps"])
def tls_server(request: pytest.FixtureRequest, certificate: Path) -> Iterator[tuple[str, Kept]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    kept, port = Kept(), free_port()
    how: dict[str, Any] = {"authenticator": kept.authenticator}
    if request.param == "smtps":
        how |= {"ssl_context": context, "auth_require_tls": False}
    else:
        how |= {"tls_context": context, "require_starttls": True}
    controller = Controller(kept, hostname="127.0.0.1", port=port, server_hostname="mail.test", **how)
    # aiosmtpd's own first visit does not trust the certificate; the server stands nevertheless.
    with contextlib.suppress(ssl.SSLCertVerificationError):
        controller.start()
    yield f"{request.param}://lessons%40college.example:{{}}@127.0.0.1:{port}", kept
    controller.stop()


def test_a_letter_and_the_password_go_over_tls_only(
    tls_server: tuple[str, Kept], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kept = tls_server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailer(url.format("p%40ss%3Aword")).send(LETTER)
    assert kept.logins == [(b"lessons@college.example", b"p@ss:word")]
    assert len(kept.over_tls) == 1
    assert kept.over_tls == [True] or url.startswith("smtps:")


def test_a_certificate_that_is_not_trusted_gets_no_letter(tls_server: tuple[str, Kept]) -> None:
    url, kept = tls_server
    with pytest.raises(OutsideFailed) as failed:
        mailer(url.format("p%40ss%3Aword")).send(LETTER)
    assert (failed.value.code, failed.value.permanent) == ("MAIL_TLS", False)
    assert (kept.logins, kept.over_tls) == ([], [])


def test_a_wrong_password_condemns_no_letter_and_is_not_told(
    tls_server: tuple[str, Kept], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, kept = tls_server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(OutsideFailed) as failed:
        mailer(url.format("not-this-one")).send(LETTER)
    assert (failed.value.code, failed.value.permanent) == ("MAIL_LOGIN", False)
    assert "not-this-one" not in f"{failed.value!r} {failed.value.remedy}"
    assert kept.over_tls == []


def test_a_password_is_not_sent_in_the_open_to_another_machine(
    script: Callable[..., Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = script(EHLO="250-mx.example\r\n250 AUTH PLAIN LOGIN")
    port = int(server.url.rpartition(":")[2])
    real = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda _address, *a, **k: real(("127.0.0.1", port), *a, **k))
    with pytest.raises(OutsideFailed) as failed:
        mailer("smtp://lessons:secret@mx.example").send(LETTER)
    assert (failed.value.code, failed.value.permanent) == ("MAIL_TLS", False)
    assert [line.split()[0] for line in server.heard if line] == ["ehlo"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:port",
        "smtp://mail.example/x",
    ],
)
def test_a_wrong_mail_url_stops_the_start_without_being_repeated(url: str) -> None:
    with pytest.raises(SettingsWrong, match="MAIL_URL") as wrong:
        mailer(url)
    assert "mail.example" not in str(wrong.value)


@pytest.mark.parametrize("mail_from", ["", "college", "a@b\r\nBcc: c@d", "College <a@b>, x@y\n"])
def test_a_wrong_sender_stops_the_start(mail_from: str) -> None:
    with pytest.raises(SettingsWrong, match="MAIL_FROM"):
        mailer("smtp://127.0.0.1", mail_from)
