"""Cloud recordings, by the UUID of one meeting instance: a number would mean the newest instance only.

GET /users/{userId}/recordings and GET /meetings/{meetingId}/recordings, developers.zoom.us/docs/api/meetings.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta

from zoomguard.adapters import zoom_errors
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.http import Http
from zoomguard.adapters.zoom_calls import Json, Value, ZoomCalls, segment, uuid_segment
from zoomguard.adapters.zoom_downloads import ZoomDownloads
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.application.ports import Download
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.recordings import ListedFile, ListedRecording
from zoomguard.domain.times import parse_iso

WINDOW = timedelta(days=28)  # Zoom lists one month at most and silently cuts a longer window
BEGINNINGS = 4  # of one list, where Zoom lets the token of a page end before the next page is asked for
TOKEN_LIFE_S = 4 * 3600
SPARES = 2000
LARGEST = 1 << 63  # what no column of a database takes, and no file has
NUMBER = re.compile(r"[0-9]{1,18}")
# Files of single voices are listed apart and without a recording_type; webhooks call them so.
SINGLE_VOICE = "audio_only_each_participant"


class ZoomRecordings:
    """Lists recordings and opens their files."""

    def __init__(self, calls: ZoomCalls, http: Http, token: ZoomToken, hosts: Hosts) -> None:
        self._calls = calls
        self._downloads = ZoomDownloads(http, token, hosts, calls.clock)
        self._spares: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def listed(self, host: str, from_on: date, to_on: date) -> Iterator[ListedRecording]:
        """All recordings of a host with a start date in the window, both days included, each of them once.

        A row that cannot be read is an OutsideFailed, after all the others have been given.
        """
        seen, unreadable = set[str](), 0
        for first, last in _windows(from_on, to_on):
            for row in self._rows(host, {"from": first.isoformat(), "to": last.isoformat()}):
                name = _text(row, "uuid") or repr(row)
                if name in seen:
                    continue
                seen.add(name)
                recording = recording_of(row)
                if recording is None:
                    unreadable += 1
                else:
                    yield recording
        if unreadable:
            message = f"{unreadable} recording(s) in Zoom's list cannot be read."
            raise OutsideFailed(message, "Report it.", code="ZOOM_ANSWER")

    def _rows(self, host: str, window: Mapping[str, Value]) -> Iterator[Json]:
        """The rows of one list, from its first page again where Zoom ended it in the middle: some come twice."""
        for beginning in range(1, BEGINNINGS + 1):
            begun = False
            try:
                for row in self._calls.items(f"/users/{segment(host)}/recordings", "meetings", window):
                    begun = True
                    yield row
                return
            except OutsideFailed as error:
                # Before the first row there was no token of ours that could have ended.
                if error.code != zoom_errors.PAGE_TOKEN or not begun or beginning == BEGINNINGS:
                    raise

    def of_meeting(self, uuid: str) -> ListedRecording | None:
        """The recording of one meeting instance, freshly listed, or None where Zoom has none (3301)."""
        query: dict[str, Value] = {"include_fields": "download_access_token", "ttl": TOKEN_LIFE_S}
        try:
            row = self._calls.read(f"/meetings/{uuid_segment(uuid)}/recordings", query)
        except OutsideFailed as error:
            if error.code == "ZOOM_NO_RECORDING":
                return None
            raise
        recording = recording_of(row)
        if recording is None or recording.uuid != uuid:
            raise zoom_errors.unusable(200, changes=False)
        self._keep(row.get("download_access_token"), recording)
        return recording

    def open(self, url: str, offset: int, etag: str = "") -> AbstractContextManager[Download]:
        """Streams a file from `offset` bytes on, from the beginning where its entity tag is another by now;
        redirects only to hosts on our lists."""
        with self._lock:
            spare = self._spares.get(url)
        return self._downloads.open(url, offset, spare, etag)

    def _keep(self, token: object, recording: ListedRecording) -> None:
        """Remembers the recording's own token for its links, in memory only."""
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            return
        with self._lock:
            for file in recording.files:
                self._spares.pop(file.download_url, None)
                self._spares[file.download_url] = token
            while len(self._spares) > SPARES:
                self._spares.popitem(last=False)


def recording_of(row: Mapping[str, object]) -> ListedRecording | None:
    """The recording in a row of Zoom's, or None where it lacks its UUID, number or start."""
    files = _files(row)
    starts = [f.recorded_from_at for f in files if f.recorded_from_at is not None]
    started_at = _moment(row.get("start_time")) or min(starts, default=None)
    uuid, number = _text(row, "uuid"), _text(row, "id")
    if not uuid or not NUMBER.fullmatch(number) or started_at is None:
        return None
    return ListedRecording(uuid, int(number), _text(row, "host_id"), _text(row, "topic"), started_at, files)


def _files(row: Mapping[str, object]) -> tuple[ListedFile, ...]:
    found: dict[str, ListedFile] = {}
    for field, kind in (("recording_files", ""), ("participant_audio_files", SINGLE_VOICE)):
        rows = row.get(field)
        for each in rows if isinstance(rows, list) else ():
            if isinstance(each, dict):
                _add(found, each, kind)
    return tuple(found.values())


def _add(found: dict[str, ListedFile], row: Json, kind: str) -> None:
    """Zoom gives captions and time lines no id; two of a kind and start are still two files."""
    plain = _text(row, "id") or f"{_text(row, 'file_type')}:{_text(row, 'recording_start')}"
    plain = plain.replace("~", "%7E")  # which stands before a number of ours
    key, number = plain, 1
    while key in found:
        if _text(row, "id") or found[key].download_url == _text(row, "download_url"):
            return
        number += 1
        key = f"{plain}:{number}"
    found[key] = _file(key, row, kind)


def _file(key: str, row: Json, kind: str) -> ListedFile:
    size = row.get("file_size")
    return ListedFile(
        key=key,
        zoom_file_id=_text(row, "id") or None,
        type=_text(row, "file_type"),
        recording_type=_text(row, "recording_type") or kind,
        extension=_text(row, "file_extension"),
        size=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < LARGEST else None,
        status=_text(row, "status"),
        recorded_from_at=_moment(row.get("recording_start")),
        recorded_to_at=_moment(row.get("recording_end")),
        download_url=_text(row, "download_url"),
    )


def _windows(from_on: date, to_on: date) -> Iterator[tuple[date, date]]:
    while from_on <= to_on:
        last = min(to_on, from_on + WINDOW - timedelta(days=1))
        yield from_on, last
        from_on = last + timedelta(days=1)


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    # What is not printable (a NUL, half a surrogate pair) neither a database nor a URL takes.
    return value if isinstance(value, str) and value.isprintable() else ""


def _moment(value: object) -> datetime | None:
    """Zoom gives UTC, with or without the Z."""
    if not isinstance(value, str) or not value:
        return None
    try:
        return parse_iso(value).astimezone(UTC)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except ValueError:
        return None
