"""An installation with an empty database beside the same Zoom and bucket, and two indexes compared column by column."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel, select

from tests.house import Home, a_furnished_home, import_school, initialise, let_copies_run
from zoomguard.bootstrap import in_sandbox, migrate, open_house
from zoomguard.tables.recordings import Bag, BagFile, Recording, RecordingFile

# What an index that was made anew does not have, and why.
EXCLUDED: dict[type[SQLModel], dict[str, str]] = {
    Recording: {
        "version": "counts changes of the row, not of the recording",
        "restricted": "may be changed after the bag is sealed, and bags are not",
    },
    RecordingFile: {
        "version": "counts changes of the row",
        "attempts": "how often the copy was begun: of no use once it is made, and begun anew where it is not",
    },
    Bag: {
        "version": "counts changes of the row",
        "checked_at": "nobody has looked at it on behalf of this index",
        "rehashed_at": "nobody has read it again on behalf of this index",
    },
    BagFile: {},
}


def index(home: Home) -> dict[str, list[dict[str, Any]]]:
    """Every row of the archive's index with all columns but the excluded ones."""
    found: dict[str, list[dict[str, Any]]] = {}
    with home.house.database.reading() as tx:
        for model, excluded in EXCLUDED.items():
            columns = list(model.__table__.columns.keys())  # type: ignore[attr-defined]
            assert set(excluded) <= set(columns)
            rows = [
                {name: getattr(row, name) for name in columns if name not in excluded} for row in tx.all(select(model))
            ]
            found[model.__name__] = sorted(rows, key=str)
    return found


@contextmanager
def another_house(home: Home, path: Path, *, database_url: str = "") -> Iterator[Home]:
    """A new installation, with the school's people and nothing else, in front of the same Zoom and bucket."""
    environ = {**home.environ, "ZOOMGUARD_HOME": str(path)}
    environ.pop("ZOOMGUARD_DATABASE_URL", None)
    if database_url:
        environ["ZOOMGUARD_DATABASE_URL"] = database_url
        initialise(environ, organisation="Northmoor College", staff_domains=("northmoor.example",))
        let_copies_run(path)
    else:
        shutil.copytree(a_furnished_home(), path)
    with in_sandbox(environ, home.sandbox) as settings:
        if database_url:
            migrate(settings, home.clock)
        with open_house(settings, home.clock) as house:
            opened = Home(house, home.sandbox, home.clock, path, environ)
            if database_url:
                import_school(opened)
            yield opened
