"""A whole installation in this process: real database, the sandbox over HTTP, the school imported."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from zoomguard.bootstrap import House, in_sandbox, initialise, migrate, open_house, prepare_bucket
from zoomguard.domain.people import OPERATOR, Who
from zoomguard.domain.sessions import ScheduleAnswer, ScheduleAsk
from zoomguard.sandbox import Sandbox, SandboxClock, school
from zoomguard.worker.runner import Runner

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEACHER, OBSERVER = "t.wren@northmoor.example", "p.nandakumar@northmoor.example"
REVIEWER, DSL, COORDINATOR = "c.baptiste@northmoor.example", "i.hale@northmoor.example", "r.adeyemi@northmoor.example"
CLASS_7B = ("C-0101", "C-0102", "C-0110", "C-0120", "C-0150")
SAFE_ASK = ScheduleAsk(
    teacher="", observer=OBSERVER, children=CLASS_7B, course="MATHS-7B", start="2026-12-01 16:00", minutes=50
)


@dataclass
class Home:
    """An installation with its sandbox, and short ways to what tests do all the time."""

    house: House
    sandbox: Sandbox
    clock: SandboxClock
    path: Path
    environ: dict[str, str]

    @property
    def app(self) -> Any:
        return self.house.app

    def who(self, email: str) -> Who:
        """Somebody of the staff, signed in."""
        who: Who = self.app.access.who(self.app.access.issue(email).token)
        return who

    def schedule(self, email: str = TEACHER, **change: Any) -> ScheduleAnswer:
        """The safe ask with one change."""
        answer: ScheduleAnswer = self.app.sessions.schedule(self.who(email), replace(SAFE_ASK, **change))
        return answer

    def do_due(self, *kinds: str) -> int:
        """Does what is due now."""
        runner = Runner(self.app, self.house.claims, self.clock)
        return runner.run_due(kinds or tuple(runner.duties))

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A call to the sandbox's controls."""
        key = {"authorization": f"Bearer {self.sandbox.controls.key}"}
        content = json.dumps(body).encode() if body is not None else b""
        status, answer = self.sandbox.controls.answer(method, f"/sandbox/{path}", {}, key, content)
        assert status == 200, answer
        return answer

    def hold(self, session: str, **more: Any) -> dict[str, Any]:
        """Holds a session in the sandbox, so that its recording appears."""
        answer: dict[str, Any] = self.control("POST", "play", {"session": session, **more})
        return answer

    def zoom_calls(self, *words: str) -> list[str]:
        """Calls to Zoom as "METHOD path", only those whose path holds one of the words."""
        said = [f"{c['method']} {c['path']}" for c in self.sandbox.calls()]
        return [c for c in said if not words or any(w in c for w in words)]


def exchanges_file() -> Path | None:
    """Where `scripts/check --zoom-shapes` wants every exchange with Zoom's API written."""
    named = os.environ.get("ZOOMGUARD_TEST_EXCHANGES")
    return Path(named) if named else None


@contextmanager
def a_home(path: Path, *, database_url: str = "", start: datetime = START, **variables: str) -> Iterator[Home]:
    """A migrated installation with the sandbox's school, on SQLite unless another database is named."""
    environ = {"ZOOMGUARD_ENVIRONMENT": "sandbox", "ZOOMGUARD_HOME": str(path), "ZOOMGUARD_LOG_LEVEL": "WARNING"}
    environ |= variables
    if database_url:
        environ["ZOOMGUARD_DATABASE_URL"] = database_url
    copied = start == START and not database_url
    if copied:
        shutil.copytree(a_furnished_home(), path, dirs_exist_ok=True)
    else:
        initialise(environ, organisation="Northmoor College", staff_domains=("northmoor.example",))
        let_copies_run(path)
    clock = SandboxClock(start)
    with Sandbox(clock, record_to=exchanges_file()) as sandbox, in_sandbox(environ, sandbox) as settings:
        if not copied:
            migrate(settings, clock)
        prepare_bucket(settings)
        with open_house(settings, clock) as house:
            home = Home(house, sandbox, clock, path, environ)
            if not copied:
                import_school(home)
            yield home


def let_copies_run(home: Path) -> None:
    """Takes the cap off copies: the sandbox's clock stands at nine in the morning."""
    terms = home / "terms.toml"
    terms.write_text(terms.read_text().replace("megabits_per_second = 200", "megabits_per_second = 0"))


@cache
def a_furnished_home() -> Path:
    """A HOME that was set up, migrated and filled once in this process, to be copied by those who come later."""
    folder = Path(tempfile.mkdtemp(prefix="zoomguard-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A little earlier than the copies begin: what was recorded there must be known here.
    with a_home(folder / "home", start=START - timedelta(minutes=10)):
        pass
    return folder / "home"


def import_school(home: Home) -> None:
    """The five files of the sandbox's school."""
    folder = home.path / "school"
    folder.mkdir(exist_ok=True)
    school.write_csvs(folder, home.clock.now().date())
    people, consents = home.app.people, home.app.consents
    takers = {
        "staff": people.import_staff,
        "children": people.import_children,
        "guardians": people.import_guardians,
        "groups": people.import_groups,
        "consents": consents.import_file,
    }
    for name, take_in in takers.items():
        answer = take_in((folder / f"{name}.csv").read_bytes(), by=OPERATOR)
        assert not answer.refused, answer
