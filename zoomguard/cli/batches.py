"""A series or a timetable: sent whole, watched while the service works on it, and told row by row."""

from __future__ import annotations

import contextlib
import secrets
import sys
import time
from collections.abc import Callable

from zoomguard.cli import batch_text, errors_file, files, server, show
from zoomguard.cli.answers import Declined, Said
from zoomguard.cli.client import Client, segment
from zoomguard.cli.progress import Progress
from zoomguard.domain.errors import BadInput, OutsideFailed

MOST_BYTES = 1024 * 1024
PAUSE_S = 1.0
LOOKS = 5
# A worse row decides the exit code of all.
EXIT_OF_OUTCOME = {"failed": show.OUTSIDE, "refused": show.REFUSED}


def of_file(name: str, dry_run: bool, as_json: bool) -> int:
    """Sends a timetable. The refused rows are left beside it, each with its reason."""
    content = files.content_of(name, MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        remedy = 'Save it as "CSV UTF-8 (comma delimited)".'
        raise BadInput("The file is not UTF-8.", remedy, code="CSV_ENCODING") from None
    answer = _sent({"kind": "csv", "text": text}, dry_run, as_json)
    left = errors_file.written(name, text, batch_text.refused_rows(answer))
    return _told(answer, batch_text.File(name, left), dry_run, as_json)


def of_series(ask: dict[str, object], until: str, dry_run: bool, as_json: bool) -> int:
    """Sends one lesson and the last day of its series."""
    answer = _sent({"kind": "series", "ask": ask, "weekly_until": until}, dry_run, as_json)
    return _told(answer, batch_text.File(zone=str(ask["timezone"])), dry_run, as_json)


def watched(batch: str, as_json: bool) -> int:
    """Watches a batch that was sent before."""
    client = server.connect()
    answer = _watched(client, client.get(_path(batch)), as_json)
    return _told(answer, batch_text.File(), dry_run=False, as_json=as_json)


def _sent(body: dict[str, object], dry_run: bool, as_json: bool) -> Said:
    client = server.connect()
    # A fresh key: what was done before is known by the rows themselves.
    key = f"cli-{secrets.token_hex(16)}"
    answer = client.send("POST", "/batches", body | {"dry_run": dry_run}, key=key).said()
    return answer if dry_run else _watched(client, answer, as_json)


def _told(answer: Said, file: batch_text.File, dry_run: bool, as_json: bool) -> int:
    show.out(batch_text.result(answer, file, dry_run), as_json)
    if as_json:
        show.document(answer.document)
    return show.worst(EXIT_OF_OUTCOME.get(row.text("outcome"), show.DONE) for row in answer.parts("rows"))


def _watched(client: Client, answer: Said, as_json: bool) -> Said:
    """The answer of a batch that has ended. Whatever stops the watching does not stop the batch."""
    id = answer.needed("batch").raw("id")
    again = f"zoomguard schedule --batch {id}"
    try:
        with Progress(sys.stderr) as progress:
            return _ended(client, answer, batch_text.Counter(time.monotonic), progress.say)
    except KeyboardInterrupt:
        words = "You no longer watch; the service goes on by itself"
        raise Declined(show.INTERRUPTED, "INTERRUPTED", words, f"Look again: {again}") from None
    except (OutsideFailed, Declined) as error:
        error.remedy = f"{error.remedy} What was begun goes on by itself. Look again: {again}"
        raise


def _ended(client: Client, answer: Said, counter: batch_text.Counter, say: Callable[[str], None]) -> Said:
    batch = answer.needed("batch")
    path = _path(batch.raw("id"))
    while not ended(batch):
        say(counter.line(answer))
        answer = _looked(client, path)
        batch = answer.needed("batch")
    return answer


def _looked(client: Client, path: str) -> Said:
    """The next look at a batch. A service that is away for a moment is asked again."""
    for _ in range(LOOKS - 1):
        time.sleep(PAUSE_S)
        with contextlib.suppress(OutsideFailed):
            reply = client.send("GET", path)
            if reply.status < 500:
                return reply.said()
    time.sleep(PAUSE_S)
    return client.get(path)


def ended(batch: Said) -> bool:
    """Whether nothing is left to do; the service says so by yes, or by when."""
    return batch.text("ended") not in ("", "no")


def _path(batch: str) -> str:
    return f"/batches/{segment(batch)}"
