"""`zoomguard doctor storage` as an operator runs it, and the archive before an S3 that says no."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from tests.adapters.vaults import new_name
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held
from tests.cli.caller import Terminal
from tests.house import Home
from tests.servers import rclone
from tests.servers.shared import free_port


@pytest.fixture
def terminal(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The operator's, on the machine of the installation."""
    for name, value in home.environ.items():
        monkeypatch.setenv(name, value)
    return Terminal(home.path, capsys, monkeypatch)


def narrow(said: str) -> bool:
    return all(len(line) <= 80 for line in said.splitlines())


def test_the_sandbox_can_keep_evidence_and_says_so_in_its_last_line(terminal: Terminal, bucket: Bucket) -> None:
    said = terminal.run("doctor", "storage")
    assert said.code == 0 and said.err == "" and narrow(said.out), said
    assert said.out.splitlines()[-1].startswith("Evidence can be kept here; ")
    assert "warning  no_right_to_bypass" in said.out
    assert bucket.versions("v1-probe/") == []


def test_programs_get_one_document_and_people_the_words(terminal: Terminal) -> None:
    said = terminal.run("doctor", "storage", "--json")
    document = said.document
    assert (said.code, document["schema"], document["outcome"]) == (0, "zoomguard/1", "kept")
    names = [p["name"] for p in document["probes"]]
    assert len(names) == len(set(names)) and {"versions_kept", "lock_on_put", "legal_hold"} <= set(names)
    assert said.err.splitlines()[-1] == document["verdict"] and narrow(said.err)
    told = [(p["outcome"], p["name"]) for p in document["probes"]]
    assert ("warning", "no_right_to_bypass") in told
    lines = [tuple(line.split()[:2]) for line in said.err.splitlines() if line[:1].strip()]
    assert lines[: len(told)] == told


def test_what_the_keys_may_not_take_away_is_named_with_its_time(terminal: Terminal, bucket: Bucket) -> None:
    deny(bucket, "s3:DeleteObject", "v1-probe/*")
    said = terminal.run("doctor", "storage", "--json")
    left = said.document["left"]
    assert {(v.key, v.version_id) for v in bucket.versions("v1-probe/")} == {(o["key"], o["version_id"]) for o in left}
    locked = [o for o in left if o["locked_until"]]
    assert sorted(o["key"].rpartition("/")[2] for o in locked) == ["locked", "multipart"]
    words = " ".join(terminal.run("doctor", "storage").out.split())
    assert words.count("): locked until ") == 2 and words.count("): it could not be removed") == len(left) - 2


def test_an_s3_that_cannot_be_reached_is_4(terminal: Terminal) -> None:
    terminal.environ.setenv("ZOOMGUARD_S3_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    said = terminal.run("doctor", "storage", "--json")
    assert (said.code, said.document["outcome"]) == (4, "unknown")
    assert "[S3_UNREACHABLE]" in said.err.replace("\n             ", " ") and narrow(said.err)


def test_keys_that_are_refused_are_4_with_what_to_do(terminal: Terminal, rclone_url: str) -> None:
    at_rclone(terminal, rclone_url, secret="wrong")
    said = terminal.run("doctor", "storage")
    assert said.code == 4 and "[S3_FORBIDDEN]" in said.out and "Do: Check the keys" in said.out


def test_fault_47_an_s3_that_lies_about_locks_and_has_no_versions_is_refused(
    terminal: Terminal, rclone_url: str
) -> None:
    at_rclone(terminal, rclone_url, secret=rclone.SECRET_KEY)
    said = terminal.run("doctor", "storage")
    assert said.code == 1 and narrow(said.out)
    assert "fail     versions_kept" in said.out and "fail     lock_on_put" in said.out
    assert said.out.splitlines()[-1].startswith("Evidence cannot be kept here: ")


def at_rclone(terminal: Terminal, url: str, *, secret: str) -> None:
    terminal.environ.setenv("ZOOMGUARD_S3_ENDPOINT_URL", url)
    name = new_name()
    keys = {"aws_access_key_id": rclone.ACCESS_KEY, "aws_secret_access_key": rclone.SECRET_KEY}
    boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys).create_bucket(Bucket=name)
    terminal.environ.setenv("ZOOMGUARD_S3_BUCKET", name)
    terminal.environ.setenv("AWS_ACCESS_KEY_ID", rclone.ACCESS_KEY)
    terminal.environ.setenv("AWS_SECRET_ACCESS_KEY", secret)


def deny(bucket: Bucket, action: str, keys: str) -> None:
    """A bucket policy that forbids an action to everybody; moto obeys it."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket.name}/{keys}"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    bucket.s3.put_bucket_policy(Bucket=bucket.name, Policy=policy)


def test_fault_49_an_s3_that_forbids_in_mid_run_stops_the_archive_and_nothing_is_lost(
    terminal: Terminal, home: Home, bucket: Bucket
) -> None:
    held(home, size_bytes=TWO_PARTS)

    def forbid(*_: Any) -> None:
        deny(bucket, "s3:PutObject", "v1/*")

    tally = home.app.archive.run(progress=forbid)
    assert (tally.exit, tally.copied, list(tally.postponed.values())) == ("postponed", 0, ["S3_FORBIDDEN"]), tally
    said = terminal.run("archive", "--quiet")  # as cron runs it: silent unless something is wrong
    assert said.code == 4 and f"postponed  {next(iter(tally.postponed))}  S3_FORBIDDEN" in said.out
    assert [c for c in home.zoom_calls() if c.startswith("DELETE")] == []
    assert bucket.sealed() == [] and bucket.unfinished() == []
    bucket.s3.delete_bucket_policy(Bucket=bucket.name)
    assert terminal.run("archive").code == 0
    assert len(bucket.sealed()) == 1 and len(bucket.keys()) == len(set(bucket.keys()))
    assert [c for c in home.zoom_calls() if c.startswith("DELETE")] == []
