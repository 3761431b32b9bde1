"""moto made worse on purpose: an S3 that keeps versions and does not hold what it says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

Environ = dict[str, Any]
# Says whether the request goes on to moto, after it was changed; otherwise it is answered 200 and nothing is done.
Worsening = Callable[[Environ], bool]


@contextmanager
def worsened(worsen: Worsening) -> Iterator[str]:
    """The address of a server over the moto of this process, each of whose requests `worsen` sees first."""
    moto = DomainDispatcherApplication(create_backend_app)

    def answer(environ: Environ, start_response: Any) -> Iterable[bytes]:
        if worsen(environ):
            answered: Iterable[bytes] = moto(environ, start_response)
            return answered
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def forgets_locks(environ: Environ) -> bool:
    """Takes every lock and hold, and keeps none."""
    for header in [name for name in environ if name.startswith("HTTP_X_AMZ_OBJECT_LOCK")]:
        del environ[header]
    return not environ["QUERY_STRING"].startswith(("retention", "legal-hold"))


def deletes_in_spite_of_locks(environ: Environ) -> bool:
    """Shows every lock, and bypasses it."""
    environ["HTTP_X_AMZ_BYPASS_GOVERNANCE_RETENTION"] = "true"
    return True


def never_lets_go(environ: Environ) -> bool:
    """Lifts no hold."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    return b"<Status>OFF</Status>" not in body


def knows_no_parts(environ: Environ) -> bool:
    """Answers every read with the whole object, and writes whatever the condition."""
    environ.pop("HTTP_RANGE", None)
    environ.pop("HTTP_IF_NONE_MATCH", None)
    return True
