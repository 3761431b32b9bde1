"""Towns for tests that look from outside only."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.stage import Stage, a_stage, set_stage
from tests.e2e.town import EIGHT, Town, a_sandbox, a_town, set_up, variables, write_school


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "templates"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def set_up_home(templates: Path) -> Path:
    """A HOME that the program's own commands set up once; towns are copies of it."""
    home = templates / "sqlite" / "home"
    once(home, lambda: "")
    return home


@pytest.fixture(scope="session")
def set_up_postgres(templates: Path, new_postgres_database: Callable[..., str]) -> Path:
    """The same over PostgreSQL; `database` beside HOME names the database to copy."""
    home = templates / "postgres" / "home"
    once(home, new_postgres_database)
    return home


@pytest.fixture(scope="session")
def stage_home(templates: Path, set_up_home: Path) -> Path:
    """The HOME of the scenarios: the school's class is in it, and its families' names can be searched for."""
    home = templates / "stage" / "home"
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home.parent / "set").exists():
            set_stage(home, set_up_home)
            (home.parent / "set").touch()
    return home


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, stage_home: Path) -> Iterator[Stage]:
    """The stage for all scenarios in which the clock is not moved; its college makes meetings a year ahead."""
    with a_stage(tmp_path_factory.mktemp("stage"), stage_home, a_year_ahead) as stage:
        yield stage


def a_year_ahead(terms: str) -> str:
    """Terms with half-term, under which no session waits."""
    half_term = '[[closures]]\nname = "Half-term"\nfrom = 2027-02-15\nuntil = 2027-02-19\n'
    return terms.replace("create_ahead_days = 14", "create_ahead_days = 366") + half_term


def once(home: Path, new_database: Callable[[], str]) -> None:
    """Sets HOME up unless another worker did."""
    home.parent.mkdir(exist_ok=True)
    with (home.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (home.parent / "database").exists():
            return
        url = new_database()
        settings = {"DATABASE_URL": url} if url else {}
        with a_sandbox(home, EIGHT):
            set_up(variables(home, **settings), write_school(home.parent / "school", EIGHT))
        (home.parent / "database").write_text(url.rpartition("/")[2])


@pytest.fixture
def new_town(tmp_path: Path, set_up_home: Path) -> Iterator[Callable[..., Town]]:
    """`new_town(template, **settings)` gives a town with its service running, on SQLite unless told otherwise."""
    with ExitStack() as stack:

        def make(template: Path = set_up_home, **settings: str) -> Town:
            return stack.enter_context(a_town(tmp_path, template, **settings))

        yield make


@pytest.fixture
def town(new_town: Callable[..., Town]) -> Town:
    """A town with its service running."""
    return new_town()


@pytest.fixture
def postgres_town(
    new_town: Callable[..., Town], set_up_postgres: Path, new_postgres_database: Callable[..., str]
) -> Town:
    """A town whose database is a copy of the one that was set up on PostgreSQL."""
    template = (set_up_postgres.parent / "database").read_text()
    return new_town(set_up_postgres, DATABASE_URL=new_postgres_database(template))
