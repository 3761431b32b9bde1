"""A series and a timetable: sent whole, watched, told row by row; the refused rows left beside the file."""

from __future__ import annotations

import csv
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.adapters.scripted_server import Asked, Reply, Script, answer, in_turn, scripted
from tests.cli.caller import Terminal
from tests.cli.documents import batch, batch_row, failed, finding
from zoomguard.cli import batch_text, batches
from zoomguard.cli.answers import Said
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS, read_timetable

SERIES = ("schedule", "--group", "MATHS-7B", "--start", "2026-12-01 16:00", "--minutes", "50", "--weekly",
          "--until", "2026-12-22")  # fmt: skip
TIMETABLE = "teacher,course,start\nt.wren@x.example,A,2026-12-01 16:00\nt.wren@x.example,B,2026-12-02 16:00\n"
BEGUN = answer(batch(batch_row(2, "waiting"), batch_row(3, "waiting"), ended=False, done=0), 202)
DONE = answer(batch(batch_row(2, "created", session_id="S-8A1C"), batch_row(3, "unchanged", session_id="S-8A1D")))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "PAUSE_S", 0.0)


@pytest.fixture
def timetable(tmp_path: Path) -> Path:
    path = tmp_path / "autumn.csv"
    path.write_text(TIMETABLE)
    return path


def posted_then(*looks: Reply) -> Script:
    return in_turn(BEGUN, *looks)


def test_a_timetable_is_sent_whole_and_watched_until_it_has_ended(terminal: Terminal, timetable: Path) -> None:
    timetable.write_bytes(b"\xef\xbb\xbf" + TIMETABLE.encode())
    half = answer(batch(batch_row(2, "created", session_id="S-8A1C"), batch_row(3, "waiting"), ended=False, done=1))
    with scripted(posted_then(half, DONE)) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert [(a.method, a.path) for a in service.asked] == [
        ("POST", "/api/v1/batches"), ("GET", "/api/v1/batches/01KB0BATCH"), ("GET", "/api/v1/batches/01KB0BATCH"),
    ]  # fmt: skip
    assert service.asked[0].document == {"kind": "csv", "text": TIMETABLE, "dry_run": False}
    assert said.code == 0 and "0/2" in said.err
    assert said.out.splitlines()[-1] == "Next: zoomguard sessions list"
    assert "2 of 2 rows stand." in said.out and "already there, the same" in said.out


def test_each_run_has_a_fresh_key(terminal: Terminal, timetable: Path) -> None:
    with scripted(lambda asked: DONE) as service:
        terminal.points_to(service.url)
        for _ in range(2):
            terminal.run("schedule", "--csv", str(timetable))
    keys = [a.headers["Idempotency-Key"] for a in service.asked]
    assert len(set(keys)) == 2 and min(map(len, keys)) >= 32


def test_a_series_is_one_lesson_and_its_last_day(terminal: Terminal) -> None:
    rows = (
        batch_row(0, "created", session_id="S-8A1C", starts="2026-12-01T16:00:00Z"),
        batch_row(0, "planned", session_id="S-8A1D", starts="2026-12-08T16:00:00Z", waits_until="2026-11-24"),
        batch_row(0, "skipped", label="MATHS-7B Tue 22 Dec 2026 16:00", code="CLOSED", remedy="Christmas holiday"),
    )
    with scripted(lambda asked: answer(batch(*rows, kind="series"))) as service:
        said = terminal.points_to(service.url).run(*SERIES)
    assert service.asked[0].document == {
        "kind": "series", "weekly_until": "2026-12-22", "dry_run": False,
        "ask": {"group": "MATHS-7B", "children": [], "course": "", "start": "2026-12-01 16:00", "minutes": 50,
                "timezone": "Europe/London"},
    }  # fmt: skip
    assert said.code == 0 and said.out.startswith("Series: 2 of 3 lessons stand.\n")
    assert "S-8A1C   Tue 1 Dec 2026 16:00 Europe/London  scheduled" in said.out
    assert "  1  planned                         1 on Tue 24 Nov 2026" in said.out
    assert "  CLOSED  MATHS-7B Tue 22 Dec 2026 16:00\n    Christmas holiday\n" in said.out
    assert max(map(len, said.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (("created", "planned", "unchanged", "skipped"), 0),
        (("created", "refused"), 1),
        (("refused", "failed", "created"), 4),
    ],
)
def test_the_worst_row_decides_the_exit_code(
    outcomes: tuple[str, ...], code: int, terminal: Terminal, timetable: Path
) -> None:
    document = batch(*(batch_row(n, outcome) for n, outcome in enumerate(outcomes, 2)))
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable), "--json")
    assert (said.code, said.document) == (code, document)


def test_a_dry_run_is_not_watched_and_says_what_is_made_when(terminal: Terminal, timetable: Path) -> None:
    waits = [None] * 3 + ["2026-11-24"] * 2 + ["2026-11-25"]
    rows = [batch_row(n, "created" if until is None else "planned", waits_until=until) for n, until in enumerate(waits)]
    gap = batch_row(9, "refused", code="DST_GAP", label="MATHS-7B Sun 28 Mar 2027 01:30", remedy="Use 00:30 or 02:30.")
    with scripted(lambda asked: answer(batch(*rows, gap, ended=False))) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable), "--dry-run")
    assert [a.document["dry_run"] for a in service.asked] == [True] and said.code == 1
    words = " ".join(said.out.split())
    assert "6 can be scheduled 3 today, 2 on Tue 24 Nov 2026, 1 on Wed 25 Nov 2026" in words
    assert "line 9 DST_GAP MATHS-7B Sun 28 Mar 2027 01:30 Use 00:30 or 02:30." in words
    assert "Nothing was created" in words and "run it again without --dry-run" in words


def test_ctrl_c_stops_the_watching_alone(terminal: Terminal, timetable: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batches, "time", SimpleNamespace(monotonic=time.monotonic, sleep=interrupted))
    with scripted(posted_then(DONE)) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert (said.code, len(service.asked)) == (130, 1)
    words = " ".join(said.err.split())
    assert "the service goes on by itself" in words and "zoomguard schedule --batch 01KB0BATCH" in words


def test_a_batch_can_be_looked_at_again(terminal: Terminal) -> None:
    with scripted(in_turn(BEGUN, DONE)) as service:
        said = terminal.points_to(service.url).run("schedule", "--batch", "01KB0BATCH")
    assert [a.method for a in service.asked] == ["GET", "GET"]
    assert said.code == 0 and said.out.startswith("Timetable: 2 of 2 rows stand.")


def test_a_service_that_is_away_for_a_moment_is_asked_again(terminal: Terminal, timetable: Path) -> None:
    away = answer(failed("BUSY"), 503)
    with scripted(posted_then(Reply(lost=True), away, DONE)) as service:
        assert terminal.points_to(service.url).run("schedule", "--csv", str(timetable)).code == 0
    assert len(service.asked) == 4


def test_a_service_that_stays_away_leaves_the_way_back(terminal: Terminal, timetable: Path) -> None:
    with scripted(posted_then(answer(failed("BUSY"), 503))) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable), "--json")
    assert (said.code, len(service.asked)) == (4, 1 + batches.LOOKS)
    assert "zoomguard schedule --batch 01KB0BATCH" in said.document["error"]["remedy"]


def test_a_refused_row_is_told_with_its_line_and_every_reason(terminal: Terminal, timetable: Path) -> None:
    found = [
        finding("CON-CHANNEL", reason="C-0412 cannot attend yet.", remedy="Go on without: add --except C-0412"),
        finding("TRAIN-ONLINE", verdict="unknown", reason="Not on record."),
    ]
    row = batch_row(112, "refused", code="CON-CHANNEL", starts="2026-12-01T16:00:00Z", findings=found)
    with scripted(lambda asked: answer(batch(row))) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert "  line 112  CON-CHANNEL  Tue 1 Dec 2026 16:00 UTC\n" in said.out
    assert "    CON-CHANNEL   C-0412 cannot attend yet.\n" in said.out
    assert "Go on without: add --except C-0412" in said.out and "We could not tell. Not on record." in said.out


def weekly(line: int, dates: int, **change: Any) -> list[dict[str, Any]]:
    """The rows of a line that comes again each week."""
    return [
        batch_row(line, "refused", code="OVERLAP", label=f"B Tue {n + 1} Dec 2026 16:00", **change)
        for n in range(0, 7 * dates, 7)
    ]


def test_one_reason_for_every_date_of_a_line_is_said_once(terminal: Terminal, timetable: Path) -> None:
    busy = [finding("OVERLAP", reason="Already in S-1.", remedy="Choose another time.")]
    rows = [*weekly(2, 4, findings=busy), *weekly(3, 3, remedy="Use 00:30."), batch_row(3, "created", session_id="S-1")]
    with scripted(lambda asked: answer(batch(*rows))) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert said.out.count("Already in S-1.") == said.out.count("Use 00:30.") == 1
    words = " ".join(said.out.split())
    assert "line 2 OVERLAP 4 dates, B Tue 1 Dec 2026 16:00 to B Tue 22 Dec 2026 16:00 OVERLAP Already" in words
    assert "7 refused" in words and said.code == 1
    left = left_beside(timetable.with_name("autumn.errors.csv"))
    assert [row[-2:] for row in left[1:]] == [
        ["OVERLAP", "4 dates, B Tue 1 Dec 2026 16:00 to B Tue 22 Dec 2026 16:00: "
                    "OVERLAP: Already in S-1. Choose another time."],
        ["OVERLAP", "3 dates, B Tue 1 Dec 2026 16:00 to B Tue 15 Dec 2026 16:00: Use 00:30."],
    ]  # fmt: skip


def test_two_lines_with_the_same_reason_stay_two(terminal: Terminal, timetable: Path) -> None:
    with scripted(refused_batch(2, 3, remedy="Choose another time.")) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert "  line 2  OVERLAP" in said.out and "  line 3  OVERLAP" in said.out


def refused_batch(*lines: int, **change: Any) -> Script:
    return lambda asked: answer(batch(*(batch_row(n, "refused", code="OVERLAP", **change) for n in lines)))


def left_beside(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_the_refused_rows_are_left_beside_the_file_for_us_alone(terminal: Terminal, timetable: Path) -> None:
    with scripted(refused_batch(3, remedy="Choose another time.")) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    left = timetable.with_name("autumn.errors.csv")
    assert stat.S_IMODE(left.stat().st_mode) == 0o600 and said.code == 1
    assert left_beside(left) == [
        ["teacher", "course", "start", "code", "reason"],
        ["t.wren@x.example", "B", "2026-12-02 16:00", "OVERLAP", "Choose another time."],
    ]
    assert "autumn.errors.csv" in said.out.replace("\n", "")
    assert sorted(p.name for p in timetable.parent.iterdir() if p.suffix == ".csv") == ["autumn.csv", left.name]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(1)", "\tx", "\rx"])
def test_no_cell_left_behind_is_a_formula(cell: str, terminal: Terminal, timetable: Path) -> None:
    with timetable.open("w", newline="") as file:
        csv.writer(file).writerows([["teacher", "course"], ["t", cell]])
    with scripted(refused_batch(2, remedy="=HYPERLINK(1)")) as service:
        terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    _, row = left_beside(timetable.with_name("autumn.errors.csv"))
    assert row == ["t", f"'{cell}", "OVERLAP", "'=HYPERLINK(1)"]


def test_lines_are_counted_as_an_editor_counts_them(terminal: Terminal, timetable: Path) -> None:
    timetable.write_text('teacher;course\n\n"a\nb";1\nc;2\nd;3\n')
    with scripted(refused_batch(3, 6)) as service:
        terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    rows = left_beside(timetable.with_name("autumn.errors.csv"), ";")
    assert [row[:2] for row in rows[1:]] == [["a\nb", "1"], ["d", "3"]]


def test_a_link_in_place_of_the_errors_file_is_not_followed(
    terminal: Terminal, timetable: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("mine")
    timetable.with_name("autumn.errors.csv").symlink_to(other)
    with scripted(refused_batch(2)) as service:
        terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert other.read_text() == "mine" and "OVERLAP" in timetable.with_name("autumn.errors.csv").read_text()


def test_a_folder_that_cannot_be_written_costs_no_outcome(
    terminal: Terminal, timetable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timetable.with_name("autumn.errors.csv").mkdir()
    with scripted(refused_batch(2)) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable), "--json")
    assert said.code == 1 and said.document["rows"] and "could not be written" in " ".join(said.err.split())
    assert [p for p in timetable.parent.iterdir() if p.name.startswith(".autumn")] == []


@pytest.mark.parametrize(
    ("content", "code"), [(b"a" * (1024 * 1024 + 1), "CSV_TOO_LARGE"), (b"teacher\n\xff\xfe", "CSV_ENCODING")]
)
def test_a_file_that_is_none_for_us_is_not_sent(content: bytes, code: str, terminal: Terminal, timetable: Path) -> None:
    timetable.write_bytes(content)
    with scripted(lambda asked: DONE) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert (said.code, service.asked) == (2, []) and f"[{code}]" in said.err
    assert code != "CSV_TOO_LARGE" or "larger than 1 MiB" in said.err


def test_what_the_service_says_is_shown_escaped(terminal: Terminal, timetable: Path) -> None:
    row = batch_row(2, "refused", label="\x1b[31m", remedy="a\u202eb", code="X", starts="\x07", session_id="\x1b")
    with scripted(lambda asked: answer(batch(row, kind="series"))) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert "\\x1b[31m" in said.out
    assert all(c.isprintable() or c == "\n" for c in said.out)


def test_the_counter_says_how_far_and_how_long() -> None:
    seconds = iter((100.0, 104.0))
    counter = batch_text.Counter(lambda: next(seconds))
    rows = [batch_row(n, "created" if n < 8 else "waiting", session_id=f"S-{n}") for n in range(16)]
    assert counter.line(Said(batch(*rows, done=4))).startswith("[####------------] 4/16  S-7")
    assert counter.line(Said(batch(*rows, done=8))) == "[########--------] 8/16  S-7  8 s left"


def test_an_answer_without_a_batch_is_no_fault_of_ours(terminal: Terminal, timetable: Path) -> None:
    def nothing(asked: Asked) -> Reply:
        return answer({"rows": []}, 202)

    with scripted(nothing) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert said.code == 4 and "[BAD_ANSWER]" in said.err


def test_the_rows_that_were_left_are_corrected_and_sent_as_they_are(terminal: Terminal, timetable: Path) -> None:
    row = "t.wren@x.example,,MATHS-7B,,,2026-12-01 16:00,,50,"
    timetable.write_text(f"{','.join(TIMETABLE_COLUMNS)}\n{row}\n")
    left = timetable.with_name("autumn.errors.csv")
    with scripted(refused_batch(2, remedy="=HYPERLINK(1)")) as service:
        terminal.points_to(service.url)
        terminal.run("schedule", "--csv", str(timetable))
        terminal.run("schedule", "--csv", str(left))
    assert read_timetable(left.read_bytes()) == read_timetable(timetable.read_bytes())
    assert service.asked[1].document["text"].encode() == left.read_bytes()
    assert left_beside(left) == left_beside(left.with_name("autumn.errors.errors.csv"))


def test_rows_that_were_left_before_are_taken_out_once_nothing_is_refused(terminal: Terminal, timetable: Path) -> None:
    left = timetable.with_name("autumn.errors.csv")
    with scripted(refused_batch(2)) as service:
        terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert len(left_beside(left)) == 2
    with scripted(lambda asked: DONE) as service:
        first = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
        again = terminal.run("schedule", "--csv", str(timetable))
    assert left_beside(left) == [["teacher", "course", "start", "code", "reason"]]
    assert "nothing is refused any more" in " ".join(first.err.split()) and "refused" not in again.err


def test_a_file_of_somebody_else_with_that_name_stays_as_it_is(terminal: Terminal, timetable: Path) -> None:
    left = timetable.with_name("autumn.errors.csv")
    left.write_text("what,code,reason,who\nnotes,1,2,3\n")
    with scripted(lambda asked: DONE) as service:
        terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert left.read_text() == "what,code,reason,who\nnotes,1,2,3\n"


def test_a_clash_of_a_row_names_everybody_once(terminal: Terminal, timetable: Path) -> None:
    busy = {"reason": "Already in S-1.", "remedy": "Choose another time."}
    found = [finding("OVERLAP", subject=who, **busy) for who in ("C-0101", "C-0102")]
    with scripted(refused_batch(2, findings=found)) as service:
        said = terminal.points_to(service.url).run("schedule", "--csv", str(timetable))
    assert said.out.count("Already in S-1.") == 1 and "C-0101, C-0102: Already in S-1." in said.out
    (_, row) = left_beside(timetable.with_name("autumn.errors.csv"))
    assert row[-1] == "OVERLAP: C-0101, C-0102: Already in S-1. Choose another time."
