"""Importing, archiving and auditing from the command line, in a real installation."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.caller import Terminal
from zoomguard.domain.csv_files import MOST_BYTES

HEADER = "reference,email,known_as,family_name,roles,training_until,dbs_until,policy_ack_on,relatives\n"
GOOD = "T1,t.wren@northmoor.example,Tomasz,Wren,teacher,2027-07-31,2027-07-31,,\n"
BAD = "T2,p.nandakumar@elsewhere.example,Priya,Nandakumar,observer,2027-07-31,2027-07-31,,\n"

# Port 9 of loopback: what is asked there never answers.
NOBODY_THERE = {
    "ZOOM_API_URL": "http://127.0.0.1:9/v2",
    "ZOOM_OAUTH_URL": "http://127.0.0.1:9/oauth/token",
    "S3_ENDPOINT_URL": "http://127.0.0.1:9",
    "MAIL_URL": "smtp://127.0.0.1:9",
}


@pytest.fixture
def installed(terminal: Terminal) -> Iterator[Terminal]:
    terminal.environ.setenv("ZOOMGUARD_ENVIRONMENT", "sandbox")
    terminal.environ.setenv("ZOOMGUARD_LOG_LEVEL", "ERROR")
    for name, url in NOBODY_THERE.items():
        terminal.environ.setenv(f"ZOOMGUARD_{name}", url)
    assert terminal.run("init", "--organisation", "Northmoor", "--staff-domain", "northmoor.example").code == 0
    assert terminal.run("migrate").code == 0
    return terminal


@pytest.fixture
def staff(tmp_path: Path) -> Path:
    file = tmp_path / "staff.csv"
    file.write_text(HEADER + GOOD + BAD)
    return file


def test_one_bad_line_keeps_the_whole_file_out(installed: Terminal, staff: Path) -> None:
    said = installed.run("people", "import", "staff", str(staff))
    assert said.code == 1
    assert "line 3  ACC-NO-PERSONAL  The address is not one of the organisation's; Name the" in said.out
    assert "Nothing was written." in said.out and "--skip-bad" in said.out
    assert installed.run("token", "issue", "t.wren@northmoor.example").code == 2


def test_bad_lines_may_be_left_out(installed: Terminal, staff: Path) -> None:
    said = installed.run("people", "import", "staff", str(staff), "--skip-bad", "--json")
    assert (said.code, said.document["written"], said.document["new"]) == (1, True, 1)
    issued = installed.run("token", "issue", "t.wren@northmoor.example")
    assert issued.code == 0 and issued.out.startswith("zgt_") and len(issued.out.splitlines()) == 1


def test_a_dry_run_writes_nothing(installed: Terminal, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(HEADER + GOOD)
    said = installed.run("people", "import", "staff", str(tmp_path / "good.csv"), "--dry-run")
    assert said.code == 0 and "1 new" in said.out and "Nothing was written." in said.out
    assert installed.run("token", "issue", "t.wren@northmoor.example").code == 2


def test_a_dash_is_standard_input(installed: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO((HEADER + GOOD).encode())))
    assert installed.run("people", "import", "staff", "-").code == 0


def test_a_file_too_large_is_refused_before_it_is_read(terminal: Terminal, tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    said = terminal.run("people", "import", "staff", str(tmp_path / "large.csv"))
    assert said.code == 2 and "[CSV_TOO_LARGE]" in said.err


@pytest.mark.parametrize("name", ["nothing.csv", "."])
def test_a_file_that_cannot_be_read_is_a_usage_error(name: str, terminal: Terminal, tmp_path: Path) -> None:
    said = terminal.run("consents", "import", str(tmp_path / name))
    assert said.code == 2 and "[NO_FILE]" in said.err


def test_a_file_without_our_columns_is_unusable_as_a_whole(installed: Terminal, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    said = installed.run("consents", "import", str(tmp_path / "other.csv"))
    assert said.code == 2 and "[CSV_HEADER]" in said.err


def test_roles_are_given_and_ended(installed: Terminal, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(HEADER + GOOD)
    installed.run("people", "import", "staff", str(tmp_path / "good.csv"))
    command = ("people", "roles", "give", "t.wren@northmoor.example", "reviewer", "--until", "2099-07-31", "--json")
    assert installed.run(*command).document["until"] == "2099-07-31"
    again = installed.run(*command)
    assert (again.code, again.document["error"]["code"]) == (1, "ROLE_HELD")
    assert installed.run("people", "roles", "end", "t.wren@northmoor.example", "reviewer").code == 0
    assert installed.run("people", "roles", "give", "t.wren@northmoor.example", "operator").code == 2


def test_the_audit_is_verified_in_place_and_from_an_export(installed: Terminal, tmp_path: Path) -> None:
    assert installed.run("audit", "verify").code == 0
    export = tmp_path / "audit.jsonl"
    assert installed.run("audit", "export", "--to", str(export)).code == 0
    assert export.stat().st_mode & 0o777 == 0o600
    assert installed.run("audit", "verify", "--bundle", str(export)).code == 0
    assert installed.run("audit", "export", "--to", str(export)).code == 2


def test_a_changed_export_is_exit_5_and_names_the_entry(installed: Terminal, tmp_path: Path) -> None:
    lines = installed.run("audit", "export").out.splitlines()
    entry = json.loads(lines[1])
    entry["actor"] = "somebody-else"
    (tmp_path / "audit.jsonl").write_text("\n".join([lines[0], json.dumps(entry), *lines[2:]]) + "\n")
    said = installed.run("audit", "verify", "--bundle", str(tmp_path / "audit.jsonl"), "--json")
    assert (said.code, said.document["broken"]["seq"]) == (5, 1)


def test_an_export_is_verified_without_any_settings(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text("not an export\n")
    said = terminal.run("audit", "verify", "--bundle", str(tmp_path / "audit.jsonl"))
    assert said.code == 2 and "[NOT_AN_EXPORT]" in said.err


def test_without_an_environment_nothing_starts(terminal: Terminal) -> None:
    for command in (("migrate",), ("archive",), ("serve",), ("audit", "verify")):
        said = terminal.run(*command)
        assert said.code == 2 and said.err.startswith("ZOOMGUARD_ENVIRONMENT: not set"), command


@pytest.mark.parametrize("command", ["archive", "archive verify", "archive reconcile", "audit verify", "serve"])
def test_a_database_that_is_gone_is_not_made_anew_by_what_needs_one(installed: Terminal, command: str) -> None:
    for file in installed.home.glob("zoomguard.db*"):
        file.unlink()
    said = installed.run(*command.split())
    words = " ".join(said.err.split())
    assert said.code == 1 and "[NO_DATABASE]" in words, said
    assert 'see README, "The database is lost"' in words and "new installation, run: zoomguard migrate" in words
    assert not (installed.home / "zoomguard.db").exists()
    assert installed.run("migrate").code == 0 and installed.run("audit", "verify").code == 0


def test_an_archive_that_cannot_ask_zoom_is_postponed_not_done(installed: Terminal, tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(HEADER + GOOD)
    assert installed.run("people", "import", "staff", str(tmp_path / "good.csv")).code == 0
    said = installed.run("archive", "--quiet")
    assert said.code == 4 and said.out + said.err != ""


@pytest.mark.parametrize("command", ["archive", "archive verify", "archive reconcile", "archive reconcile --rebuild"])
def test_without_its_sandbox_the_archive_says_that_it_is_not_running(installed: Terminal, command: str) -> None:
    for name in NOBODY_THERE:
        installed.environ.delenv(f"ZOOMGUARD_{name}")
    said = installed.run(*command.split())
    words = " ".join(said.err.split())
    assert (said.code, said.out) == (2, "")
    assert "ZOOMGUARD_S3_ENDPOINT_URL: not set; is `zoomguard serve --sandbox` running?" in words


@pytest.mark.parametrize("mistake", ["archive --since 2999-01-01", f"archive verify --sample {10**30}"])
def test_a_day_to_come_and_a_sample_beyond_all_bags_are_mistakes_in_the_line(installed: Terminal, mistake: str) -> None:
    said = installed.run(*mistake.split())
    assert (said.code, said.out) == (2, "") and "[FAULT]" not in said.err


def test_the_policy_is_explained_without_the_service(terminal: Terminal) -> None:
    said = terminal.run("policy", "explain", "con-channel", "--json")
    assert (said.code, said.document["id"]) == (0, "CON-CHANNEL")
    assert terminal.run("policy", "explain", "NO-SUCH-RULE").code == 2
    listed = terminal.run("policy", "list")
    assert listed.code == 0 and max(map(len, listed.out.splitlines())) <= 80
