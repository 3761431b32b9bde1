"""The service under a low limit of open files: viewers are turned away, Zoom is heard."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import urllib3
from sqlmodel import select

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import MB, held
from tests.archive.reviewing import Reviewing, reviewing
from tests.house import Home, a_home
from tests.servers import plain_s3
from tests.web.serving import event, signed_headers
from zoomguard.tables.watch import ZoomEvent

FILM_BYTES = 40 * MB  # More than the buffers of both sides take: who does not read keeps the stream open.


@pytest.fixture(scope="module")
def college(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("few") / "home") as home:
        held(home, size_bytes=FILM_BYTES)
        assert home.app.archive.run().exit == "done"
        yield home


@pytest.mark.parametrize(("most_files", "viewers"), [(128, 130), (64, 60)])
def test_fault_65_with_few_files_left_new_streams_get_503_and_the_webhook_is_served(
    college: Home, tmp_path: Path, most_files: int, viewers: int
) -> None:
    bucket = Bucket(college.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
    plain_s3.keep(bucket.s3, bucket.name, tmp_path)
    with plain_s3.serving(tmp_path) as s3, reviewing(college, s3.url, most_files=most_files) as service:
        with watching(service, rows.recordings(college)[0].short_id, viewers) as statuses:
            assert set(statuses) <= {200, 503} and 503 in statuses
            assert (200 in statuses) is (most_files == 128)
            before = events(college)
            assert [deliver(service, most_files + n) for n in range(5)] == [200] * 5
            assert events(college) == before + 5
            assert ask(service, "GET", "/recordings").status == 200
        assert "Too many open files" not in service.log
        assert service.fetch(rows.recordings(college)[0].short_id, tmp_path / "qa").code == (4, 0)[most_files == 128]


@contextmanager
def watching(service: Reviewing, short: str, viewers: int) -> Iterator[list[int]]:
    """So many who ask for a film, one after the other, and never read on nor go; the status that each was given."""
    play = ask(service, "POST", f"/recordings/{short}/plays", purpose="qa_review", reason="Weekly sample").json()[
        "play"
    ]
    number = next(o["number"] for o in play["objects"] if o["size"] == FILM_BYTES)
    head = f"GET /api/v1/plays/{play['id']}/objects/{number} HTTP/1.1\r\nHost: x\r\n"
    request = f"{head}Authorization: {service.bearer['Authorization']}\r\n\r\n".encode()
    with ExitStack() as stack:
        statuses = []
        for _ in range(viewers):
            connection = stack.enter_context(socket.create_connection(service.address, 30))
            connection.sendall(request)
            statuses.append(int(connection.recv(12)[9:]))
        yield statuses


def ask(service: Reviewing, method: str, path: str, **body: str) -> urllib3.BaseHTTPResponse:
    url = f"{service.url}/api/v1{path}"
    return urllib3.request(method, url, json=body or None, headers=service.bearer, timeout=30, retries=False)


def events(home: Home) -> int:
    """How many events of Zoom's are kept."""
    with home.house.database.reading() as tx:
        return len(tx.all(select(ZoomEvent)))


def deliver(service: Reviewing, number: int) -> int:
    """An event of Zoom's; the answer's status. Like Zoom it comes again after a 503, which may be a busy machine's."""
    settings = service.home.sandbox.settings()
    body = event(number=number, account=settings["ZOOMGUARD_ZOOM_ACCOUNT_ID"])
    headers = signed_headers(body, service.home.clock.now(), settings["ZOOMGUARD_ZOOM_WEBHOOK_SECRET"])
    url = f"{service.url}/webhooks/zoom"
    for _ in range(10):
        status = urllib3.request("POST", url, body=body, headers=headers, timeout=30, retries=False).status
        if status != 503:
            break
        time.sleep(0.2)
    return status
