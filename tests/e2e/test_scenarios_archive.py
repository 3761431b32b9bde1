"""Scenarios of the archive, seen from outside: a bag that proves itself, what comes late, and what never comes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.archive.bucket import Bucket
from tests.archive.s3_proxy import S3Proxy, proxied_moto
from tests.e2e.evidence import (
    agreed,
    archive,
    bucket,
    downloads,
    hashes,
    hold,
    sealed,
    start_again,
    true_hashes,
    uncapped,
    without_service,
)
from tests.e2e.stage import DEP, DSL, EC, O2, T2, Stage, a_stage
from tests.e2e.town import REVIEWER, wait_for

KEY = re.compile(r"v1/\d{4}/[0-9A-HJKMNP-TV-Z]{26}/[0-9A-HJKMNP-TV-Z]{26}/b\d{3}/[a-z0-9./-]+")
LEADS = {"i.hale", "b.noor", "j.fairley", "s.okoro"}
# More than one part of a multipart upload.
FILM_BYTES = 18_000_000


@pytest.fixture
def new_stage(tmp_path: Path, stage_home: Path) -> Iterator[Callable[..., Stage]]:
    """`new_stage(**settings)` gives a stage of one's own, whose bucket nobody else sees."""
    with ExitStack() as stack:

        def make(**settings: str) -> Stage:
            return stack.enter_context(a_stage(tmp_path, stage_home, uncapped, **settings))

        yield make


@pytest.fixture
def alone(new_stage: Callable[..., Stage]) -> Stage:
    """A stage of one's own."""
    return new_stage()


def recordings(stage: Stage, by: str = REVIEWER) -> list[dict[str, Any]]:
    """`recordings list`."""
    ran = stage.zg("recordings", "list", by=by)
    assert ran.code == 0
    listed: list[dict[str, Any]] = ran.said["recordings"]
    return listed


# A bag that proves itself -------------------------------------------------------------------------------------------


def test_scenario_48_a_bag_proves_itself(new_stage: Callable[..., Stage], tmp_path: Path) -> None:
    """zoomguard does not put Zoom's own copy into the trash yet, so here nothing is ever deleted at Zoom."""
    with proxied_moto() as s3:
        stage = new_stage(S3_ENDPOINT_URL=s3.url)
        session = agreed(stage)
        with without_service(stage.town):
            hold(stage.town, session, size_bytes=FILM_BYTES)
            writes = stage.town.zoom_writes()
            ran = archive(stage.town)
            assert (ran.code, ran.said["copied"], ran.said["sealed"]) == (0, 4, 1)
            there = bucket(stage.town)
            must_prove_itself(stage, there, session, tmp_path)
            assert put(s3)[-1] == "tagmanifest-sha256.txt" and put(s3).count("tagmanifest-sha256.txt") == 1
            before, asked = there.versions(), downloads(stage.town)
            again = archive(stage.town)
            assert (again.code, again.said["copied"], again.said["safe"]) == (0, 0, 4)
            assert there.versions() == before and downloads(stage.town) == asked and len(asked) == 4
            assert stage.town.zoom_writes() == writes
            assert stage.town.zg("archive", "verify", "--all").code == 0
        (listed,) = recordings(stage)
        assert (listed["session"], listed["state"]) == (session["short_id"], "archived")
        assert not [c for c in stage.town.control("GET", "calls") if c["method"] == "DELETE"]


def must_prove_itself(stage: Stage, there: Bucket, session: dict[str, Any], tmp_path: Path) -> None:
    """Stock bagit finds it valid; each version is locked until the time that the bag itself names."""
    (bag,) = there.bags(tmp_path / "bags").values()
    assert hashes(bag) == true_hashes(stage.town, session)
    assert there.unfinished() == []
    kept = {v.path: v for v in there.versions()}
    until_at = datetime.fromisoformat(json.loads(there.read(kept["metadata/recording.json"]))["retain_until"])
    for version in kept.values():
        head = there.head(version)
        assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until_at), version.path
        assert KEY.fullmatch(version.key) and f"/{session['id']}/" in version.key


def put(s3: S3Proxy) -> list[str]:
    """What was written into the bag, in order, without the locks that are put on again."""
    asked = [a.split("/b001/")[1] for a in s3.asked if a.startswith(("PUT", "POST")) and "/b001/" in a]
    return [path.partition("?")[0] for path in asked if not path.endswith("retention")]


# What comes late ----------------------------------------------------------------------------------------------------


def test_scenario_49_a_late_transcript_is_added_beside_what_is_locked(alone: Stage, tmp_path: Path) -> None:
    """As DESIGN.md says: a small second bag of the same group, not the whole recording once more."""
    session = agreed(alone)
    alone.town.stop_service()
    # The lesson ends 16:50: the film is listed at 18:00, the transcript 30 hours later.
    hold(alone.town, session, processing_s=70 * 60, transcript_s=30 * 3600)
    alone.until("2026-12-01T18:01")
    ran = archive(alone.town)
    assert (ran.code, ran.said["copied"], ran.said["sealed"]) == (0, 3, 0)
    alone.until("2026-12-02T18:30")
    assert archive(alone.town).said["sealed"] == 1
    there = bucket(alone.town)
    first = there.versions()
    alone.until("2026-12-03T00:01")
    late = archive(alone.town)
    assert (late.code, late.said["copied"], late.said["sealed"]) == (0, 1, 1)
    must_be_two_of_a_group(there, first, tmp_path)
    start_again(alone.town)
    (listed,) = recordings(alone)
    assert (listed["session"], listed["state"]) == (session["short_id"], "archived")
    shown = alone.town.zg("recordings", "show", listed["short_id"], by=REVIEWER, json=False).out
    transcript = " ".join(shown.partition("transcript.vtt")[2].split())
    assert transcript.startswith("verified") and "Added when the recording was archived already" in transcript
    assert "b002" in transcript and shown.count("Added when") == 1


def must_be_two_of_a_group(there: Bucket, first: list[Any], tmp_path: Path) -> None:
    assert [v for v in there.versions() if "/b001/" in v.key] == first
    assert all(there.head(v)["ObjectLockMode"] == "GOVERNANCE" for v in there.versions())
    one, two = there.bags(tmp_path / "bags").values()
    assert len(list(one.payload_files())) == 3 and list(two.payload_files()) == ["data/transcript.vtt"]
    assert one.info["Bag-Group-Identifier"] == two.info["Bag-Group-Identifier"]


# What never comes ---------------------------------------------------------------------------------------------------


def test_scenario_51_what_never_arrives_is_expected_then_missed_and_its_history_is_kept(alone: Stage) -> None:
    """Without the term's report, which is not there yet."""
    session, unheld = agreed(alone), agreed(alone, start="2026-12-01 18:00")
    empty = agreed(alone, start="2026-12-01 17:00", by=T2, observer=O2)
    hold(alone.town, session, processing_s=3 * 86400)
    hold(alone.town, empty, processing_s=9 * 86400, events=nobody_comes())
    alone.until("2026-12-02T08:00")
    morning = archive(alone.town)
    assert morning.code == 0 and morning.said["missing"] == []
    assert session["short_id"] in morning.said["expected"]
    since = alone.count()
    alone.until("2026-12-02T20:00")
    missed = archive(alone.town)
    assert (missed.code, missed.said["outcome"], missed.said["missing"]) == (5, "wrong", [session["short_id"]])
    assert not {unheld["short_id"], empty["short_id"]} & {*missed.said["missing"], *missed.said["expected"]}
    incident = must_be_told(alone, session, since)
    alone.until("2026-12-04T17:00")
    wait_for(lambda: archive(alone.town).code == 0 and sealed(alone.town, session), 60, 0.5)
    must_keep_its_history(alone, incident)


def nobody_comes() -> list[dict[str, Any]]:
    """The teacher waits for a quarter of an hour."""
    scenes = [(-120, "joined", "host"), (900, "left", "host"), (900, "ended", "")]
    return [{"at_s": at_s, "kind": kind, "who": who} for at_s, kind, who in scenes]


def must_be_told(stage: Stage, session: dict[str, Any], since: int) -> str:
    """The incident's short id: open, grave, and mailed to monitors and safeguarding, and to nobody else."""
    listed = stage.zg("incidents", "list", by=DSL)
    (incident,) = listed.said["incidents"]
    assert incident.items() >= {"kind": "recording_missing", "grave": True, "session": session["short_id"]}.items()
    came = stage.mailed(since, LEADS, "Incident")
    assert {m.name for m in came} == LEADS and len(came) == len(LEADS)
    assert all(session["short_id"] in m.words and incident["short_id"] in m.subject for m in came)
    assert stage.zg("incidents", "list", by=T2).code == 3
    return str(incident["short_id"])


def must_keep_its_history(stage: Stage, incident: str) -> None:
    """It stays open when the recording has come, until the safeguarding lead says how it was settled."""
    shown = stage.zg("incidents", "show", incident, by=DSL).said["incident"]
    assert [n["what"] for n in shown["history"]] == ["opened", "told", "arrived"] and shown["closed_at"] is None
    assert stage.zg("incidents", "close", incident, "--note", "It came on day 3.", by=EC).code == 3
    closed = stage.zg("incidents", "close", incident, "--note", "It came on day 3.", by=DSL)
    assert closed.code == 0 and stage.zg("incidents", "list", by=DSL).said["incidents"] == []
    assert stage.zg("incidents", "close", incident, "--note", "Once more.", by=DEP).code == 1
    (kept,) = stage.zg("incidents", "list", "--closed", by=DSL).said["incidents"]
    history = stage.zg("incidents", "show", kept["short_id"], by=DEP).said["incident"]["history"]
    assert [n["what"] for n in history] == ["opened", "told", "arrived", "closed"]
    assert (history[-1]["by"], history[-1]["text"]) == (DSL, "It came on day 3.")
    assert archive(stage.town).code == 0
