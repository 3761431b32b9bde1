"""`zoomguard demo`: the first thing that anybody tries."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import bagit

from tests.e2e.town import INVITED, PROGRAM, ROOT, variables


def run_demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The demo in a process of its own; nothing of an installation may be needed, so none is named."""
    environ = {n: v for n, v in variables(home).items() if not n.startswith("ZOOMGUARD_")}
    argv = [*PROGRAM, "demo", *arguments]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=120, cwd=ROOT)


def test_the_demo_shows_the_main_job_and_all_its_checks_pass(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ran = run_demo(tmp_path / "home", "--directory", str(kept))
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    last = ran.stdout.rstrip("\n").rpartition("\n")[2]
    match = re.fullmatch(r"demo: (\d+) of (\d+) checks passed", last)
    assert match and match[1] == match[2] == str(ran.stdout.count("\n  ok      ")) and int(match[1]) >= 15
    assert not (tmp_path / "home").exists()
    (copy,) = (p for p in (kept / "copies").iterdir() if p.is_dir())
    bagit.Bag(str(copy)).validate()
    assert (kept / "home" / "zoomguard.db").stat().st_size > 50_000
    mails = [m.read_text(errors="replace") for m in (kept / "mail").glob("*.eml")]
    assert sum("\nSubject: Online lesson" in m for m in mails) == len(INVITED)
    assert not [p for p in kept.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]


def test_a_demo_does_not_write_into_a_folder_that_is_in_use(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    ran = run_demo(tmp_path / "home", "--directory", str(tmp_path))
    assert ran.returncode == 2 and "NOT_EMPTY" in ran.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]
