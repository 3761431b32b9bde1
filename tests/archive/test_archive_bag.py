"""What stands in the bucket after one session was archived: a film of three parts, sound, transcript and chat."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import THREE_PARTS, held
from tests.archive.s3_proxy import S3Proxy, proxied_moto
from tests.house import Home, a_home
from zoomguard.domain.bag import KEY
from zoomguard.sandbox.people import CHILDREN, GUARDIANS, STAFF


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Proxy]:
    with proxied_moto() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory, s3: S3Proxy) -> Iterator[Home]:
    """An installation that has archived one session."""
    with a_home(tmp_path_factory.mktemp("archived") / "home", ZOOMGUARD_S3_ENDPOINT_URL=s3.url) as home:
        held(home, size_bytes=THREE_PARTS)
        tally = home.app.archive.run()
        assert tally.exit == "done", tally
        yield home


@pytest.fixture(scope="module")
def full(archived: Home, s3: S3Proxy) -> Bucket:
    return Bucket(s3.url)


def test_a_held_session_becomes_one_valid_bag(archived: Home, full: Bucket, tmp_path: Path) -> None:
    (bag,) = full.bags(tmp_path).values()
    assert set(bag.payload_files()) == {f"data/{n}" for n in ("video.mp4", "audio.m4a", "transcript.vtt", "chat.txt")}
    assert bag.info["External-Identifier"] == bag.info["Bag-Group-Identifier"] == rows.recordings(archived)[0].id
    video = next(f for f in archived.sandbox._zoom.state.recordings.values()).files[0].medium
    assert video.size_bytes == THREE_PARTS
    assert bag.payload_entries()["data/video.mp4"]["sha256"] == video.sha256()
    assert full.unfinished() == []


def test_the_mark_of_a_bag_is_put_last(archived: Home, s3: S3Proxy) -> None:
    asked = [a for a in s3.asked if a.startswith(("PUT", "POST")) and "/b001/" in a]
    written = [a.split("/b001/")[1] for a in asked]
    put = [path.partition("?")[0] for path in written if not path.endswith("retention")]
    assert put[-1] == "tagmanifest-sha256.txt"
    assert put.count("tagmanifest-sha256.txt") == 1
    payload = [path.startswith("data/") for path in put]
    assert payload == sorted(payload, reverse=True), "the payload comes before the tag files"


def test_every_version_is_locked_until_the_end_of_retention(archived: Home, full: Bucket) -> None:
    """moto drops the lock of a multipart upload, so that the video proves the repair."""
    kept = {v.path: v for v in full.versions()}
    said = json.loads(full.read(kept["metadata/recording.json"]))
    until_at = datetime.fromisoformat(said["retain_until"])
    ends_at = datetime.fromisoformat(said["retention_start"])
    assert until_at == ends_at + timedelta(days=90) and until_at.tzinfo is not None and not until_at.microsecond
    assert len(kept) == 9
    for version in kept.values():
        head = full.head(version)
        assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until_at), version.path


def test_keys_metadata_and_tags_are_as_agreed_and_hold_our_ids_only(archived: Home, full: Bucket) -> None:
    (recording,), files = rows.recordings(archived), {f.name: f.id for f in rows.files(archived)}
    assert recording.retain_until_at is not None
    until = recording.retain_until_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for version in full.versions():
        assert KEY.fullmatch(version.key)
        assert version.key.split("/")[1:5] == ["2026", recording.session_id, recording.id, "b001"]
        head = full.head(version)
        metadata = head["Metadata"]
        assert set(metadata) == {"schema", "recording-id", "file-id", "retention-class", "retain-until"}
        assert metadata["recording-id"] == recording.id
        assert (metadata["retention-class"], metadata["retain-until"]) == ("routine", until)
        assert full.tags(version) == {"zg-class": "routine", "zg-retain-until": until}
        if version.path.startswith("data/"):
            assert metadata["file-id"] == files[version.path.removeprefix("data/")]


def test_no_name_and_no_address_leaves_with_a_bag(full: Bucket) -> None:
    people: tuple[Any, ...] = (*CHILDREN, *GUARDIANS, *STAFF)
    words = {w for p in people for w in (p.known_as, p.family_name, p.email, getattr(p, "reference", "")) if len(w) > 2}
    told = ""
    for version in full.versions():
        told += f"{version.key} {full.head(version)['Metadata']} {full.tags(version)} "
        if not version.path.startswith("data/"):
            told += full.read(version).decode()
    for word in words:
        assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", told, re.IGNORECASE), word


def test_recording_json_says_what_was_agreed(archived: Home, full: Bucket) -> None:
    kept = {v.path: v for v in full.versions()}
    said = json.loads(full.read(kept["metadata/recording.json"]))
    assert said["schema"] == "zoomguard/recording/1"
    assert said["coverage"] == {"state": "unknown"}
    assert len(said["consent_event_ids"]) >= 10
    assert len(said["session"]["child_ids"]) == 5
    assert {f["path"]: f["s3_version_id"] for f in said["files"]} == {
        p: v.version_id for p, v in kept.items() if p.startswith("data/")
    }
    assert all(f["size"] == f["zoom_size"] for f in said["files"])
    assert not {"hold", "holds", "disposal", "state"} & set(said)


def test_a_second_run_copies_nothing_and_asks_for_no_bytes(archived: Home, full: Bucket) -> None:
    versions, asked = full.versions(), rows.downloads(archived)
    tally = archived.app.archive.run()
    assert (tally.exit, tally.copied, tally.sealed, tally.safe) == ("done", 0, 0, 4)
    assert full.versions() == versions
    assert rows.downloads(archived) == asked == 4
