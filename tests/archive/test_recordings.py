"""Who sees a recording, who opens it, what is read, and what stands in the audit afterwards."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import held, wait
from tests.house import COORDINATOR, DSL, OBSERVER, REVIEWER, TEACHER, Home, a_home
from zoomguard.application.recordings import PURPOSES
from zoomguard.domain.errors import BadInput, Conflict, IntegrityFailed, NotAllowed, NotThere, Refused, ZoomguardError
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import OPERATOR, Who
from zoomguard.domain.recordings import Play, Purpose

REASON = "Quality review of week 48"
OTHER_REVIEWER, DATA_LEAD, DEPUTY = "e.lis@northmoor.example", "f.doyle@northmoor.example", "b.noor@northmoor.example"
LEADER, MONITOR = "c.pugh@northmoor.example", "j.fairley@northmoor.example"
NOBODY = (TEACHER, OBSERVER, COORDINATOR, "o.mbeki@northmoor.example", LEADER, MONITOR)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with a_home(tmp_path_factory.mktemp("watched") / "home") as home:
        held(home)
        assert home.app.archive.run().exit == "done"
        yield home


@pytest.fixture
def home(house: Home) -> Iterator[Home]:
    yield house
    with house.house.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE recording SET restricted = false"))


@pytest.fixture
def short(house: Home) -> str:
    return rows.recordings(house)[0].short_id


def opened(home: Home, short: str, email: str = REVIEWER, purpose: str = "qa_review") -> tuple[Who, Play]:
    who = home.who(email)
    return who, home.app.recordings.open(who, short, purpose, REASON)


def read(home: Home, who: Who, play: str, number: int, start: int = 0, stop: int | None = None) -> bytes:
    with home.app.recordings.read(who, play, number, start, stop) as chunks:
        return b"".join(chunks)


def events(home: Home, *names: str) -> list[tuple[str, str, str, dict[str, object]]]:
    """Action, actor, subject and payload of the audit's events of these names."""
    with home.house.database.reading() as tx:
        found = tx.all(
            sa.text(
                "SELECT a.action, a.actor, a.subject_id, p.body FROM audit a JOIN audit_payload p ON p.seq = a.seq"
                " ORDER BY a.seq"
            )
        )
    return [(r[0], r[1], r[2], json.loads(r[3])) for r in found if r[0] in names]


# Who sees it --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", [REVIEWER, OTHER_REVIEWER, DSL, DEPUTY, DATA_LEAD])
def test_reviewers_leads_and_the_data_lead_see_it(home: Home, short: str, email: str) -> None:
    who = home.who(email)
    (listed,) = home.app.recordings.list(who)
    shown = home.app.recordings.show(who, short.lower())
    assert listed.short_id == shown.short_id == short
    assert home.app.recordings.show(who, shown.id) == shown
    assert [f.name for f in shown.files if f.sha256] and len(shown.files) == 4


@pytest.mark.parametrize("email", NOBODY)
def test_for_everybody_else_it_is_as_if_it_were_not_there(home: Home, short: str, email: str) -> None:
    who = home.who(email)
    with pytest.raises(NotAllowed):
        home.app.recordings.list(who)
    assert refusals(home, who, short) == refusals(home, who, "R-ZZZZ")


def refusals(home: Home, who: Who, short: str) -> list[tuple[type[ZoomguardError], str, str, str]]:
    """What each use case answers."""
    answers: list[tuple[type[ZoomguardError], str, str, str]] = []
    for ask in (
        lambda: home.app.recordings.show(who, short),
        lambda: home.app.recordings.open(who, short, "qa_review", REASON),
        lambda: home.app.recordings.open(who, short, "safeguarding", REASON),
        lambda: home.app.recordings.open(who, short, "publication", REASON),
    ):
        with pytest.raises(ZoomguardError) as refused:
            ask()
        assert type(refused.value) is NotThere
        answers.append((type(refused.value), refused.value.code, refused.value.message, refused.value.remedy))
    assert len(set(answers)) == 1
    return answers


def test_whoever_taught_or_observed_does_not_see_it_whatever_their_roles(home: Home, short: str) -> None:
    for email in (TEACHER, OBSERVER):
        plain = home.who(email)
        who = Who(plain.id, plain.roles | home.who(REVIEWER).roles | home.who(DSL).roles, plain.reference)
        assert home.app.recordings.list(who) == ()
        assert refusals(home, who, short) == refusals(home, who, "R-ZZZZ")


def test_a_relative_of_a_child_in_it_does_not_see_it_whatever_their_role(home: Home, short: str) -> None:
    lines = (home.path / "school" / "guardians.csv").read_text().splitlines()
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert row["child"] == "C-0101"
    row |= {"reference": "G-99", "email": OTHER_REVIEWER, "known_as": "Ewa", "family_name": "Lis", "relation": "aunt"}
    answer = home.app.people.import_guardians(f"{lines[0]}\n{','.join(row.values())}\n".encode(), by=OPERATOR)
    assert not answer.refused, answer
    try:
        who = home.who(OTHER_REVIEWER)
        assert home.app.recordings.list(who) == ()
        assert refusals(home, who, short) == refusals(home, who, "R-ZZZZ")
    finally:
        with home.house.database.engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM relation WHERE person_id = :id"), {"id": who.id})


def test_a_restricted_recording_is_hidden_from_reviewers_at_their_next_read(home: Home, short: str) -> None:
    reviewer, play = opened(home, short)
    lead, leads_play = opened(home, short, DSL, "safeguarding")
    assert read(home, reviewer, play.id, 1, 0, 4)
    with home.house.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE recording SET restricted = true"))
    with pytest.raises(NotThere):
        read(home, reviewer, play.id, 1, 0, 4)
    with pytest.raises(NotThere):
        home.app.recordings.object(reviewer, play.id, 1)
    assert home.app.recordings.list(reviewer) == ()
    assert refusals(home, reviewer, short) == refusals(home, reviewer, "R-ZZZZ")
    assert read(home, lead, leads_play.id, 1, 0, 4)


# Why it is opened ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not Purpose.PUBLICATION])
def test_each_purpose_is_open_to_its_roles_only(home: Home, short: str, purpose: Purpose) -> None:
    for email in (REVIEWER, DSL, DEPUTY, DATA_LEAD):
        who = home.who(email)
        if who.roles & PURPOSES[purpose]:
            assert home.app.recordings.open(who, short, purpose.value, REASON).objects
        else:
            with pytest.raises(NotAllowed) as refused:
                home.app.recordings.open(who, short, purpose.value, REASON)
            assert refused.value.code == "PURPOSE_NOT_YOURS"
    assert not home.who(DSL).roles & PURPOSES[Purpose.QA_REVIEW]
    assert not home.who(REVIEWER).roles & PURPOSES[Purpose.SAFEGUARDING]


@pytest.mark.parametrize("email", [REVIEWER, DSL, DATA_LEAD])
def test_publication_is_refused_whoever_asks_and_goes_on_record(home: Home, short: str, email: str) -> None:
    who = home.who(email)
    before = len(events(home, "recording.publication_refused"))
    with pytest.raises(Refused) as refused:
        home.app.recordings.open(who, short, "publication", REASON)
    assert [f.rule for f in refused.value.findings] == ["CON-PUBLISH"]
    told = events(home, "recording.publication_refused")
    assert len(told) == before + 1 and told[-1][1] == who.id


@pytest.mark.parametrize("reason", ["", "why", "       x       ", "a" * 501, "line\nbreak in it", "\u202egnorw lla"])
def test_a_reason_that_says_nothing_is_refused(home: Home, short: str, reason: str) -> None:
    before = len(events(home, "recording.opened"))
    with pytest.raises(BadInput) as refused:
        home.app.recordings.open(home.who(REVIEWER), short, "qa_review", reason)
    assert refused.value.code == "BAD_REASON"
    assert len(events(home, "recording.opened")) == before


@pytest.mark.parametrize("purpose", ["", "QA_REVIEW ", "curiosity", "qa-review"])
def test_a_purpose_that_is_none_is_refused(home: Home, short: str, purpose: str) -> None:
    with pytest.raises(BadInput) as refused:
        home.app.recordings.open(home.who(REVIEWER), short, purpose, REASON)
    assert refused.value.code == "BAD_PURPOSE"


# What is read -------------------------------------------------------------------------------------------------------


def test_every_object_of_the_bag_comes_whole_and_as_its_hash_says(home: Home, short: str) -> None:
    who, play = opened(home, short)
    assert [o.number for o in play.objects] == list(range(1, 10))
    assert {o.path for o in play.objects} >= {"data/video.mp4", "tagmanifest-sha256.txt", "metadata/recording.json"}
    for one in play.objects:
        assert home.app.recordings.object(who, play.id, one.number) == one
        content = read(home, who, play.id, one.number)
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one.size, one.sha256)


def test_ranges_are_cut_like_slices(home: Home, short: str) -> None:
    who, play = opened(home, short)
    video = next(o for o in play.objects if o.path == "data/video.mp4")
    whole = read(home, who, play.id, video.number)
    last = video.size
    slices = ((0, 1), (7, 70_000), (last - 1, None), (last - 1, last + 10), (0, 0), (last, None), (last + 5, last + 9))
    for start, stop in slices:
        assert read(home, who, play.id, video.number, start, stop) == whole[start:stop], (start, stop)


def test_a_play_belongs_to_one_person_and_to_its_objects(home: Home, short: str) -> None:
    who, play = opened(home, short)
    other, unknown = home.who(OTHER_REVIEWER), "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    for asker, play_id, number in ((other, play.id, 1), (who, play.id, 0), (who, play.id, 99), (who, unknown, 1)):
        with pytest.raises(NotThere):
            read(home, asker, play_id, number)
    with pytest.raises(NotThere):
        home.app.recordings.finish(home.who(OTHER_REVIEWER), play.id)


def test_a_play_ends_by_itself(home: Home, short: str) -> None:
    who, play = opened(home, short)
    wait(home, seconds=(play.until_at - home.clock.now() - timedelta(seconds=30)).total_seconds())
    assert read(home, who, play.id, 1, 0, 4)
    wait(home, seconds=31)
    with pytest.raises(Conflict) as ended:
        read(home, who, play.id, 1, 0, 4)
    assert ended.value.code == "PLAY_ENDED"
    home.app.recordings.finish(who, play.id)


def test_a_finished_play_gives_nothing_more(home: Home, short: str) -> None:
    who, play = opened(home, short)
    home.app.recordings.finish(who, play.id)
    with pytest.raises(NotThere):
        read(home, who, play.id, 1, 0, 4)


def test_what_was_opened_and_fetched_stands_in_the_audit(home: Home, short: str) -> None:
    who, play = opened(home, short)
    (recording,) = rows.recordings(home)
    opening = [e for e in events(home, "recording.opened") if e[2] == play.id]
    payload = {"recording": recording.id, "purpose": "qa_review", "reason": REASON}
    assert opening == [("recording.opened", who.id, play.id, payload)]
    video, chat = (next(o for o in play.objects if o.path == p) for p in ("data/video.mp4", "data/chat.txt"))
    read(home, who, play.id, video.number, 0, 1000)
    read(home, who, play.id, video.number, 500, 700)
    read(home, who, play.id, chat.number)
    assert not [e for e in events(home, "recording.fetched") if e[2] == play.id]
    for _ in range(2):
        home.app.recordings.finish(who, play.id)
    fetched = [(e[1], e[3]) for e in events(home, "recording.fetched") if e[2] == play.id]
    assert fetched == [
        (who.id, {"path": "data/chat.txt", "bytes": chat.size}),
        (who.id, {"path": "data/video.mp4", "bytes": 1200}),
    ]


def test_a_read_that_is_broken_off_counts_what_was_given(home: Home, short: str) -> None:
    who, play = opened(home, short)
    video = next(o for o in play.objects if o.path == "data/video.mp4")
    with home.app.recordings.read(who, play.id, video.number, 10, None) as chunks:
        given = len(next(chunks))
    home.app.recordings.finish(who, play.id)
    assert [e[3]["bytes"] for e in events(home, "recording.fetched") if e[2] == play.id] == [given]


def test_another_version_than_the_bags_is_never_given_whole(
    home: Home, short: str, caplog: pytest.LogCaptureFixture
) -> None:
    who, play = opened(home, short)
    film = next(o for o in play.objects if o.path == "data/video.mp4")
    whole = read(home, who, play.id, film.number)
    with another_version(home, whole[:-1] + b"x"):
        with pytest.raises(IntegrityFailed) as differs:
            read(home, who, play.id, film.number)
        assert differs.value.code == "OBJECT_DIFFERS"
        assert [(r.levelname, film.path in r.getMessage()) for r in caplog.records] == [("ERROR", True)]
        (incident,) = home.app.incidents.list(home.who(DSL))
        assert (incident.kind, incident.recording) == (IncidentKind.OBJECT_DIFFERS, short)
        # Whoever was cut off does not get the rest by a range.
        with pytest.raises(IntegrityFailed):
            read(home, who, play.id, film.number, 10)
    assert read(home, who, play.id, film.number, 10) == whole[10:]


@contextmanager
def another_version(home: Home, content: bytes) -> Iterator[None]:
    """The film's row points to another version in the bucket, which holds this."""
    film = next(f for f in rows.files(home) if f.name == "video.mp4")
    bucket = Bucket(home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
    made = bucket.s3.put_object(Bucket=bucket.name, Key=film.place, Body=content)["VersionId"]
    for version in (made, film.s3_version_id):
        with home.house.database.engine.begin() as connection:
            named = {"version": version, "id": film.id}
            connection.execute(sa.text("UPDATE recording_file SET s3_version_id = :version WHERE id = :id"), named)
        if version == made:
            yield


def test_a_play_in_which_nothing_was_read_says_so(home: Home, short: str) -> None:
    who, play = opened(home, short)
    home.app.recordings.finish(who, play.id)
    assert [e[1] for e in events(home, "recording.closed_unread") if e[2] == play.id] == [who.id]


def test_what_is_not_in_the_archive_yet_is_not_opened(home: Home) -> None:
    held(home, "2026-12-08 16:00", transcript_s=7200)
    home.app.archive.run()
    young = rows.recordings(home)[-1]
    who = home.who(REVIEWER)
    with pytest.raises(Conflict) as refused:
        home.app.recordings.open(who, young.short_id, "qa_review", REASON)
    assert refused.value.code == "NOT_ARCHIVED"
