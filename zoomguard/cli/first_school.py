"""A fresh sandbox fills itself with the make-believe school, so that its first command can be `schedule`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa

from zoomguard import bootstrap
from zoomguard.application import Application
from zoomguard.application.ports import Clock
from zoomguard.cli import show
from zoomguard.domain.people import OPERATOR
from zoomguard.domain.people_files import ImportAnswer
from zoomguard.sandbox import school
from zoomguard.settings import Settings, home_of
from zoomguard.tables import migrations

COLLEGE, DOMAIN = "Northmoor College", "northmoor.example"
# Numbers that Ofcom keeps for make-believe.
CONTACTS = {
    "safeguarding_lead": "Imogen Hale (safeguarding lead)",
    "safeguarding_phone": "01632 960134",
    "office_phone": "01632 960100",
}


def is_fresh(environ: Mapping[str, str]) -> bool:
    """Whether HOME holds no installation yet."""
    return not (home_of(environ) / "zoomguard.toml").exists()


def begin(environ: Mapping[str, str]) -> None:
    """`init` for the make-believe college."""
    for line in bootstrap.initialise(environ, organisation=COLLEGE, staff_domains=(DOMAIN,), contacts=CONTACTS):
        show.note(line)


def migrate_and_fill(settings: Settings, clock: Clock) -> None:
    """Migrates an empty database and takes the school in; one that is in use is left as it is."""
    engine = sa.create_engine(settings.database_url, hide_parameters=True)
    empty = migrations.current(engine) is None
    engine.dispose()
    if not empty:
        return
    show.note(bootstrap.migrate(settings, clock))
    with bootstrap.open_application(settings, clock) as app:
        fill(app, settings.home / "school", clock)


def fill(app: Application, folder: Path, clock: Clock) -> None:
    """Takes the five files of the school in."""
    folder.mkdir(mode=0o700, exist_ok=True)
    school.write_csvs(folder, clock.now().date())
    takers: dict[str, Callable[..., ImportAnswer]] = {
        "staff": app.people.import_staff,
        "children": app.people.import_children,
        "guardians": app.people.import_guardians,
        "groups": app.people.import_groups,
        "consents": app.consents.import_file,
    }
    for name, take_in in takers.items():
        answer = take_in((folder / f"{name}.csv").read_bytes(), by=OPERATOR)
        show.note(f"imported {answer.new:3} {name}  ({folder / name}.csv)")
