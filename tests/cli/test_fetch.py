"""Fetching: hashed before it is named, resumed where it stopped, and never written through a link or elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.scripted_server import Asked, Reply, answer, scripted
from tests.cli.caller import Said, Terminal
from zoomguard.cli import copies

VIDEO = bytes(range(256)) * 1500
BAG = {
    "data/video.mp4": VIDEO,
    "data/chat.txt": b"hello\n",
    "bagit.txt": b"BagIt-Version: 1.0\n",
    "metadata/recording.json": b"{}",
    "b002/data/transcript.vtt": b"WEBVTT\n",
    "b002/bagit.txt": b"",
}


@dataclass
class Archive:
    """A scripted service that holds one recording."""

    objects: dict[str, bytes] = field(default_factory=lambda: dict(BAG))
    short_id: str = "R-31TD"
    cut_at: int | None = None
    ranges: bool = True
    change: Callable[[list[dict[str, Any]]], None] = lambda listed: None

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/api/v1/whoami":
            return answer({"email": "c.baptiste@northmoor.example"})
        if asked.path.endswith("/plays"):
            return answer({"play": self.play()}, 201)
        if asked.path.endswith("/finish"):
            return Reply(204)
        number = int(asked.path.rpartition("/")[2])
        return self.object(list(self.objects.values())[number - 1], asked.headers.get("Range"))

    def play(self) -> dict[str, Any]:
        listed = [
            {"number": n, "path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for n, (path, content) in enumerate(self.objects.items(), 1)
        ]
        self.change(listed)
        return {"id": "01KB0PLAY", "recording": {"short_id": self.short_id}, "objects": listed}

    def object(self, content: bytes, ranged: str | None) -> Reply:
        start = int(re.fullmatch(r"bytes=(\d+)-", ranged)[1]) if ranged and self.ranges else 0  # type: ignore[index]
        headers = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        sent, cut = content[start:], self.cut_at
        if cut is not None and len(sent) > cut:
            return Reply(206 if start else 200, sent[:cut], headers, length=len(sent))
        return Reply(206 if start else 200, sent, headers)


@dataclass
class Fetching:
    terminal: Terminal
    target: Path
    archive: Archive
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, *more: str) -> Said:
        with scripted(self.archive) as service:
            self.terminal.points_to(service.url)
            reason = ("--purpose", "qa_review", "--reason", "Weekly sample, week 49")
            said = self.terminal.run("recordings", "fetch", "R-31TD", *reason, "--to", str(self.target), *more)
        self.asked = service.asked
        return said

    def ranges_of(self, number: int) -> list[str | None]:
        return [a.headers.get("Range") for a in self.asked if a.path.endswith(f"/objects/{number}")]


@pytest.fixture
def fetching(terminal: Terminal, tmp_path: Path) -> Fetching:
    return Fetching(terminal, tmp_path / "qa", Archive())


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_fetched_recording_lies_in_a_folder_for_each_bag(fetching: Fetching) -> None:
    said = fetching()
    assert said.code == 0, said.err
    assert files_below(fetching.target) == {
        "R-31TD/data/video.mp4", "R-31TD/data/chat.txt", "R-31TD/bagit.txt", "R-31TD/metadata/recording.json",
        "R-31TD-b002/data/transcript.vtt", "R-31TD-b002/bagit.txt", "R-31TD.receipt.txt",
    }  # fmt: skip
    assert (fetching.target / "R-31TD/data/video.mp4").read_bytes() == VIDEO
    assert "6 of 6 files agree" in said.out


def test_nobody_else_can_read_any_of_it(fetching: Fetching) -> None:
    fetching()
    for path in (fetching.target, *fetching.target.rglob("*")):
        assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_receipt_says_who_when_why_and_what(fetching: Fetching) -> None:
    fetching()
    receipt = (fetching.target / "R-31TD.receipt.txt").read_text()
    for words in ("c.baptiste@northmoor.example", "qa_review", "Weekly sample, week 49", "R-31TD/data/video.mp4"):
        assert words in receipt
    assert re.search(r"When +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", receipt)


def test_purpose_and_reason_are_sent_and_the_play_is_ended(fetching: Fetching) -> None:
    fetching()
    opened = next(a for a in fetching.asked if a.path == "/api/v1/recordings/R-31TD/plays")
    assert opened.document == {"purpose": "qa_review", "reason": "Weekly sample, week 49"}
    assert (fetching.asked[-1].method, fetching.asked[-1].path) == ("POST", "/api/v1/plays/01KB0PLAY/finish")


@pytest.mark.parametrize("left_out", ["--purpose", "--reason", "--to"])
def test_without_purpose_reason_or_folder_nothing_is_asked(left_out: str, terminal: Terminal, tmp_path: Path) -> None:
    given = {"--purpose": "qa_review", "--reason": "Weekly sample", "--to": str(tmp_path / "qa")}
    del given[left_out]
    with scripted(Archive()) as service:
        arguments = [part for pair in given.items() for part in pair]
        said = terminal.points_to(service.url).run("recordings", "fetch", "R-31TD", *arguments)
    assert (said.code, service.asked) == (2, [])


def test_a_rerun_skips_what_is_complete_and_agrees(fetching: Fetching) -> None:
    fetching()
    said = fetching("--json")
    assert {f["outcome"] for f in said.document["files"]} == {"there already"}
    assert not any("/objects/" in a.path for a in fetching.asked)
    assert (fetching.target / "R-31TD.receipt.txt").read_text().count("Copy of recording") == 2


def test_a_file_that_was_changed_here_is_fetched_again(fetching: Fetching) -> None:
    fetching()
    video = fetching.target / "R-31TD/data/video.mp4"
    video.write_bytes(VIDEO[:-1] + b"x")
    assert fetching().code == 0
    assert video.read_bytes() == VIDEO


def test_a_cut_line_goes_on_where_it_stopped(fetching: Fetching) -> None:
    fetching.archive.cut_at = 200_000
    assert fetching().code == 0
    assert fetching.ranges_of(1) == [None, "bytes=200000-"]
    assert (fetching.target / "R-31TD/data/video.mp4").read_bytes() == VIDEO


def test_a_line_cut_for_good_leaves_a_part_for_the_next_run(fetching: Fetching) -> None:
    fetching.archive.cut_at = 1000
    said = fetching()
    part = fetching.target / "R-31TD/data/video.mp4.part"
    assert (said.code, part.read_bytes()) == (4, VIDEO[:3000])
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert not (fetching.target / "R-31TD/data/video.mp4").exists()
    fetching.archive.cut_at = None
    assert fetching().code == 0
    assert fetching.ranges_of(1) == ["bytes=3000-"]
    assert not part.exists() and (fetching.target / "R-31TD/data/video.mp4").read_bytes() == VIDEO


def test_a_part_that_was_changed_here_ends_as_a_mismatch_and_not_as_a_film(fetching: Fetching) -> None:
    folder = fetching.target / "R-31TD/data"
    folder.mkdir(parents=True)
    fetching.target.chmod(0o700)
    (folder / "video.mp4.part").write_bytes(b"x" * 1000)
    said = fetching()
    assert said.code == 5 and "[INTEGRITY]" in said.err
    assert [path.name for path in folder.iterdir()] == ["chat.txt"]
    assert fetching().code == 0


def test_a_service_without_ranges_is_read_from_the_start(fetching: Fetching) -> None:
    folder = fetching.target / "R-31TD/data"
    folder.mkdir(parents=True)
    fetching.target.chmod(0o700)
    (folder / "video.mp4.part").write_bytes(VIDEO[:1000])
    fetching.archive.ranges = False
    assert fetching().code == 0
    assert (folder / "video.mp4").read_bytes() == VIDEO


def test_a_part_longer_than_the_object_is_begun_anew(fetching: Fetching) -> None:
    folder = fetching.target / "R-31TD/data"
    folder.mkdir(parents=True)
    fetching.target.chmod(0o700)
    (folder / "video.mp4.part").write_bytes(VIDEO + b"more")
    assert fetching().code == 0
    assert (folder / "video.mp4").read_bytes() == VIDEO


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"size": len(VIDEO) - 1}], ids=["hash", "too long"])
def test_a_file_that_does_not_agree_is_removed_and_exit_5(change: dict[str, Any], fetching: Fetching) -> None:
    fetching.archive.change = lambda listed: listed[0].update(change)
    said = fetching("--json")
    assert (said.code, said.document["error"]["code"]) == (5, "INTEGRITY")
    others = {f"R-31TD/{path}" for path in BAG if path != "data/video.mp4" and "b002" not in path}
    assert files_below(fetching.target) >= others
    assert len(files_below(fetching.target)) == len(BAG), "all but the film, and the receipt"
    assert "not here: R-31TD/data/video.mp4  INTEGRITY" in (fetching.target / "R-31TD.receipt.txt").read_text()
    assert not any(a.path.endswith("/finish") for a in fetching.asked)


def test_of_several_files_that_do_not_agree_all_are_named(fetching: Fetching) -> None:
    fetching.archive.change = lambda listed: [one.update(sha256="0" * 64) for one in listed[:2]]
    said = fetching()
    assert said.code == 5 and "R-31TD/data/video.mp4, R-31TD/data/chat.txt" in " ".join(said.err.split())
    assert not list(fetching.target.rglob("data/video.mp4*")) and (fetching.target / "R-31TD/bagit.txt").exists()


def test_what_the_service_knows_to_differ_leaves_nothing_of_it_behind_and_is_exit_5(fetching: Fetching) -> None:
    error = {"code": "OBJECT_DIFFERS", "message": "It is not what the bag says.", "remedy": "Tell the operator."}
    archive, fetching.archive.cut_at = fetching.archive, 1000
    fetching.archive = lambda asked: answer({"error": error}, 500) if "Range" in asked.headers else archive(asked)  # type: ignore[assignment]
    said = fetching()
    assert said.code == 5 and "[OBJECT_DIFFERS]" in said.err
    assert len(files_below(fetching.target)) == len(BAG) and not list(fetching.target.rglob("video.mp4*"))


def test_a_version_that_is_gone_is_named_and_all_others_come(fetching: Fetching) -> None:
    error = {"code": "OBJECT_MISSING", "message": "It is not in the bucket.", "remedy": "Tell the operator."}
    archive = fetching.archive
    fetching.archive = lambda asked: answer({"error": error}, 500) if asked.path.endswith("/2") else archive(asked)  # type: ignore[assignment]
    said = fetching()
    words = " ".join(said.err.split())
    assert said.code == 5 and not list(fetching.target.rglob("chat.txt*"))
    assert "R-31TD/data/chat.txt: It is not in the bucket. Tell the operator. All that agrees is in the folder" in words
    assert "[OBJECT_MISSING]" in words and len(files_below(fetching.target)) == len(BAG)


@pytest.mark.parametrize(
    "path",
    [
        "../evil.txt", "data/../../evil.txt", "/etc/passwd", "data/audio.m4a\n", "data/evil.sh",
        "b002/../data/video.mp4",
        "b2/data/video.mp4", "data\\video.mp4", "data/audio.m4a/x", "data/audio-٢.m4a",
        "", "bagit.txt\x00", "b٠٠٢/bagit.txt",
    ],
)  # fmt: skip
def test_a_path_that_no_bag_has_is_refused_before_anything_is_written(path: str, fetching: Fetching) -> None:
    fetching.archive.change = lambda listed: listed[-1].update(path=path)
    said = fetching()
    assert said.code == 4 and "[BAD_ANSWER]" in said.err
    assert list(fetching.target.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [{"sha256": "../" + "0" * 61}, {"size": -1}, {"size": "5"}, {"number": "../x"}, {"path": "data/video.mp4"}],
    ids=str,
)
def test_any_other_nonsense_in_a_play_is_refused(change: dict[str, Any], fetching: Fetching) -> None:
    fetching.archive.change = lambda listed: listed[-1].update(change)
    assert fetching().code == 4
    assert list(fetching.target.iterdir()) == []


@pytest.mark.parametrize("short_id", ["../x", "S-7K2M", "R-31TD/..", "R-31TD\n", ""])
def test_a_recordings_name_makes_a_folder_only_in_its_own_form(short_id: str, fetching: Fetching) -> None:
    fetching.archive.short_id = short_id
    assert fetching().code == 4
    assert list(fetching.target.iterdir()) == []


@pytest.mark.parametrize(
    "link", ["R-31TD", "R-31TD/data", "R-31TD/data/video.mp4", "R-31TD/data/video.mp4.part", "R-31TD.receipt.txt"]
)
def test_a_link_in_the_way_is_not_followed(link: str, fetching: Fetching, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    goal = elsewhere if link in ("R-31TD", "R-31TD/data") else elsewhere / "file"
    place = fetching.target / link
    place.parent.mkdir(parents=True, exist_ok=True)
    fetching.target.chmod(0o700)
    place.symlink_to(goal)
    said = fetching()
    assert said.code == 2 and "[IN_THE_WAY]" in said.err
    assert list(elsewhere.iterdir()) == []


def test_a_hard_link_is_not_written_through(fetching: Fetching, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    part = fetching.target / "R-31TD/data/video.mp4.part"
    part.parent.mkdir(parents=True)
    fetching.target.chmod(0o700)
    part.hardlink_to(other)
    assert fetching().code == 2
    assert other.read_bytes() == b"precious"


def test_a_folder_that_others_can_read_is_refused_and_nothing_opened(fetching: Fetching) -> None:
    fetching.target.mkdir(mode=0o755)
    fetching.target.chmod(0o755)
    said = fetching()
    assert said.code == 2 and "[TO_READABLE]" in said.err
    assert fetching.asked == []


@pytest.mark.parametrize(
    "name",
    [
        "OneDrive - Northmoor College",
        "Dropbox",
        "dropbox (personal)",
        "iCloud Drive",
        "Google Drive",
        "Mobile Documents",
    ],
)
def test_a_folder_that_is_copied_to_the_cloud_is_refused(name: str, fetching: Fetching, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    fetching.target = tmp_path / name / "qa"
    said = fetching()
    assert said.code == 2 and "That folder is copied to the cloud." in said.err
    assert fetching.asked == [] and not fetching.target.exists()


@pytest.mark.parametrize(("folder", "link"), [("OneDrive", "films"), ("films", "OneDrive")])
def test_a_link_to_or_by_the_clouds_name_is_refused_too(
    folder: str, link: str, fetching: Fetching, tmp_path: Path
) -> None:
    (tmp_path / folder).mkdir(mode=0o700)
    (tmp_path / link).symlink_to(tmp_path / folder)
    fetching.target = tmp_path / link
    assert "[TO_CLOUD]" in fetching().err


@pytest.mark.parametrize("given", ["/nowhere/at/all", "/dev/null", "x\x00y"])
def test_a_folder_that_cannot_be_is_a_usage_error(given: str) -> None:
    with pytest.raises(copies.BadInput) as refused:
        copies.folder_for_copies(given)
    assert refused.value.code == "TO_FOLDER"


def test_a_refusal_by_the_rules_is_exit_1_with_its_findings(fetching: Fetching) -> None:
    finding = {"rule": "CON-PUBLISH", "verdict": "fail", "subject": "R-31TD", "reason": "Nothing is published.",
               "wanted": None, "got": None, "remedy": "There is no way.", "who": ""}  # fmt: skip
    document = {"schema": "zoomguard/1", "outcome": "refused", "session": None, "findings": [finding], "zoom_writes": 0}
    archive = fetching.archive
    fetching.archive = lambda asked: answer(document, 422) if asked.path.endswith("/plays") else archive(asked)  # type: ignore[assignment]
    said = fetching("--json")
    assert (said.code, json.loads(said.out)) == (1, document)
    assert "Refused. 1 thing is in the way." in said.err
