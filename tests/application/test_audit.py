"""The chain of a real installation, and what becomes of it in the hands of somebody with the database."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.house import a_home
from zoomguard.application.audit import AuditTrail, in_words, verify_export
from zoomguard.cli.commands import run
from zoomguard.domain import audit
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, IntegrityFailed
from zoomguard.tables import audit as table
from zoomguard.tables.database import Database

ROOT = Path(__file__).resolve().parents[2]
Tamper = Callable[[sqlite3.Connection, int], None]


@pytest.fixture(scope="session")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HOME of a college that planned a lesson and was refused another."""
    path = tmp_path_factory.mktemp("audited") / "home"
    with a_home(path) as home:
        home.schedule()
        home.do_due("send_message")
    return path


@pytest.fixture
def home(held: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it without the triggers, and this process set up for it."""
    path = Path(shutil.copytree(held, tmp_path / "home"))
    with closing(opened(path)) as connection:
        names = [n for (n,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        connection.commit()
    for name in [n for n in os.environ if n.startswith("ZOOMGUARD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ZOOMGUARD_ENVIRONMENT", "sandbox")
    monkeypatch.setenv("ZOOMGUARD_HOME", str(path))
    return path


@pytest.fixture
def trail(home: Path) -> Iterator[AuditTrail]:
    database = Database(f"sqlite:///{home / 'zoomguard.db'}", lambda: None)  # type: ignore[arg-type]
    yield AuditTrail(database)
    database.close()


def opened(home: Path) -> sqlite3.Connection:
    return sqlite3.connect(home / "zoomguard.db")


def length(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT max(seq) FROM audit").fetchone()[0])


def flipped(connection: sqlite3.Connection, where: str, column: str, seq: int) -> None:
    """One bit of one byte of a value."""
    (content,) = connection.execute(f"SELECT {column} FROM {where} WHERE seq = ?", (seq,)).fetchone()
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    connection.execute(f"UPDATE {where} SET {column} = ? WHERE seq = ?", (bytes(changed), seq))


def set_column(column: str, value: object) -> Tamper:
    return lambda c, n: c.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (value, n // 2)) and None


def swap(connection: sqlite3.Connection, n: int) -> None:
    a, b = n // 2, n // 2 + 1
    for where in ("audit", "audit_payload"):
        for old, new in ((a, -1), (b, a), (-1, b)):
            connection.execute(f"UPDATE {where} SET seq = ? WHERE seq = ?", (new, old))


def insert(connection: sqlite3.Connection, n: int) -> None:
    """A row in the middle that follows the one before it; all later ones move up by one."""
    for where in ("audit", "audit_payload"):
        for seq in range(n, n // 2, -1):
            connection.execute(f"UPDATE {where} SET seq = ? WHERE seq = ?", (seq + 1, seq))
    (prev,) = connection.execute("SELECT hash FROM audit WHERE seq = ?", (n // 2,)).fetchone()
    row = connection.execute("SELECT body, at, actor, action, subject_kind, subject_id, payload_commit FROM audit")
    body, *rest = row.fetchone()
    # `prev_hash` is unique: whoever inserts must first make room in the row that followed.
    connection.execute("UPDATE audit SET prev_hash = 'made-room' WHERE seq = ?", (n // 2 + 2,))
    digest = audit.entry_hash(n // 2 + 1, prev, body)
    connection.execute("INSERT INTO audit VALUES (?,?,?,?,?,?,?,?,?,?)", (n // 2 + 1, prev, digest, body, *rest))


def delete(at: Callable[[int], int]) -> Tamper:
    return lambda c, n: c.execute("DELETE FROM audit WHERE seq = ?", (at(n),)) and None


MIDDLE, LAST = (lambda n: n // 2), (lambda n: n)
TAMPERED: dict[str, tuple[Tamper, Callable[[int], int], str]] = {
    "a byte of a payload": (lambda c, n: flipped(c, "audit_payload", "body", n // 2), MIDDLE, "payload was changed"),
    "a byte of a salt": (lambda c, n: flipped(c, "audit_payload", "salt", n // 2), MIDDLE, "payload was changed"),
    "a byte of a body": (lambda c, n: flipped(c, "audit", "body", n // 2), MIDDLE, "bytes were changed"),
    "a byte of the last body": (lambda c, n: flipped(c, "audit", "body", n), LAST, "bytes were changed"),
    "an actor": (set_column("actor", "somebody"), MIDDLE, "a column says other"),
    "an action": (set_column("action", "session.seen"), MIDDLE, "a column says other"),
    "a moment": (set_column("at", "2026-11-23 08:00:00.000000"), MIDDLE, "a column says other"),
    "a subject": (set_column("subject_id", "S-0000"), MIDDLE, "a column says other"),
    "a kind": (set_column("subject_kind", "recording"), MIDDLE, "a column says other"),
    "a commitment": (set_column("payload_commit", "00" * 32), MIDDLE, "a column says other"),
    "a hash": (set_column("hash", "00" * 32), MIDDLE, "bytes were changed"),
    "a previous hash": (set_column("prev_hash", "00" * 32), MIDDLE, "does not follow"),
    "a moment that is none": (set_column("at", "yesterday"), MIDDLE, "cannot be read"),
    "a moment with a zone": (set_column("at", "2026-11-23T09:00:00+01:00"), MIDDLE, "cannot be read"),
    "bytes that are no text": (set_column("actor", b"\xff\xfe"), MIDDLE, "cannot be read"),
    "a text for the bytes": (set_column("body", "text"), MIDDLE, "bytes were changed"),
    "a number for the bytes": (set_column("body", 5), MIDDLE, "bytes were changed"),
    "the one before the last deleted": (delete(lambda n: n - 1), lambda n: n - 1, "missing"),
    "one in the middle deleted": (delete(MIDDLE), MIDDLE, "missing"),
    "the first deleted": (delete(lambda n: 1), lambda n: 1, "missing"),
    "two rows swapped": (swap, MIDDLE, "does not follow"),
    "a row inserted": (insert, lambda n: n // 2 + 2, "does not follow"),
    "half a payload erased": (
        lambda c, n: c.execute("UPDATE audit_payload SET body = x'' WHERE seq = ?", (n // 2,)) and None,
        MIDDLE,
        "payload was changed",
    ),
}


def test_the_chain_of_the_main_job_holds(trail: AuditTrail) -> None:
    found = trail.verify()
    assert (found.broken, found.erased_payloads, found.unanchored) == (None, 0, found.entries)
    assert found.entries > 10
    with trail.database.streaming() as connection:
        said = {e.action for e in table.entries(connection) if e}
    assert {"install.begun", "terms.adopted", "access.token_issued"} <= said
    assert any(a.startswith("session.") for a in said) and any(a.startswith("people.") for a in said)


def test_the_triggers_of_the_real_file_keep_it_as_it_is(held: Path) -> None:
    with closing(opened(held)) as connection, pytest.raises(sqlite3.IntegrityError, match="only appended to"):
        connection.execute("DELETE FROM audit WHERE seq = 1")


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_is_found_at_its_entry(
    home: Path, trail: AuditTrail, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper, at, reason = TAMPERED[what]
    with closing(opened(home)) as connection:
        n = length(connection)
        tamper(connection, n)
        connection.commit()
    found = trail.verify()
    assert found.broken is not None
    assert (found.broken.seq, found.entries) == (at(n), at(n) - 1)
    assert reason in found.broken.reason
    assert run(["audit", "verify"]) == 5
    assert f"First bad entry: {at(n)}:" in " ".join(capsys.readouterr().out.split())


def test_the_program_exits_5_and_says_the_entry_in_json(home: Path) -> None:
    with closing(opened(home)) as connection:
        flipped(connection, "audit", "body", 3)
        connection.commit()
    done = subprocess.run(
        [sys.executable, "-m", "zoomguard", "audit", "verify", "--json"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 5, done.stderr
    assert json.loads(done.stdout)["broken"] == {"seq": 3, "reason": "its bytes were changed"}


# What no chain can find by itself


def test_a_last_entry_cut_off_leaves_a_chain_that_states_how_much_rests_on_nothing(
    home: Path, trail: AuditTrail, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(opened(home)) as connection:
        n = length(connection)
        connection.execute("DELETE FROM audit WHERE seq = ?", (n,))
        connection.commit()
    found = trail.verify()
    assert (found.broken, found.entries, found.unanchored) == (None, n - 1, n - 1)
    assert run(["audit", "verify"]) == 0
    assert "unanchored tail" in " ".join(capsys.readouterr().out.split())


def test_an_anchor_finds_what_was_cut_off(home: Path, trail: AuditTrail) -> None:
    with closing(opened(home)) as connection:
        n = length(connection)
        connection.execute("INSERT INTO anchor VALUES (?, 'head', x'00', '2026-11-23 09:00:00.000000', 'v')", (n,))
        connection.execute("DELETE FROM audit WHERE seq = ?", (n,))
        connection.commit()
    found = trail.verify()
    assert found.broken is not None
    assert (found.broken.seq, found.broken.reason) == (n, "missing: an anchor names it")
    assert f"The last good anchor is entry {n}." in in_words(found)


def test_a_chain_rewritten_with_fresh_hashes_agrees_with_itself_and_is_stated_as_unanchored(
    home: Path, trail: AuditTrail
) -> None:
    """Only a head kept outside tells: whoever holds the database can make all hashes anew."""
    before = trail.verify()
    with closing(opened(home)) as connection:
        rewrite_from(connection, before.entries // 2)
        connection.commit()
    after = trail.verify()
    assert (after.broken, after.entries, after.unanchored) == (None, before.entries, before.entries)
    assert after.head != before.head


def rewrite_from(connection: sqlite3.Connection, first: int) -> None:
    (prev,) = connection.execute("SELECT hash FROM audit WHERE seq = ?", (first - 1,)).fetchone()
    for seq, at, action, kind, subject, commit in connection.execute(
        "SELECT seq, at, action, subject_kind, subject_id, payload_commit FROM audit WHERE seq >= ? ORDER BY seq",
        (first,),
    ).fetchall():
        moment = table.datetime.fromisoformat(at).replace(tzinfo=table.UTC)
        body = audit.body(Event(action, kind, subject, "somebody"), moment, commit)
        digest = audit.entry_hash(seq, prev, body)
        connection.execute(
            "UPDATE audit SET actor='somebody', prev_hash=?, hash=?, body=? WHERE seq=?", (prev, digest, body, seq)
        )
        prev = digest


def test_erased_payloads_leave_the_chain_whole_and_are_counted(home: Path, trail: AuditTrail) -> None:
    with closing(opened(home)) as connection:
        connection.execute("DELETE FROM audit_payload WHERE seq IN (2, 4)")
        connection.commit()
    found = trail.verify()
    assert (found.broken, found.erased_payloads) == (None, 2)
    assert verify_export(trail.export()) == found


# Exports


def exported(trail: AuditTrail) -> list[str]:
    return list(trail.export())


def test_an_export_verifies_without_the_database(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "audit.jsonl"
    assert run(["audit", "export", "--to", str(bundle)]) == 0
    assert bundle.stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("ZOOMGUARD_HOME")
    monkeypatch.delenv("ZOOMGUARD_ENVIRONMENT")
    shutil.rmtree(home)
    assert run(["audit", "verify", "--bundle", str(bundle)]) == 0
    lines = bundle.read_text().splitlines()
    said = json.loads(lines[5])
    lines[5] = json.dumps({**said, "actor": "somebody"})
    bundle.write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    assert run(["audit", "verify", "--bundle", str(bundle)]) == 5
    assert "First bad entry: 5:" in capsys.readouterr().out


BAD_LINES = {
    "cut in the middle": lambda line: line[: len(line) // 2],
    "empty": lambda line: "",
    "a list": lambda line: "[]",
    "without its body": lambda line: json.dumps({k: v for k, v in json.loads(line).items() if k != "body"}),
    "with a moment that is none": lambda line: json.dumps({**json.loads(line), "at": "soon"}),
    "with half a letter": lambda line: json.dumps({**json.loads(line), "actor": "\ud800"}),
    "with an endless number": lambda line: line.replace('"seq": 3', '"seq": Infinity'),
    "nested without end": lambda line: "[" * 100_000,
}


@pytest.mark.parametrize("how", BAD_LINES)
def test_a_line_that_has_no_form_is_a_bad_entry_and_is_named(trail: AuditTrail, how: str) -> None:
    lines = exported(trail)
    lines[3] = BAD_LINES[how](lines[3])
    found = verify_export(iter(lines))
    assert found.broken is not None
    assert (found.broken.seq, found.entries) == (3, 2)


def test_a_line_missing_moved_or_doubled_is_found(trail: AuditTrail) -> None:
    lines = exported(trail)
    for changed in ([*lines[:3], *lines[4:]], [*lines[:3], lines[4], lines[3], *lines[5:]], [*lines[:4], *lines[3:]]):
        found = verify_export(iter(changed))
        assert found.broken is not None and found.broken.seq in (3, 4)


@pytest.mark.parametrize("head", ["", "{}", "[]", "null", '{"schema": "other"}', '{"schema": "zoomguard/audit/1"}'])
def test_what_is_no_export_is_said_to_be_none(head: str) -> None:
    with pytest.raises(BadInput) as caught:
        verify_export(iter([head] if head else []))
    assert caught.value.code == "NOT_AN_EXPORT"


def test_a_beginning_that_is_no_hash_is_no_export(trail: AuditTrail) -> None:
    lines = exported(trail)
    lines[0] = json.dumps({**json.loads(lines[0]), "genesis": "zz"})
    with pytest.raises(BadInput):
        verify_export(iter(lines))


def test_an_entry_that_cannot_be_read_stops_an_export(home: Path, trail: AuditTrail) -> None:
    with closing(opened(home)) as connection:
        connection.execute("UPDATE audit SET actor = x'ff' WHERE seq = 4")
        connection.commit()
    with pytest.raises(IntegrityFailed, match="Entry 4"):
        exported(trail)


# PostgreSQL


POSTGRES_TAMPERED = {
    "UPDATE audit_payload SET body = body || '\\x20' WHERE seq = 3": 3,
    "UPDATE audit SET body = set_byte(body, 5, 0) WHERE seq = 3": 3,
    "UPDATE audit SET actor = 'somebody' WHERE seq = 3": 3,
    "UPDATE audit SET at = 'infinity' WHERE seq = 3": 3,
    "UPDATE audit SET at = at + interval '1 microsecond' WHERE seq = 3": 3,
    "DELETE FROM audit WHERE seq = 3": 3,
    "DELETE FROM audit_payload WHERE seq = 3": None,
    "UPDATE audit SET seq = CASE seq WHEN 3 THEN -4 ELSE -3 END WHERE seq IN (3, 4);"
    " UPDATE audit SET seq = -seq WHERE seq < 0": 3,
}


@pytest.mark.needs_postgres
def test_tampering_is_found_on_postgresql_too(tmp_path: Path, postgres_url: str) -> None:
    with a_home(tmp_path / "home", database_url=postgres_url) as home:
        home.schedule()
        assert home.app.audit.verify().broken is None
        assert verify_export(home.app.audit.export()) == home.app.audit.verify()
        with home.house.database.streaming() as connection:
            genesis = connection.execute(sa.text("SELECT genesis FROM install")).scalar_one()
        for statement, expected in POSTGRES_TAMPERED.items():
            # Never committed: the next begins with the good chain.
            with home.house.database.streaming() as connection:
                connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER USER"))
                connection.exec_driver_sql(statement)
                found = audit.verify(table.entries(connection), genesis)
                assert (found.broken and found.broken.seq) == expected, statement
        assert home.app.audit.verify().broken is None
