"""A nursery of processes that act on an installation until they come to the point at which a test wants them killed.

Started once; each line it reads is a child: `environ` says where it acts and at which point it is killed, `what` and
`said` what it does, and as whom; with `after_cpu_s` it is killed once it has worked so long. What it prints is how that
child ended. Children are forked from it, because a start from nothing costs more than all that most of them do.
"""

import json
import os
import signal
import sys
import tempfile
import time
import traceback
import zoneinfo
from datetime import date
from typing import Any

from zoomguard.application.session_changes import NewTime
from zoomguard.bootstrap import House, load_settings, open_house
from zoomguard.domain.errors import ZoomguardError
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.worker.runner import Runner


def act(house: House, what: str, email: str, said: dict[str, Any]) -> None:
    """Does it once; what goes wrong outside is left to whoever comes next."""
    try:
        if what == "work":
            work(house, said["kinds"], said.get("rounds", 1))
        elif what.startswith("archive"):
            keep(house, what)
        else:
            ask(house, what, house.app.access.who(house.app.access.issue(email).token), said)
    except ZoomguardError as error:
        print(what, error.code, error, file=sys.stderr)


def work(house: House, kinds: list[str], rounds: int) -> None:
    """A worker takes what is due, so many times, or until there is nothing."""
    runner = Runner(house.app, house.claims, house.clock)
    for _ in range(rounds):
        if not runner.run_due(tuple(kinds)):
            return


def keep(house: House, what: str) -> None:
    """One of the archive's commands."""
    archive = house.app.archive
    if what == "archive":
        archive.run()
    elif what == "archive verify":
        archive.verify(None)
    elif what == "archive reconcile":
        archive.reconcile()
    elif what == "archive rebuild":
        archive.rebuild()
    else:
        raise SystemExit(f"nobody knows how to {what}")


def ask(house: House, what: str, who: Who, said: dict[str, Any]) -> None:
    """One use case; `session` is its id."""
    app, session = house.app, said.get("session", "")
    if what == "schedule":
        app.sessions.schedule(who, ScheduleAsk(**{**said, "children": tuple(said["children"])}))
    elif what == "cancel":
        app.sessions.cancel(who, session)
    elif what == "reschedule":
        app.sessions.changes.reschedule(who, session, NewTime(said["start"]))
    elif what == "replace-observer":
        app.observers.replacing.replace(who, session, said["observer"])
    elif what == "accept":
        app.observers.accept(who, session)
    elif what == "decline":
        app.observers.decline(who, session)
    elif what == "roster":
        app.sessions.rosters.change(who, session, tuple(said["add"]), tuple(said["remove"]))
    elif what == "reassign":
        app.sessions.changes.reassign(who, session, said["teacher"])
    elif what == "deactivate":
        app.staffing.deactivate(who, said["email"])
    elif what == "batch":
        app.batches.submit_file(who, said["text"].encode(), said["key"])
        work(house, ["schedule_batch", "create_planned"], said["rounds"])
    elif what == "series":
        asked = ScheduleAsk(**{**said["ask"], "children": tuple(said["ask"]["children"])})
        app.batches.submit_series(who, asked, date.fromisoformat(said["until"]), said["key"])
    else:
        raise SystemExit(f"nobody knows how to {what}")


def live(told: dict[str, Any]) -> int:
    """A child's life; its exit code."""
    environ = told["environ"]
    if "PYTHONTZPATH" in environ:
        zoneinfo.reset_tzpath(to=environ["PYTHONTZPATH"].split(os.pathsep))
        zoneinfo.ZoneInfo.clear_cache()
    tempfile.tempdir = environ.get("TMPDIR")
    try:
        with open_house(load_settings(environ)) as opened:
            act(opened, told["what"], told["email"], told["said"])
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def end_of(child: int, after_cpu_s: float | None) -> int:
    """How a child ended; killed once it has worked so long, where that is given."""
    while after_cpu_s is not None:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        if worked_s(child) >= after_cpu_s:
            os.kill(child, signal.SIGKILL)
            break
        time.sleep(0.002)
    return os.waitpid(child, 0)[1]


def worked_s(child: int) -> float:
    """The time that a process has had of a processor: the same on a busy machine as on an idle one."""
    with open(f"/proc/{child}/stat", encoding="ascii", errors="replace") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            code = live(told)
            sys.stderr.flush()
            os._exit(code)
        status = end_of(child, told.get("after_cpu_s"))
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
