"""One kept HTTP connection to S3: a body is written from where it lies, an answer is read up to a cap."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from botocore import exceptions as boto
from botocore.httpsession import create_urllib3_context, get_cert_path
from botocore.parsers import ResponseParserError

SLICE_BYTES = 1024 * 1024
CONTINUE_S = 1.0  # as boto3: servers that do not know the question say nothing
# The largest honest answer is a page of a list: 1000 keys of 1024 bytes, each byte written as three.
CAP_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Seconds for a connection to come about, and for each single reading or writing after that."""

    connect_s: float
    read_s: float


@dataclass(frozen=True)
class Answer:
    """A whole answer; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection(http.client.HTTPConnection):
    """A connection for one thread, and closed with it; opened anew where S3 has closed it. No proxy is asked."""

    auto_open = 0  # by http.client itself it would be opened without TLS

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, limits: Limits) -> None:
        super().__init__(host, port)
        self._tls, self._limits = tls, limits

    def __del__(self) -> None:
        self.close()

    def exchange(self, method: str, target: str, headers: Sequence[tuple[str, str]], content: memoryview) -> Answer:
        """One request and its answer, with errors as botocore's: EndpointConnectionError and ConnectTimeoutError
        where nothing was sent, SSLError, HTTPClientError and ResponseParserError where the answer is lost."""
        self._be_open()
        try:
            whole = self._write(method, target, headers, content)
            answer = self._read()
            if not whole and answer.status < 300:
                raise http.client.HTTPException("a yes before the end of the request")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise boto.HTTPClientError(error=type(error).__name__) from None
        except BaseException:
            self.close()
            raise
        if not whole:
            self.close()
        return answer

    def connect(self) -> None:
        """Opens it within the time for that; from then on each reading and writing has its own."""
        told = {"endpoint_url": self.host}
        try:
            opened = socket.create_connection((self.host, self.port), self._limits.connect_s)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.sock = self._tls.wrap_socket(opened, server_hostname=self.host) if self._tls else opened
        except ssl.SSLError as error:
            raise boto.SSLError(**told, error=error) from None
        except TimeoutError as error:
            raise boto.ConnectTimeoutError(**told, error=error) from None
        except OSError as error:
            raise boto.EndpointConnectionError(**told, error=error) from None
        self.sock.settimeout(self._limits.read_s)

    def _be_open(self) -> None:
        # A connection that should be silent and is not was closed by S3.
        if self.sock is not None and _readable(self.sock):
            self.close()
        if self.sock is None:
            self.connect()

    def _write(self, method: str, target: str, headers: Sequence[tuple[str, str]], content: memoryview) -> bool:
        """Writes the request; False where S3 stopped listening before its end, for then it has or may have answered."""
        self.response_class = http.client.HTTPResponse
        asks_first = content.nbytes > SLICE_BYTES
        self.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, said in (*headers, *([("Expect", "100-continue")] if asks_first else ())):
            self.putheader(name, said)
        try:
            self.endheaders()
            if asks_first and self._answered_already():
                return False
            # Python's time limit is for the whole of a sendall: small slices bear a slow line.
            for at in range(0, content.nbytes, SLICE_BYTES):
                self.send(content[at : at + SLICE_BYTES])
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def _answered_already(self) -> bool:
        """Whether S3 says anything but `100 Continue` (RFC 9110, 10.1.1) before it has the body; silence: go on.

        Over TLS, what S3 says while a body is sent is lost when it then closes the connection.
        """
        self.sock.settimeout(CONTINUE_S)
        early = http.client.HTTPResponse(self.sock)
        try:
            told = early.fp.peek(12)
        except TimeoutError:
            early.close()
            return False
        finally:
            self.sock.settimeout(self._limits.read_s)
        # What was looked at is still to be read, and lies in the buffer of this one. http.client only ever calls the
        # attribute; its type hint asks for a class.
        self.response_class = lambda *_, **__: early  # type: ignore[assignment]
        return told.split(b" ")[1:2] != [b"100"]

    def _read(self) -> Answer:
        with self.getresponse() as response:
            body = response.read(CAP_BYTES + 1)
            if len(body) > CAP_BYTES:
                raise ResponseParserError("The answer is too long.")
            # http.client says nothing of an answer that ends early when it is read up to a limit.
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            return Answer(response.status, {name.lower(): said for name, said in response.getheaders()}, body)


def context(ca_bundle: str | None) -> ssl.SSLContext:
    """TLS as boto3 does it: its ciphers, and the certificates of AWS_CA_BUNDLE or its own."""
    made: ssl.SSLContext = create_urllib3_context()
    made.check_hostname = True
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(cafile=ca_bundle or get_cert_path(True))
    return made


def _readable(kept: socket.socket) -> bool:
    poll = select.poll()
    poll.register(kept, select.POLLIN)
    return bool(poll.poll(0))
