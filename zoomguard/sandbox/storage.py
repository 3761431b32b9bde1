"""S3 on loopback: moto's server, whose buckets live in this process."""

import logging
import threading

from moto.backends import get_backend
from moto.server import create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

# moto's own threaded server looks twice a second whether it is to stop; tests start and stop hundreds.
LOOKS_EVERY_S = 0.02


class Storage:
    """One S3 endpoint without accounts: any access key is good.

    moto keeps one state for each process, so two of them at once see the same buckets.
    """

    def __init__(self) -> None:
        self._server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`. RuntimeError before start()."""
        if self._server is None:
            raise RuntimeError("the storage has not been started")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> "Storage":
        """Listen on a free port of 127.0.0.1; a second start changes nothing."""
        if self._server is None:
            # werkzeug prints a line for every request unless its logger has a level.
            logging.getLogger("werkzeug").setLevel(logging.WARNING)
            # S3 alone: moto's dispatcher, which finds the service of each request, lists its own folders for it.
            self._server = make_server("127.0.0.1", 0, create_backend_app("s3"), threaded=True)
            threading.Thread(
                target=self._server.serve_forever, args=(LOOKS_EVERY_S,), name="storage", daemon=True
            ).start()
        return self

    def stop(self) -> None:
        """Stop listening and forget every bucket of this process."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            get_backend("s3").reset()
