"""What follows from the probes of a storage, and how it is said."""

from datetime import UTC, datetime

import pytest

from zoomguard.domain.findings import Outcome
from zoomguard.domain.storage import LeftObject, Probe, StorageReport

PASS = Probe("versions_kept", Outcome.PASS)
FAIL = Probe("lock_on_put", Outcome.FAIL, True, "No lock came back.", "Use another server.")
WARNING = Probe("checksum_part", Outcome.FAIL, False, "Not compared.")
UNTOLD = Probe("region", Outcome.UNKNOWN, True, "Not asked.")
NOTED = Probe("range_reads", Outcome.UNKNOWN, False, "Not asked.")
NOTHING = Probe("tls", Outcome.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("probes", "exit", "verdict"),
    [
        ((PASS, NOTHING), "kept", "Evidence can be kept here."),
        ((PASS, WARNING, NOTED), "kept", "Evidence can be kept here; 2 to look at."),
        (
            (PASS, UNTOLD, WARNING),
            "unknown",
            "Whether evidence can be kept here is not known: of what decides it, 1 could not be asked.",
        ),
        ((PASS, UNTOLD, FAIL), "refused", "Evidence cannot be kept here: 1 of 3 probes failed."),
    ],
)
def test_a_failure_outweighs_what_is_unknown_and_unknown_is_never_a_pass(
    probes: tuple[Probe, ...], exit: str, verdict: str
) -> None:
    report = StorageReport("vault", "sandbox", probes)
    assert (report.exit, report.lines()[-1]) == (exit, verdict)
    assert report.as_json()["outcome"] == exit and report.as_json()["verdict"] == verdict


def test_every_probe_has_a_line_and_what_had_to_stay_is_said() -> None:
    until = datetime(2026, 12, 1, 9, tzinfo=UTC)
    left = (LeftObject("v1-probe/X/locked", "v7", until), LeftObject("v1-probe/X/versions", "v8", None))
    report = StorageReport("vault", "sandbox", (PASS, FAIL, WARNING, NOTHING), left)
    assert report.lines() == (
        "pass     versions_kept",
        "fail     lock_on_put    No lock came back.",
        "         Do: Use another server.",
        "warning  checksum_part  Not compared.",
        "n/a      tls",
        "left     v1-probe/X/locked (version v7): locked until Tue 1 Dec 2026 09:00 UTC",
        "left     v1-probe/X/versions (version v8): it could not be removed",
        "Evidence cannot be kept here: 1 of 4 probes failed.",
    )
    said = report.as_json()
    assert [(p["name"], p["outcome"]) for p in said["probes"]] == [  # the words of the lines above
        ("versions_kept", "pass"),
        ("lock_on_put", "fail"),
        ("checksum_part", "warning"),
        ("tls", "n/a"),
    ]
    assert said["left"] == [
        {"key": "v1-probe/X/locked", "version_id": "v7", "locked_until": "2026-12-01T09:00:00Z"},
        {"key": "v1-probe/X/versions", "version_id": "v8", "locked_until": None},
    ]
