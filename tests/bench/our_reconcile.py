"""Our side of the comparison: a database that knows the bags of tests.bench.bags, and `archive reconcile` over it.

    python -m tests.bench.our_reconcile prepare HOME RECORDINGS     makes the database, once
    python -m tests.bench.our_reconcile run HOME ENDPOINT BUCKET    compares; prints JSON

No teacher is on record, so Zoom is not asked. Every bag was looked at before: a thirtieth of them falls due.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from tests.bench import bags
from zoomguard.bootstrap import initialise, load_settings, migrate, open_house

AT = "2026-11-22 09:00:00.000000"
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")
NOWHERE = "http://127.0.0.1:9"
RECORDING = (
    "INSERT INTO recording (id, short_id, session_id, uuid, meeting_number, host_id, state, retention_class,"
    " retain_until_at, starts_at, terms_version, first_seen_at, restricted, bags, version)"
    " VALUES (?, ?, ?, ?, ?, 'host', 'archived', 'routine', ?, ?, 'bench', ?, 0, 1, 1)"
)
BAG = (
    "INSERT INTO bag (recording_id, number, prefix, begun_at, retain_until_at, sealed_at, checked_at, version)"
    " VALUES (?, 1, ?, ?, ?, ?, ?, 1)"
)
FILE = (
    "INSERT INTO recording_file (id, recording_id, zoom_file_key, type, recording_type, name, bag_number, state, key,"
    " s3_version_id, size, sha256, crc64nvme, attempts, last_error_code, version)"
    " VALUES (?, ?, '1', 'MP4', '', 'video.mp4', 1, 'verified', ?, ?, ?, '', '', 1, '', 1)"
)
TAG = (
    "INSERT INTO bag_file (recording_id, bag_number, path, position, content, size, sha256, s3_version_id)"
    " VALUES (?, 1, ?, ?, '', ?, '', ?)"
)


def environ(home: Path, endpoint: str = NOWHERE, bucket: str = "none") -> dict[str, str]:
    """The settings of the installation."""
    values = {
        "ENVIRONMENT": "sandbox",
        "HOME": str(home),
        "LOG_LEVEL": "ERROR",
        "ZOOM_API_URL": f"{NOWHERE}/v2",
        "ZOOM_OAUTH_URL": f"{NOWHERE}/oauth/token",
        "S3_ENDPOINT_URL": endpoint,
        "S3_BUCKET": bucket,
        "S3_REGION": "eu-west-2",
    }
    return {f"ZOOMGUARD_{name}": value for name, value in values.items()}


def prepare(home: Path, recordings: int) -> None:
    """An installation with so many archived recordings."""
    initialise({k: v for k, v in environ(home).items() if "S3" not in k}, organisation="Bench")
    migrate(load_settings(environ(home), {}))
    with sqlite3.connect(home / "zoomguard.db") as connection:
        connection.executemany(RECORDING, map(_recording, range(recordings)))
        connection.executemany(BAG, map(_bag, range(recordings)))
        connection.executemany(FILE, map(_file, range(recordings)))
        connection.executemany(TAG, (row for number in range(recordings) for row in _tags(number)))


def run(home: Path, endpoint: str, bucket: str) -> dict[str, object]:
    """One comparison."""
    with open_house(load_settings(environ(home, endpoint, bucket), {})) as house:
        report = house.app.archive.reconcile()
    peak = PEAK.search(Path("/proc/self/status").read_text())
    return {
        "exit": report.exit,
        "objects": report.objects,
        "bags_checked": report.bags_checked,
        "object_reads": report.object_reads,
        "peak_kb": int(peak[1]) if peak else 0,
    }


def _recording(number: int) -> tuple[object, ...]:
    begun_at = _text(number)
    ids = (bags.recording_id(number), f"R-{number}", bags.session_id(number), f"uuid{number}", number)
    return (*ids, f"{bags.KEPT_UNTIL:%Y-%m-%d %H:%M:%S.%f}", begun_at, begun_at)


def _bag(number: int) -> tuple[object, ...]:
    until = f"{bags.KEPT_UNTIL:%Y-%m-%d %H:%M:%S.%f}"
    return bags.recording_id(number), bags.prefix(number), _text(number), until, _text(number), AT


def _file(number: int) -> tuple[object, ...]:
    key = f"{bags.prefix(number)}data/video.mp4"
    return f"F{number}", bags.recording_id(number), key, bags.version_id(key), bags.size_of(key)


def _tags(number: int) -> Iterator[tuple[object, ...]]:
    for position, name in enumerate(n for n in bags.NAMES if not n.startswith("data/")):
        key = bags.prefix(number) + name
        yield bags.recording_id(number), name, position, bags.size_of(key), bags.version_id(key)


def _text(number: int) -> str:
    return f"{bags.starts_at(number) + timedelta(hours=1):%Y-%m-%d %H:%M:%S.%f}"


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(run(Path(sys.argv[2]), *sys.argv[3:])))
