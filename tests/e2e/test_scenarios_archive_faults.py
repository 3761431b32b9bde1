"""Scenario 52 from outside: bad bytes are never verified, and the next run makes good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.wire import Accepting
from tests.e2e.evidence import agreed, archive, bucket, downloads, hashes, hold, sealed, true_hashes, uncapped
from tests.e2e.stage import Stage, a_stage
from tests.e2e.town import Town

# More than one part of a multipart upload, where bytes flow at all before something is wrong.
FILM_BYTES = 18_000_000
FLOWING = ("wrong_size", "truncated")
METADATA = "http://169.254.169.254/latest/meta-data/"
# The fault, how it is aimed, and the code that the run names.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "html_instead_of_media": ({}, "HTML_INSTEAD_OF_MEDIA"),
    "wrong_size": ({}, "SIZE_MISMATCH"),
    "truncated": ({"after_bytes": 1_000_000}, "TRUNCATED CONNECTION_LOST"),
    "rate_limited": ({}, "ZOOM_RATE_LIMIT"),
    "redirect_elsewhere": ({"to": METADATA}, "HOST_REFUSED"),
    "a host that listens": ({"name": "redirect_elsewhere"}, "HOST_REFUSED"),
    "expired_token": ({}, ""),
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[tuple[Stage, dict[str, Any]]]:
    """A stage whose service has ended, with a lesson for each fault, an hour after the other. In the end a run asks
    for nothing that an earlier one made good."""
    with a_stage(tmp_path_factory.mktemp("broken"), stage_home, uncapped) as stage:
        hours = range(9, 9 + len(FAULTS))
        lessons = {
            why: agreed(stage, start=f"2026-12-01 {hour:02}:00") for why, hour in zip(FAULTS, hours, strict=True)
        }
        stage.town.stop_service()
        yield stage, lessons
        asked = downloads(stage.town)
        assert archive(stage.town).code == 0 and downloads(stage.town) == asked


@pytest.mark.parametrize("why", [why for why in FAULTS if why != "expired_token"])
def test_scenario_52_bad_bytes_are_never_verified_and_the_next_run_succeeds(
    broken: tuple[Stage, dict[str, Any]], why: str, tmp_path: Path
) -> None:
    stage, session = broken[0], broken[1][why]
    aim, codes = FAULTS[why]
    heard: list[bytes] = []
    stranger = Accepting(lambda client: heard.append(client.recv(4096)))
    fault = {"name": why, "to": f"http://127.0.0.1:{stranger.port}/stolen", **aim}
    hold(stage.town, session, **({"size_bytes": FILM_BYTES} if why in FLOWING else {}))
    stage.town.fault(**fault)
    ran = archive(stage.town)
    assert (ran.code, ran.said["outcome"]) == (4, "postponed")
    assert ran.said["postponed"] and set(ran.said["postponed"].values()) <= set(codes.split())
    assert sealed(stage.town, session) == [] and not [k for k in kept(stage.town, session) if k.endswith(".mp4")]
    assert bucket(stage.town).unfinished() == []
    stage.town.fault(fault["name"], on=False)
    must_make_good(stage.town, session, tmp_path)
    stranger.close()
    assert heard == []


def test_scenario_52_a_token_that_ends_is_renewed_within_the_run(
    broken: tuple[Stage, dict[str, Any]], tmp_path: Path
) -> None:
    """Better than asked: the run need not end, and nothing is left for the next one."""
    stage, session = broken[0], broken[1]["expired_token"]
    hold(stage.town, session, size_bytes=FILM_BYTES)
    stage.town.fault("expired_token")
    must_make_good(stage.town, session, tmp_path)
    stage.town.fault("expired_token", on=False)
    asked = [c for c in stage.town.control("GET", "calls") if c["path"].startswith("/rec/download/")]
    assert {c["status"] for c in asked[-8:]} == {401, 302}


def kept(town: Town, session: dict[str, Any]) -> list[str]:
    """What lies in the bucket for a lesson."""
    return [version.key for version in bucket(town).versions(under(session))]


def under(session: dict[str, Any]) -> str:
    """Where a lesson's bags lie."""
    return f"v1/2026/{session['id']}/"


def must_make_good(town: Town, session: dict[str, Any], tmp_path: Path) -> None:
    """The run ends in one valid bag with the bytes that Zoom has in truth."""
    ran = archive(town)
    assert (ran.code, ran.said["outcome"], ran.said["postponed"]) == (0, "done", {})
    (bag,) = bucket(town).bags(tmp_path / "bags", under(session)).values()
    assert hashes(bag) == true_hashes(town, session)
    assert bucket(town).unfinished() == []
