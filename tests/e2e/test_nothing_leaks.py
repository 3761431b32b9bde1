"""Secrets and names are seeded, the main job is run with everything going wrong, and all that is left is searched."""

from __future__ import annotations

import json
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.town import (
    BUCKET,
    CLASS,
    COORDINATOR,
    INVITED,
    OBSERVER,
    REVIEWER,
    TEACHER,
    Town,
    a_town,
    wait_for,
    watching_arguments,
)

# Part of every child's and guardian's name and address here, and of nothing else.
NAME = "quokka"
KEYS = {"zoomguard.toml", "audit-signing-key.pem", "sandbox.json", "token.json"}
SECRETS_OF_ZOOM = ("CLIENT_SECRET", "WEBHOOK_SECRET")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, set_up_home: Path) -> Iterator[Searched]:
    """A town in which the whole job was run amid errors, with all that it left behind."""
    path = tmp_path_factory.mktemp("town")
    with watching_arguments() as arguments, a_town(path, set_up_home, LOG_LEVEL="DEBUG") as town:
        name_the_families(town, set_up_home.parent / "school")
        bodies = run_the_job(town)
        wait_for(lambda: len(town.mails()) >= len(INVITED))
        found = Searched(town, bodies, sorted(arguments))
        town.stop_service()
        yield found


class Searched:
    """What was seeded, and every place to search."""

    def __init__(self, town: Town, bodies: list[bytes], arguments: list[str]) -> None:
        self.town, self.bodies, self.arguments = town, bodies, arguments
        self.mails = town.control("GET", "mailbox")
        self.secrets = dict(seeded(town, self.mails))

    def places(self) -> dict[str, bytes]:
        """All that may hold neither secret nor name, by where it was found."""
        town = self.town
        said = {f"command {n}": (r.out + r.err).encode() for n, r in enumerate(town.spoken)}
        answers = {f"error {n}": body for n, body in enumerate(self.bodies)}
        headers = [{k: v for k, v in m["headers"].items() if k.lower() != "to"} for m in self.mails]
        return {
            **said,
            **answers,
            **dict(on_disk(town.home)),
            "service log": town.service_log().encode(),
            "mail headers": json.dumps([headers, [m["subject"] for m in self.mails]]).encode(),
            "bucket": json.dumps(in_bucket(town), default=str).encode(),
            "audit export": town.zg("audit", "export", json=False).out.encode(),
            "arguments": "\n".join(self.arguments).encode(),
            "calls": json.dumps(town.control("GET", "calls")).encode(),
        }


def name_the_families(town: Town, school: Path) -> None:
    """Gives every child and guardian names and an address that can be searched for."""
    for what, columns in (("children", (1, 2)), ("guardians", (1, 2, 3))):
        rows = [row.split(",") for row in (school / f"{what}.csv").read_text().splitlines()]
        for row in rows[1:]:
            # The address of somebody who is not to be contacted stays as it is on record.
            for column in columns if row[-1] != "no" else columns[1:]:
                row[column] = NAME.title() + row[column] if "@" not in row[column] else f"{NAME}.{row[column]}"
        content = "\n".join(",".join(row) for row in rows).encode()
        assert town.zg("people", "import", what, "-", "--accept-changes", stdin=content).code == 0


def run_the_job(town: Town) -> list[bytes]:
    """Schedule, hold, archive, fetch, with each step failing first; gives the bodies of HTTP errors."""
    town.fault("locked_setting_overrides")
    assert town.schedule().code == 1
    town.fault("locked_setting_overrides", on=False)
    town.fault("answer_lost", times=1)
    made = town.schedule()
    assert made.code == 0
    session = made.said["session"]["short_id"]
    assert town.schedule(children=(*CLASS, "C-0140"), start="2026-12-03 16:00").code == 1
    assert town.zg("sessions", "show", session, by=TEACHER).code == 0
    bodies = ask_badly(town)
    wait_for(lambda: len(town.mails()) >= len(INVITED))
    open_doors(town)
    bodies += without_a_table(town, session)
    archive(town, session)
    fetch(town)
    return bodies


def ask_badly(town: Town) -> list[bytes]:
    """Names and secrets where they do not belong: the answers must not repeat them."""
    name = f"{NAME.title()}lena"
    ask: dict[str, Any] = {"observer": OBSERVER, "children": ["C-0101"], "course": name, "start": name, "minutes": 50}
    secret = town.sandbox.settings()["ZOOMGUARD_ZOOM_CLIENT_SECRET"]
    tries: list[tuple[str, str, Any, dict[str, str]]] = [
        ("POST", "/api/v1/sessions", {**ask, name: name}, {}),
        ("POST", "/api/v1/sessions", {**ask, "minutes": name}, {}),
        ("POST", "/api/v1/sessions", b'{"course": "' + name.encode(), {}),
        ("GET", f"/api/v1/sessions/{name}", None, {}),
        ("GET", f"/{name}?token={secret}", None, {}),
        ("GET", f"/j/{secret}", None, {}),
        ("GET", "/api/v1/sessions", None, {"Authorization": f"Bearer {secret}"}),
        ("POST", "/webhooks/zoom", b'{"event": "' + name.encode() + b'"}', {"x-zm-signature": f"v0={secret}"}),
    ]
    answers = [town.http(m, p, body, **({} if h else {"by": TEACHER}), **h) for m, p, body, h in tries]
    assert all(a.status >= 400 or "/j/" in t[1] for a, t in zip(answers, tries, strict=True))
    return [a.data for a in answers]


def open_doors(town: Town) -> None:
    """Children open their doors too early, and some that are none."""
    for mail in town.control("GET", "mailbox"):
        for token in re.findall(r"/j/([\w-]+)", mail["text"]):
            assert town.http("GET", f"/j/{token}").status == 200


def without_a_table(town: Town, session: str) -> list[bytes]:
    """Faults of our own: tables are gone in the middle of the work."""
    paths = ["/api/v1/sessions", f"/api/v1/sessions/{session}", "/api/v1/recordings", "/api/v1/whoami"]
    answers = []
    with renamed(town.home / "zoomguard.db", "video_session", "recording", "sign_in", "person"):
        answers += [town.http("GET", p, by=TEACHER) for p in paths]
        assert town.schedule(start="2026-12-04 16:00").code in (4, 70)
        assert town.zg("archive").code in (4, 5, 70)
    assert {a.status for a in answers} & {500, 503}
    return [a.data for a in answers]


@contextmanager
def renamed(path: Path, *tables: str) -> Iterator[None]:
    """Tables that are missing for a while."""
    with sqlite3.connect(path, timeout=20, isolation_level=None) as database:
        known = {row[0] for row in database.execute("select name from sqlite_master where type = 'table'")}
        assert known.issuperset(tables)
        for table in tables:
            database.execute(f"alter table {table} rename to {table}_gone")
        try:
            yield
        finally:
            for table in tables:
                database.execute(f"alter table {table}_gone rename to {table}")


def archive(town: Town, session: str) -> None:
    """The lesson is held; Zoom's first answers about its recording are bad ones."""
    town.fault("html_instead_of_media")
    town.control("POST", "play", {"session": session, "size_bytes": 400_000})
    # The service, which Zoom tells of the recording, may be at it in that moment.
    wait_for(lambda: town.zg("archive").code == 4)
    town.fault("html_instead_of_media", on=False)
    town.fault("expired_token", times=1)
    town.fault("truncated", times=1)
    town.pass_time(1000)
    wait_for(lambda: town.zg("archive").code == 0, 60)


def fetch(town: Town) -> None:
    """A reviewer's copy, and one that is refused."""
    (recording,) = town.zg("recordings", "list", by=REVIEWER).said["recordings"]
    ask = (
        "recordings",
        "fetch",
        recording["short_id"],
        "--to",
        str(town.log_dir / "copies"),
        "--reason",
        "weekly sample",
    )
    assert town.zg(*ask, "--purpose", "qa_review", by=TEACHER).code == 3
    assert town.zg(*ask, "--purpose", "publication", by=REVIEWER).code == 1
    assert town.zg(*ask, "--purpose", "qa_review", by=REVIEWER).code == 0
    assert town.zg("people", "list", by=COORDINATOR).code == 0


def seeded(town: Town, mails: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Every secret of this run: ours, Zoom's, those of the meetings, and those in the mails."""
    yield "secret key", tomllib.loads((town.home / "zoomguard.toml").read_text())["secret_key"]
    for name in SECRETS_OF_ZOOM:
        yield name.lower(), town.sandbox.settings()[f"ZOOMGUARD_ZOOM_{name}"]
    for email, token in town.tokens.items():
        yield f"token of {email}", token
    for n, mail in enumerate(mails):
        for token in re.findall(r"/j/([\w-]+)", mail["text"]):
            yield f"door of mail {n}", token
    for meeting in town.sandbox._zoom.state.meetings.values():
        yield f"passcode of {meeting.number}", meeting.password
        for registrant in meeting.registrants:
            yield f"link of {registrant.id}", registrant.join_url
            yield f"key in the link of {registrant.id}", registrant.join_url.rpartition("=")[2]
    for token in town.sandbox._zoom.state.tokens._given:
        yield "Zoom's bearer", token


def on_disk(home: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of HOME, the database and its log among them, but those whose purpose is to keep keys."""
    for path in home.rglob("*"):
        if path.is_file() and path.name not in KEYS:
            yield f"file {path.name}", path.read_bytes()


def in_bucket(town: Town) -> list[Any]:
    """Keys, tags, metadata, and what we wrote ourselves; the recording's own bytes are Zoom's."""
    s3, found = town.s3(), []
    for version in s3.list_object_versions(Bucket=BUCKET)["Versions"]:
        at = {"Bucket": BUCKET, "Key": version["Key"], "VersionId": version["VersionId"]}
        ours = "/data/" not in version["Key"]
        body = s3.get_object(**at)["Body"].read().decode() if ours else ""
        found.append([at, s3.head_object(**at), s3.get_object_tagging(**at)["TagSet"], body])
    return found


def test_scenario_33_no_secret_is_left_anywhere(searched: Searched) -> None:
    assert len(searched.secrets) > 20 and all(len(s) >= 10 for s in searched.secrets.values())
    issued = {r.said["token"] for r in searched.town.spoken if r.said and "token" in r.said}
    leaks = [
        (where, what)
        for where, content in searched.places().items()
        for what, secret in searched.secrets.items()
        if secret.encode() in content and secret not in issued
    ]
    assert leaks == []


def test_scenario_33_no_name_of_a_family_is_left_but_in_mails(searched: Searched) -> None:
    to_families = [mail for mail in searched.mails if mail["to"].endswith("@families.example")]
    assert to_families
    assert [(m["subject"], m["text"]) for m in to_families if NAME not in m["text"].lower()] == []
    assert not any(NAME in mail["text"].lower() for mail in searched.mails if mail not in to_families)
    assert not any(NAME in mail["calendar"].lower() for mail in searched.mails)
    places = searched.places()
    leaks = [where for where, content in places.items() if NAME.encode() in content.lower()]
    assert leaks == []
    assert {"serve", "schedule", "archive"} <= set(places["arguments"].decode().split())
    assert len(places["service log"]) > 1000 and len(places["bucket"]) > 1000
    assert places["file zoomguard.db"] and places["audit export"].count(b"\n") > 20


def test_scenario_33_topics_and_agendas_are_made_of_codes_alone(searched: Searched) -> None:
    posted = [c["body"] for c in searched.town.control("GET", "calls") if c["method"] == "POST" and c["body"]]
    meetings = [body for body in posted if "topic" in body]
    assert len(meetings) >= 2
    for body in meetings:
        assert re.fullmatch(r"MATHS-7B S-[0-9A-Z]{4}", body["topic"])
        assert body["agenda"].startswith("zg:sandbox-")
