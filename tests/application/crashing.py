"""Has operations killed at a point, and lets the rest of the college carry on with what is left."""

from __future__ import annotations

import ast
import fcntl
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import pytest
from sqlmodel import col, select

import zoomguard
from tests.application import crash_child
from tests.house import Home
from zoomguard.tables.work import Work
from zoomguard.worker.duties import SLOW, duties

CHECKOUT = Path(__file__).parents[2]
PACKAGE = Path(zoomguard.__file__).parent
Op, Done = TypeVar("Op", bound="Named"), TypeVar("Done")


# The points -----------------------------------------------------------------------------------------------------


def points() -> dict[str, Path]:
    """Every name that the source gives to a crash point, and the file it stands in."""
    return {point: file for file in sorted(PACKAGE.rglob("*.py")) for point in _named(ast.parse(file.read_text()))}


def _named(tree: ast.Module) -> Iterator[str]:
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        for call in (n for n in ast.walk(function) if isinstance(n, ast.Call) and _name(n) == "crash_point"):
            yield from _texts(call.args[0], function, tree)


def _texts(named: ast.expr, function: ast.FunctionDef, tree: ast.Module) -> Iterator[str]:
    """A point's name; where it ends with a parameter of its function, one name for each text that is passed there."""
    if isinstance(named, ast.Constant):
        yield str(named.value)
        return
    assert isinstance(named, ast.JoinedStr), f"the name of a point in {function.name} cannot be read"
    before, hole = named.values
    assert isinstance(before, ast.Constant) and isinstance(hole, ast.FormattedValue), function.name
    place = [a.arg for a in function.args.args if a.arg != "self"].index(ast.unparse(hole.value))
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call) and _name(n) == function.name):
        passed = call.args[place]
        if isinstance(passed, ast.Constant):
            yield f"{before.value}{passed.value}"


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


# What it comes to where nobody is killed --------------------------------------------------------------------------


class Named(Protocol):
    """An operation."""

    @property
    def name(self) -> str: ...


def once_for_all(factory: pytest.TempPathFactory, do: Callable[[Path, Op], Done]) -> Callable[[Op], Done]:
    """Does something for an operation, in a folder of its own, once for all tests; pytest-xdist's workers tell each
    other."""
    run, name = os.environ.get("PYTEST_XDIST_TESTRUNUID"), f"{do.__module__}-known"
    shared = factory.getbasetemp().parent / f"{name}-{run}" if run else factory.mktemp(name)
    shared.mkdir(exist_ok=True)

    @cache
    def done(operation: Op) -> Done:
        with (shared / operation.name).open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if known := file.read():
                found: Done = pickle.loads(known)
                return found
            did = do(factory.mktemp("undisturbed"), operation)
            file.write(pickle.dumps(did))
            return did

    return done


# The killing ----------------------------------------------------------------------------------------------------


@cache
def nursery() -> tuple[subprocess.Popen[str], IO[bytes]]:
    """The process that children come from, and what they said on stderr; it ends with its stdin, so with this one."""
    said = tempfile.TemporaryFile()  # noqa: SIM115
    command, environ = [sys.executable, "-m", crash_child.__name__], {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environ, cwd=CHECKOUT, stdin=pipe, stdout=pipe, stderr=said, text=True), said


def killed(home: Home, point: str, what: str, email: str, said: dict[str, Any], **more: Any) -> bool:
    """Lets another process act on this installation; whether it came to the point, or (with `after_cpu_s`) to the
    end of the time that it was given. It ends well otherwise."""
    process, errors = nursery()
    environ = {**home.environ, **({"ZOOMGUARD_TEST_CRASH": point} if point else {})}
    told = {"environ": environ, "what": what, "email": email, "said": said, **more}
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(told) + "\n")
    process.stdin.flush()
    code = int(process.stdout.readline())
    assert code in (0, -signal.SIGKILL), (code, _tail(errors))
    return code == -signal.SIGKILL


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    return errors.read().decode()[-3000:]


# The carrying on ------------------------------------------------------------------------------------------------


def quick_duties(home: Home) -> tuple[str, ...]:
    """What a worker does between long copies, but for what comes by itself."""
    return tuple(d.kind for d in duties(home.app) if d.kind not in SLOW and d.every is None)


def carry_on(home: Home, within: timedelta) -> None:
    """The worker of another process goes on, while the clock moves, until nothing falls due within that time."""
    kinds, ends = quick_duties(home), home.clock.now() + within
    for _ in range(300):
        home.do_due(*kinds)
        due_at = next_due(home, kinds)
        if due_at is None or due_at > ends:
            home.clock.move_to(max(ends, home.clock.now()))
            return
        home.clock.advance(max(0.0, (due_at - home.clock.now()).total_seconds()) + 0.001)
    raise AssertionError("work never ends")


def next_due(home: Home, kinds: tuple[str, ...]) -> datetime | None:
    """When the next piece of work of these kinds falls due."""
    with home.house.database.reading() as tx:
        open_work = select(Work.due_at).where(col(Work.done_at).is_(None), col(Work.kind).in_(kinds))
        due_at: datetime | None = tx.first(open_work.order_by(col(Work.due_at)))
        return due_at
