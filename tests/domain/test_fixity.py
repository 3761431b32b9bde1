"""A bag's manifests against what is on record, and what a reading of bags says."""

from __future__ import annotations

import pytest

from zoomguard.domain.bag import DECLARATION, MARK_NAME, digest, manifest, oxum
from zoomguard.domain.fixity import Disagreement, FixityReport, manifests_disagree
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.rebuild import RebuildReport

PAYLOAD = {"data/video.mp4": (digest(b"film"), 4), "data/chat.txt": (digest(b"chat!"), 5)}
LISTED = "manifest-sha256.txt"


def tags(**changed: bytes | None) -> dict[str, bytes]:
    """The tag files of a proper bag, with some in other words, or left out; the commit mark names them as they are."""
    said: dict[str, bytes | None] = {
        "bagit.txt": DECLARATION.encode(),
        "bag-info.txt": f"Payload-Oxum: {oxum([4, 5])}\n".encode(),
        LISTED: manifest({path: sha256 for path, (sha256, _) in PAYLOAD.items()}).encode(),
        "metadata/recording.json": b"{}",
    }
    said |= {{"info": "bag-info.txt", "bagit": "bagit.txt", "listed": LISTED}[n]: c for n, c in changed.items()}
    there = {path: content for path, content in said.items() if content is not None}
    return {**there, MARK_NAME: manifest({path: digest(content) for path, content in there.items()}).encode()}


def test_a_proper_bag_agrees() -> None:
    assert oxum([4, 5]) == "9.2"
    assert manifests_disagree(tags(), PAYLOAD) == {}


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"bagit": b"BagIt-Version: 9\n"}, "bagit.txt"),
        ({"bagit": None}, "bagit.txt"),
        ({"info": b"Payload-Oxum: 8.2\n"}, "bag-info.txt"),
        ({"info": b"Payload-Oxum: 9.20\n"}, "bag-info.txt"),
        ({"info": b"\xff\xfe"}, "bag-info.txt"),
        ({"info": None}, "bag-info.txt"),
        ({"listed": b""}, LISTED),
        ({"listed": b"no manifest"}, LISTED),
        ({"listed": None}, LISTED),
    ],
)
def test_a_tag_file_that_does_not_hold_is_named(changed: dict[str, bytes | None], wrong: str) -> None:
    assert list(manifests_disagree(tags(**changed), PAYLOAD)) == [wrong]


@pytest.mark.parametrize("mark", [None, b"", b"no manifest", manifest({"bagit.txt": digest(b"")}).encode()])
def test_a_commit_mark_that_does_not_name_the_tag_files_is_named(mark: bytes | None) -> None:
    changed = tags()
    del changed[MARK_NAME]
    if mark is not None:
        changed[MARK_NAME] = mark
    assert list(manifests_disagree(changed, PAYLOAD)) == [MARK_NAME]


@pytest.mark.parametrize(
    ("report", "ends"),
    [
        (FixityReport(), "done"),
        (FixityReport(unknown={"R-AAAA": "S3_UNREACHABLE"}), "postponed"),
        (FixityReport(wrong=[Disagreement(IncidentKind.OBJECT_DIFFERS, "R-AAAA", "k", "v", "so")]), "wrong"),
        (
            FixityReport(
                wrong=[Disagreement(IncidentKind.OBJECT_DIFFERS, "R-AAAA", "k", "v", "so")], unknown={"R-BBBB": "CUT"}
            ),
            "wrong",
        ),
    ],
)
def test_what_differs_outweighs_what_could_not_be_told(report: FixityReport, ends: str) -> None:
    assert report.exit == ends == report.as_json()["outcome"]
    assert "agree" not in "\n".join(report.lines())


def test_what_is_wrong_or_unknown_or_unread_is_named() -> None:
    wrong = Disagreement(IncidentKind.OBJECT_MISSING, "R-AAAA", "k/y", "v", "not in the bucket", "I-AAAA")
    report = FixityReport(2, 1, 9, 1_500_000, [wrong], {"R-BBBB": "CUT"}, 1)
    assert report.lines() == (
        "2 bags read again from S3 (9 objects, 1.5 MB)",
        "wrong    R-AAAA  I-AAAA  not in the bucket",
        "    key      k/y",
        "    version  v",
        "unknown  R-BBBB  CUT",
        "Not read again since sealed: 1 bag",
        "Next: a lead or the data lead looks at: zoomguard incidents show I-AAAA",
    )
    assert wrong.subject == "k/y@v"
    named = {"kind": "object_missing", "recording": "R-AAAA", "key": "k/y", "version": "v", "incident": "I-AAAA"}
    assert report.as_json()["wrong"] == [{**named, "reason": "not in the bucket"}]
    assert report.as_json()["agree"] == 1


def test_where_every_incident_was_closed_the_data_lead_is_told() -> None:
    closed = Disagreement(IncidentKind.OBJECT_MISSING, "R-AAAA", "k/y", "v", "not in the bucket")
    report = FixityReport(wrong=[closed])
    assert report.lines()[1] == "wrong    R-AAAA  not in the bucket"
    assert report.lines()[-1] == "Next: touch nothing in the bucket, and tell the data lead."
    assert closed.as_json()["incident"] is None


def test_all_agree_only_where_something_was_read() -> None:
    assert "All agree" in FixityReport(bags=1, agreeing=1).lines()[-1]


def test_an_index_that_was_made_anew_says_what_it_could_not_take_and_what_it_does_not_know() -> None:
    report = RebuildReport(2, 5, {"01A"}, {"v1/2026/S/R/b001/": "it has no commit mark"})
    said = report.lines()
    assert said[:3] == (
        "Index made anew: 1 recording, 2 bags, 5 files",
        "not whole  it has no commit mark",
        "    v1/2026/S/R/b001/",
    )
    assert "Holds and restrictions are not kept in bags" in said[3]
    assert (report.exit, RebuildReport().exit) == ("wrong", "wrong") and report.as_json() == {
        "schema": "zoomguard/1",
        "outcome": "wrong",
        "recordings": 1,
        "bags": 2,
        "files": 5,
        "not_whole": {"v1/2026/S/R/b001/": "it has no commit mark"},
    }
