"""What `serve --sandbox` starts beside the service: the stand-ins, their school, and words for a first try."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from zoomguard.domain.errors import BadInput
from zoomguard.settings import ADDRESSES, Settings

if TYPE_CHECKING:
    from zoomguard.bootstrap import House
    from zoomguard.sandbox import Sandbox

Ready = Callable[[], dict[str, str]]
TEACHER, OBSERVER, CHILD = "t.wren@northmoor.example", "p.nandakumar@northmoor.example", "C-0101"
NOT_INSTALLED = ("The sandbox's servers are not installed.", "Run: pip install 'zoomguard[sandbox]'")


@contextmanager
def running(environ: Mapping[str, str]) -> Iterator[tuple[Sandbox, Settings]]:
    """A sandbox at machine time, and the settings that point to it."""
    from zoomguard import bootstrap
    from zoomguard.adapters.clock import SystemClock
    from zoomguard.settings import home_of

    try:
        from zoomguard.sandbox import Sandbox, SandboxClock
    except ModuleNotFoundError:
        raise BadInput(*NOT_INSTALLED, code="NOT_INSTALLED") from None
    clock = SandboxClock(SystemClock().now())
    with Sandbox(clock, home=home_of(environ)) as box, bootstrap.in_sandbox(environ, box) as settings:
        yield box, settings


def fill_school(house: House, home: Path) -> None:
    """Takes the make-believe school in, once: later it is what people made of it."""
    from zoomguard.sandbox import school

    folder, done = home / "school", home / "school" / "imported"
    if done.exists():
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    school.write_csvs(folder, house.clock.now().date())
    people, consents = house.app.people, house.app.consents
    takers = (
        ("staff", people.import_staff),
        ("children", people.import_children),
        ("guardians", people.import_guardians),
        ("groups", people.import_groups),
        ("consents", consents.import_file),
    )
    for name, take_in in takers:
        take_in((folder / f"{name}.csv").read_bytes(), skip_bad=True)
    done.touch(mode=0o600)


def note_service(home: Path, url: str) -> None:
    """Adds the service's address to sandbox.json, so that staff commands find it."""
    path = home / ADDRESSES
    document = json.loads(path.read_bytes()) | {"service_url": url}
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
    draft.replace(path)


def first_steps(now: datetime) -> list[str]:
    """Commands that work now: a teacher signs in and schedules the day after tomorrow."""
    day = (now + timedelta(days=2)).date()
    return [
        "Try, in another terminal:",
        f"  zoomguard login --as {TEACHER}",
        f"  zoomguard schedule --observer {OBSERVER} --child {CHILD} \\",
        f'      --course MATHS-7B --start "{day} 16:00" --minutes 50',
    ]
