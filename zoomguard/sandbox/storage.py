"""S3 on loopback: moto's server, whose buckets live in this process."""

import logging

from moto.backends import get_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer


class Storage:
    """One S3 endpoint without accounts: any access key is good.

    moto keeps one state for each process, so two of them at once see the same buckets.
    """

    def __init__(self) -> None:
        self._server: ThreadedMotoServer | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`. RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("the storage has not been started")
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def start(self) -> "Storage":
        """Listen on a free port of 127.0.0.1; a second start changes nothing."""
        if self._server is None:
            # werkzeug prints a line for every request unless its logger has a level.
            logging.getLogger("werkzeug").setLevel(logging.WARNING)
            server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
            server.start()
            self._server = server
        return self

    def stop(self) -> None:
        """Stop listening and forget every bucket of this process."""
        if self._server is not None:
            self._server.stop()
            self._server = None
            get_backend("s3").reset()
