"""Our copy of one file, by the service's own Flow and adapters; prints one JSON line of what came of it.

`python -m tests.bench.our_copy --source URL --sink URL --ca PEM --size BYTES --key KEY`. One thing is not as in the
service: it knows the machine's authorities only, so the run's own is handed to its sessions here.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench.stages import WHOLE, Stages, sampled
from zoomguard.adapters.clock import SystemClock
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.http import Http
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.adapters.zoom_calls import ZoomCalls
from zoomguard.adapters.zoom_recordings import ZoomRecordings
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.application.archive_flow import Copied, Flow
from zoomguard.application.archive_pace import Pace
from zoomguard.application.archive_parts import ArchiveParts
from zoomguard.domain.bandwidth import Bandwidth
from zoomguard.domain.recordings import FileState, ListedFile, RecordingState, RetentionClass
from zoomguard.rules.terms import Terms
from zoomguard.tables.database import refuse_inside_transaction
from zoomguard.tables.recordings import Bag, Recording, RecordingFile

NOW, KEPT_UNTIL = datetime(2026, 11, 23, 9, tzinfo=UTC), datetime(2027, 11, 23, tzinfo=UTC)
UNCAPPED = Terms("bench", bandwidth=Bandwidth(megabits_per_second=0))
BUCKET, WARM_BYTES = "bench", 1_000_000
PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def parts_of(recordings: Any, vault: Any) -> ArchiveParts:
    """What Flow works with; it needs nothing of the rest."""
    unused: Any = None
    return ArchiveParts(
        database=unused,
        clock=SystemClock(),
        claims=unused,
        seals=unused,
        terms=unused,
        recordings=recordings,
        attendance=unused,
        vault=vault,
        pace=Pace(SystemClock(), UNCAPPED),
        version="bench",
    )


def copy(recordings: Any, vault: Any, source: str, size: int, key: str) -> Copied:
    """One run of the flow."""
    recording, bag, file = _rows(size, key)
    address = f"{source}/files/{size}.mp4"
    listed = ListedFile("1", "1", "MP4", "shared_screen", "MP4", size, "completed", NOW, NOW, address)
    return Flow(parts_of(recordings, vault), recording, bag, file, listed, lambda *_: None, lambda *_: None).run()


def recordings_at(source: str, ca: str) -> ZoomRecordings:
    """Zoom's edge, as bootstrap builds it."""
    hosts = Hosts((urlsplit(source).netloc,), (), sandbox=True)
    http, downloads = Http(refuse_inside_transaction), Http(refuse_inside_transaction, admits=hosts.admits)
    token = ZoomToken(http, f"{source}/oauth/token", "account", "id", "secret", SystemClock())
    made = ZoomRecordings(ZoomCalls(http, token, f"{source}/v2", SystemClock()), downloads, token, hosts)
    for each in (http, made._downloads._http):
        each._session.verify = ca
    return made


def vault_at(sink: str) -> S3Vault:
    """The bucket, as bootstrap builds it; boto3 finds the authority in AWS_CA_BUNDLE."""
    return S3Vault(
        BUCKET,
        endpoint_url=sink,
        region="eu-west-2",
        kms_key_id=None,
        access_key="bench",
        secret_key="bench-secret",
        guard=refuse_inside_transaction,
        clock=SystemClock(),
    )


def _rows(size: int, key: str) -> tuple[Recording, Bag, RecordingFile]:
    its = {"id": "01R", "short_id": "R-1", "uuid": "u", "meeting_number": 1, "host_id": "h", "terms_version": "1"}
    kept = {"state": RecordingState.COPYING, "retention_class": RetentionClass.ROUTINE, "retain_until_at": KEPT_UNTIL}
    recording = Recording(**its, **kept, starts_at=NOW, first_seen_at=NOW)
    bag = Bag(recording_id="01R", number=1, prefix="", begun_at=NOW, retain_until_at=KEPT_UNTIL)
    named = {"id": "01F", "recording_id": "01R", "zoom_file_key": "1", "type": "MP4", "name": "video.mp4"}
    file = RecordingFile(**named, zoom_size=size, bag_number=1, state=FileState.COPYING, key=key)
    return recording, bag, file


def main() -> int:
    """Copies, and says size, SHA-256, version and the peak of memory in KiB; with --stages the CPU of each."""
    parser = argparse.ArgumentParser()
    for name in ("source", "sink", "ca", "key"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--size", type=int, required=True, help="bytes")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--perf", help="where perf is to write its samples")
    chosen = parser.parse_args()
    recordings, vault = recordings_at(chosen.source, chosen.ca), vault_at(chosen.sink)
    stages, seen = Stages(), (recordings, vault)
    if chosen.stages or chosen.perf:  # what is needed once is not of interest then
        copy(*seen, chosen.source, WARM_BYTES, f"{chosen.key}.warm")
    if chosen.stages:
        seen = stages.watching(*seen)
    with sampled(chosen.perf), stages.named(WHOLE):
        copied = copy(*seen, chosen.source, chosen.size, chosen.key)
    peak = PEAK.search(Path("/proc/self/status").read_text())
    said = {"size": copied.size, "sha256": copied.sha256, "version_id": copied.version_id}
    print(json.dumps(said | {"peak_kib": int(peak[1]) if peak else None, "stages": stages.spent()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
