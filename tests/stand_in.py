"""Another make-believe Zoom with a mailbox: somebody else's stand-in, in the place of our sandbox.

`python tests/stand_in.py [--port 0] [--mail-port 0] [--staff E-MAIL[=ID] ...]` prints one JSON line with its
addresses and serves until it is told to end. Standard library only, loopback, machine time, nothing on disk.
POST {control_url}/hold {"meeting_number": N} holds a meeting: a recording of four files appears.
GET {control_url}/mail, /calls, /exchanges tell what was received; POST {control_url}/staff adds a person.
"""

import argparse
import email
import email.policy
import json
import re
import signal
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

if not __package__:  # run as a script: the folder above is what makes `tests` importable
    sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.stand_in_zoom import (
    OPEN,
    STAFF,
    WITH_BEARER,
    Answer,
    Ask,
    Body,
    File,
    Refused,
    World,
    iso,
    now,
)


class Server(socketserver.ThreadingTCPServer):
    """A threaded server on a free loopback port that its handlers reach the world through."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, handler: type[socketserver.BaseRequestHandler], world: World) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.world = world

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class ApiHandler(BaseHTTPRequestHandler):
    """The API, the token door, the first hop of downloads, and the controls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = _read(raw, self.headers.get("Content-Type", ""))
        with self.server.world.lock:
            answer = self._answer(parts.path, query, body)
            if not parts.path.startswith("/control/"):
                _note(self.server.world, self.command, parts.path, query, body, answer)
        self._send(answer)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _answer(self, path: str, query: dict[str, str], body: Any) -> Answer:
        world = self.server.world
        try:
            for routes, locked in ((OPEN, False), (WITH_BEARER, True)):
                for method, pattern, act in routes:
                    if method == self.command and (found := pattern.fullmatch(path)):
                        if locked:
                            world.require_bearer(self.headers)
                        return act(world, Ask(found.groups(), query, body, self.headers))
            raise Refused(404, 404, "Page not found.")
        except Refused as refused:
            return Answer(refused.status, refused.body)
        except (KeyError, ValueError, TypeError, AttributeError):
            return Answer(400, {"code": 300, "message": "Request body or field is invalid."})

    def _send(self, answer: Answer) -> None:
        payload = answer.body if isinstance(answer.body, bytes) else b""
        if isinstance(answer.body, dict | list):
            payload = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in ({"Content-Type": "application/json"} | answer.headers).items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: request lines carry tokens."""


class CdnHandler(ApiHandler):
    """The second hop of a download: a signed address, byte ranges, and no bearer wanted."""

    def do_GET(self) -> None:
        file = self.server.world.grants.get(self.path.removeprefix("/blob/"))
        if "Authorization" in self.headers:
            answer = Answer(400, b"only one way to sign in is allowed")
        elif file is None:
            answer = Answer(403, b"expired")
        else:
            answer = _ranged(file, self.headers.get("Range", ""))
        with self.server.world.lock:
            _note(self.server.world, self.command, "/cdn/blob", {}, None, answer)
        self._send(answer)

    do_HEAD = do_GET


def _ranged(file: File, wanted: str) -> Answer:
    headers = {"Content-Type": file.media_type, "Accept-Ranges": "bytes", "ETag": f'"{file.id}"'}
    found, size = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted), len(file.data)
    if found is None or found.groups() == ("", ""):
        return Answer(200, file.data, headers)
    first, last = found.groups()
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if start > end:
        return Answer(416, b"", headers | {"Content-Range": f"bytes */{size}"})
    return Answer(206, file.data[start : end + 1], headers | {"Content-Range": f"bytes {start}-{end}/{size}"})


def _read(raw: bytes, media_type: str) -> Any:
    if media_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[-1] for name, values in parse_qs(raw.decode()).items()}
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _note(world: World, method: str, path: str, query: Body, body: Any, answer: Answer) -> None:
    """Keeps the call; headers, and with them secrets, are never kept."""
    call = {"n": len(world.calls) + 1, "at": iso(now()), "method": method, "path": path, "query": query}
    world.calls.append(call | {"body": body, "status": answer.status})
    if path.startswith("/v2/"):
        told = json.loads(json.dumps(answer.body))
        sent = {"method": method, "path": path.removeprefix("/v2"), "query": query, "request_body": body}
        world.exchanges.append(sent | {"status": answer.status, "response_body": told})


class MailHandler(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client without TLS needs."""

    server: Server

    def handle(self) -> None:
        self.sender, self.recipients = "", list[str]()
        self._say("220 stand-in ready")
        while line := self.rfile.readline(2048):
            text = line.decode("utf-8", "replace").strip()
            verb = text[:4].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            self._say(self._reply(verb, text))

    def _reply(self, verb: str, text: str) -> str:
        address = (re.search("<([^>]*)>", text) or [text, ""])[1]
        if verb in ("EHLO", "HELO", "NOOP"):
            return "250-stand-in\r\n250-8BITMIME\r\n250 SIZE 20000000" if verb == "EHLO" else "250 ok"
        if verb in ("RSET", "MAIL"):
            self.sender, self.recipients = address if verb == "MAIL" else "", []
            return "250 ok"
        if verb == "RCPT":
            self.recipients.append(address)
            return "250 ok"
        if verb == "DATA":
            return self._data() if self.recipients else "503 no recipients"
        return "502 not known here"

    def _data(self) -> str:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return "451 cut short"
            lines.append(line.removeprefix(b"."))
        parsed = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        part = parsed.get_body(("plain", "html"))
        text = str(part.get_content()) if part else ""
        mail: Body = {"to": self.recipients, "from": self.sender, "subject": str(parsed.get("Subject", ""))}
        headers = {name: str(value) for name, value in parsed.items()}
        whole = b"".join(lines).decode("utf-8", "replace")
        mail |= {"headers": headers, "text": text.replace("\r\n", "\n"), "raw": whole}
        with self.server.world.lock:
            self.server.world.mail.append(mail)
        self.recipients = []
        return "250 taken"

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class StandIn:
    """Zoom's API, its second download host and a mailbox on three loopback ports."""

    def __init__(self, staff: tuple[str, ...] = STAFF, port: int = 0, mail_port: int = 0, page_limit: int = 3) -> None:
        self.world = World(staff, page_limit)
        self._servers = [
            Server(port, ApiHandler, self.world),
            Server(0, CdnHandler, self.world),
            Server(mail_port, MailHandler, self.world),
        ]
        self._threads = [threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True) for s in self._servers]
        self.world.api, self.world.cdn = (f"http://127.0.0.1:{server.port}" for server in self._servers[:2])

    def addresses(self) -> dict[str, str]:
        """What the settings of the service under test need."""
        api, cdn, mail = (f"127.0.0.1:{server.port}" for server in self._servers)
        urls = {"zoom_api_url": f"http://{api}/v2", "zoom_oauth_url": f"http://{api}/oauth/token"}
        hosts = {"zoom_download_hosts": api, "zoom_cdn_hosts": cdn}
        return urls | hosts | {"mail_url": f"smtp://{mail}", "control_url": f"http://{api}/control"}

    def start(self) -> "StandIn":
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            if thread.is_alive():
                server.shutdown()
            server.server_close()


def main() -> None:
    """Prints the addresses as one JSON line and serves until it is told to end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mail-port", type=int, default=0)
    parser.add_argument("--page-limit", type=int, default=3, help="most rows on a page")
    parser.add_argument("--staff", action="append", metavar="E-MAIL[=ID]", help="may be given more than once")
    chosen = parser.parse_args()
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    stand_in = StandIn(tuple(chosen.staff or STAFF), chosen.port, chosen.mail_port, chosen.page_limit).start()
    print(json.dumps(stand_in.addresses()), flush=True)
    told_to_end.wait()
    stand_in.stop()


if __name__ == "__main__":
    main()
