"""The stage of the scenarios: Northmoor with its class, and a mark in every name of a family to search for."""

from __future__ import annotations

import base64
import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from tests.e2e import strays
from tests.e2e.town import EIGHT, OBSERVER, TEACHER, Ran, Town, a_sandbox, a_town, in_turn, variables, wait_for
from zoomguard.sandbox.mailbox import _as_entry

T1, O1 = TEACHER, OBSERVER
T2, O2, O3, EC, DSL, DEP = (
    f"{name}@northmoor.example" for name in ("h.lindqvist", "o.mbeki", "s.rao", "r.adeyemi", "i.hale", "b.noor")
)
GROUP = "MATHS-7B"
GUARDIANS = {"eva.kral", "jan.kral", "lan.tran", "ngozi.okafor", "martha.stone"}
TOLD = GUARDIANS | {"minh.tran"}  # Minh has an address and permission for mail
SAFE = {"observer": O1, "group": GROUP, "start": "2026-12-01 16:00", "minutes": 50}
# A service looks at the sandbox's clock no more often than this.
LOOKS_EVERY_S = 0.3
HTML = {"Accept": "text/html"}
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


@dataclass(frozen=True)
class Mail:
    """A mail as it came."""

    to: str
    subject: str
    text: str
    calendar: str
    headers: dict[str, str]

    @property
    def name(self) -> str:
        """To whom, without the domain."""
        return self.to.partition("@")[0]

    @property
    def words(self) -> str:
        """The text without its line breaks."""
        return " ".join(self.text.split())

    def links(self, kind: str) -> list[str]:
        """What stands in links of one kind: tokens of "j" and "o", ids of "s"."""
        return re.findall(rf"/{kind}/([\w-]+)", self.text)


class Stage:
    """A town with its school, and what people of the scenarios do and see there."""

    def __init__(self, town: Town, school: Path) -> None:
        self.town, self.school = town, school
        # Every answer to staff: who asked, where, and what came.
        self.answers: list[tuple[str, str, str]] = []
        self.browsers: dict[str, str] = {}
        self.read: list[Mail] = []

    # What people do -----------------------------------------------------------------------------------------------

    def zg(self, *arguments: str, by: str = T1, stdin: bytes = b"") -> Ran:
        """Runs a command of the staff's; `by` "" for one of the operator's."""
        ran = self.town.zg(*arguments, by=by, stdin=stdin)
        self.answers.append((by, " ".join(arguments[:2]), ran.out + ran.err))
        return ran

    def api(self, method: str, path: str, body: Any = None, by: str = T1) -> tuple[int, Any]:
        """Status and document of one request to the API."""
        answer = self.town.http(method, f"/api/v1{path}", body, by=by)
        self.answers.append((by, f"{method} {path}", answer.data.decode()))
        return answer.status, answer.json()

    def make(self, by: str = T1, **change: Any) -> dict[str, Any]:
        """Schedules the safe lesson with some changes; gives the session."""
        status, said = self.api("POST", "/sessions", {**SAFE, **change}, by)
        assert status == 201, said
        session: dict[str, Any] = said["session"]
        return session

    def do(self, session: dict[str, Any], act: str, by: str = T1, **body: Any) -> tuple[int, Any]:
        """Changes a session."""
        return self.api("POST", f"/sessions/{session['short_id']}/{act}", body, by)

    def show(self, session: dict[str, Any], by: str = EC) -> dict[str, Any]:
        """The session as it stands."""
        status, said = self.api("GET", f"/sessions/{session['short_id']}", by=by)
        assert status == 200, said
        shown: dict[str, Any] = said["session"]
        return shown

    def page(self, path: str, by: str = "") -> urllib3.BaseHTTPResponse:
        """A page as a browser sees it, signed in where somebody is named."""
        return self._seen(by, path, self.town.http("GET", path, **HTML, **self._cookie(by)))

    def press(self, path: str, by: str = "", form: str = "", **fields: str) -> urllib3.BaseHTTPResponse:
        """Sends a form of the page at that address; `form` is the page where it was loaded before."""
        csrf = CSRF.findall(form or self.page(path, by).data.decode())[0]
        body = urlencode({"csrf": csrf, **fields}).encode()
        sent = {"Content_Type": "application/x-www-form-urlencoded", **HTML, **self._cookie(by)}
        return self._seen(by, path, self.town.http("POST", path, body, **sent))

    def _seen(self, by: str, path: str, answer: urllib3.BaseHTTPResponse) -> urllib3.BaseHTTPResponse:
        """Pages for staff name no family; behind a child's door stands the child's own name."""
        if by:
            self.answers.append((by, path, answer.data.decode()))
        return answer

    def _cookie(self, by: str) -> dict[str, str]:
        if by and by not in self.browsers:
            answer = self.press("/sign-in", email=by, next="/")
            self.browsers[by] = answer.headers["Set-Cookie"].partition(";")[0]
        return {"Cookie": self.browsers[by]} if by else {}

    def take_in(self, what: str, *rows: str) -> Ran:
        """Imports lines of one of the school's files; header and form are that file's."""
        header = (self.school / f"{what}.csv").read_text().splitlines()[0]
        words = ("consents", "import", "-") if what == "consents" else ("people", "import", what, "-")
        more = () if what == "consents" else ("--accept-changes",)
        return self.zg(*words, *more, by="", stdin="\n".join([header, *rows]).encode())

    def rows(self, what: str, *keys: str, **change: str) -> list[str]:
        """The lines of a file that begin with these cells, with some columns changed."""
        header, lines = strays.read(self.school / f"{what}.csv")
        found = [cells for cells in lines if cells[: len(keys)] == list(keys)]
        return [",".join(change.get(c, cell) for c, cell in zip(header, cells, strict=True)) for cells in found]

    # What is seen -------------------------------------------------------------------------------------------------

    def mails(self, since: int = 0) -> list[Mail]:
        """The mails from number `since` on, counted from nought; each is read once."""
        came = self.town.sandbox._mailbox._deliveries[len(self.read) :]
        self.read += [Mail(**_as_entry(to, body)) for to, body in came]
        return self.read[since:]

    def mailed(self, since: int, names: Iterable[str], subject: str = "") -> list[Mail]:
        """Waits until each of these people has a mail with these words as subject, and gives all such mails."""
        wanted = set(names)
        wait_for(lambda: wanted <= {m.name for m in self.mails(since) if subject in m.subject}, 60)
        return [m for m in self.mails(since) if subject in m.subject]

    def told(self, session: dict[str, Any], since: int = 0) -> list[Mail]:
        """The mails with a calendar entry of this session, once all have left that leave at once."""
        self.all_sent(session)
        return [m for m in self.mails(since) if session["id"] in m.calendar]

    def all_sent(self, *sessions: dict[str, Any]) -> None:
        """Waits until nothing about these sessions is on its way; what waits for a child's day stays."""
        for session in sessions:
            wait_for(lambda of=session: all(m["state"] != "queued" or m["reason"] for m in self.messages(of)), 60, 0.3)

    def left(self) -> strays.Left:
        """All that the town has left behind so far."""
        calls = self.town.control("GET", "calls")
        return strays.Left([asdict(m) for m in self.mails()], self.answers, self.town.service_log(), calls)

    def count(self) -> int:
        """How many mails there are."""
        return len(self.mails())

    def messages(self, session: dict[str, Any]) -> list[dict[str, Any]]:
        """What was written about a session, newest first."""
        status, said = self.api("GET", f"/messages?session={session['short_id']}", by=EC)
        assert status == 200, said
        listed: list[dict[str, Any]] = said["messages"]
        return listed

    def meetings(self, session: dict[str, Any]) -> list[Any]:
        """The session's meetings as Zoom keeps them, deleted ones too, in order."""
        kept = self.town.sandbox._zoom.state.meetings.values()
        return [m for m in kept if session["short_id"] in m.fields["topic"]]

    def meeting(self, session: dict[str, Any]) -> Any:
        """The session's one meeting that stands at Zoom."""
        (found,) = (m for m in self.meetings(session) if not m.deleted)
        return found

    def calls(self, session: dict[str, Any], since: int = 0) -> list[str]:
        """Calls to Zoom about a session's meetings after call number `since`, as "METHOD last-part"."""
        numbers = {str(m.number) for m in self.meetings(session)}
        calls = [c for c in self.town.control("GET", "calls") if c["n"] > since]
        return [f"{c['method']} {_part(c['path'])}" for c in calls if numbers & set(_words(c)) or _makes(c, session)]

    def changes(self, session: dict[str, Any], since: int) -> list[str]:
        """The calls from the first change of the session's meeting on."""
        calls = self.calls(session, since)
        return calls[calls.index("PATCH meeting") :]

    def writes(self) -> int:
        """How many calls changed something at Zoom."""
        return len(self.town.zoom_writes())

    def audit(self, subject: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Actions, who did them and what else is said, about one subject, out of `audit export`."""
        lines = self.town.zg("audit", "export", json=False).out.splitlines()
        said = [entry for entry in map(json.loads, lines) if entry.get("subject_id") == subject]
        return [(e["action"], e["actor"], json.loads(base64.b64decode(e["payload"]))) for e in said]

    # Time ---------------------------------------------------------------------------------------------------------

    def until(self, moment: str) -> None:
        """Moves the clock to a moment of UTC; whoever is signed in signs in again."""
        self.town.control("POST", "clock", {"to": f"{moment}+00:00"})
        time.sleep(LOOKS_EVERY_S)
        self.town.tokens.clear()
        self.browsers.clear()

    def now(self) -> datetime:
        """The time of the sandbox."""
        return datetime.fromisoformat(self.town.control("GET", "clock")["now"])

    def comes(self, session: dict[str, Any], **wanted: Any) -> dict[str, Any]:
        """Waits until the session stands so."""
        looked: dict[str, Any] = wait_for(
            lambda: wanted.items() <= (shown := self.show(session)).items() and shown, 60, 0.3
        )
        return looked


@contextmanager
def a_stage(
    path: Path, home: Path, terms: Callable[[str], str] | None = None, may_reach: str = "", **settings: str
) -> Iterator[Stage]:
    """A town with the scenarios' people, under changed terms where wanted; at the end nothing may have strayed.

    `may_reach` is whose mail does not count as strayed: a lead has allowed it.
    """
    settings |= {"LOG_LEVEL": "DEBUG"}
    if terms:
        file = path / "terms.toml"
        file.write_text(terms((home / "terms.toml").read_text()))
        settings["TERMS_FILE"] = str(file)
    with a_town(path, home, **settings) as town:
        stage = Stage(town, home.parent / "school")
        yield stage
        left = stage.left()
        assert strays.of(replace(left, mails=[m for m in left.mails if m["to"] != may_reach])) == []


def set_stage(home: Path, template: Path) -> None:
    """Makes HOME a copy of a set-up one, with marked families, the class, and the policy read lately by all."""
    shutil.copytree(template, home)
    toml = home / "zoomguard.toml"
    toml.write_text(toml.read_text().replace(str(template), str(home)))
    shutil.copytree(template.parent / "school", home.parent / "school")
    strays.mark(home.parent / "school")
    read_the_policy(home.parent / "school" / "staff.csv")
    files = {what: str(home.parent / "school" / f"{what}.csv") for what in ("staff", "children", "guardians", "groups")}
    with a_sandbox(home, EIGHT + timedelta(minutes=30)):
        in_turn(variables(home), [("people", "import", *named, "--accept-changes") for named in files.items()])
    (home / "sandbox.json").unlink(missing_ok=True)


def read_the_policy(staff: Path) -> None:
    """Everybody acknowledged the policy lately enough for lessons in a year's time."""
    header, rows = strays.read(staff)
    column = header.index("policy_ack_on")
    strays.write(staff, header, [[*row[:column], "2026-11-20", *row[column + 1 :]] for row in rows])


def _words(call: dict[str, Any]) -> list[str]:
    words: list[str] = call["path"].partition("?")[0].split("/")
    return words


def _part(path: str) -> str:
    last = path.partition("?")[0].rpartition("/")[2]
    return "meeting" if last.isdigit() else last


def _makes(call: dict[str, Any], session: dict[str, Any]) -> bool:
    makes = call["method"] == "POST" and _words(call)[-1] == "meetings"
    return makes and session["short_id"] in call["body"]["topic"]
