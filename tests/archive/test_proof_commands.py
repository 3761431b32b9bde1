"""`archive verify` and `archive reconcile` as an operator and cron run them: words, documents, exits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import held, wait
from tests.archive.rebuilding import another_house, index
from tests.archive.tampering import kept
from tests.cli.caller import Said, Terminal
from tests.house import DSL, Home
from tests.servers.shared import free_port
from zoomguard.application.archive_rebuild import Rebuilder

FILM = "data/video.mp4"
NEXT = "Next: a lead or the data lead looks at: zoomguard incidents"


@pytest.fixture
def archived(home: Home) -> Home:
    for day in (1, 2):
        held(home, f"2026-12-0{day} 16:00")
    assert home.app.archive.run().exit == "done"
    return home


def must_fit(said: Said) -> None:
    """80 columns, but for keys and versions, which stay whole on lines of their own."""
    for line in (said.out + said.err).splitlines():
        assert len(line) <= 80 or len(line.split()) <= 2, line


def only_words(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("    ")]


# verify -------------------------------------------------------------------------------------------------------------


def test_verify_says_in_two_lines_that_all_agree(archived: Home, operator: Terminal, bucket: Bucket) -> None:
    megabytes = f"{sum(v.size for v in bucket.versions()) / 1e6:.1f} MB"
    said = operator.run("archive", "verify", "--all")
    assert said.code == 0 and said.out.splitlines() == [
        f"2 bags read again from S3 (18 objects, {megabytes})",
        "All agree: payload, manifests and the archive's index.",
    ]
    must_fit(said)


def test_verify_names_key_and_version_whole_and_leaves_with_5(
    archived: Home, operator: Terminal, bucket: Bucket
) -> None:
    film = kept(bucket, FILM)
    tampering.rot(bucket, film, bucket.read(film)[:-1] + b"!")
    said = operator.run("archive", "verify", "--all")
    assert said.code == 5
    (incident,) = archived.app.incidents.list(archived.who(DSL))
    assert (
        f"  {incident.short_id}  expected " in said.out
        and said.out.splitlines()[-1] == f"{NEXT} show {incident.short_id}"
    )
    assert f"    key      {film.key}" in said.out.splitlines()
    assert f"    version  {film.version_id}" in said.out.splitlines()
    assert "agree" not in said.out
    must_fit(said)
    document = operator.run("archive", "verify", "--all", "--json").document
    (wrong,) = document["wrong"]
    assert (document["schema"], document["outcome"], document["bags"], document["agree"]) == (
        "zoomguard/1",
        "wrong",
        2,
        1,
    )
    assert (wrong["key"], wrong["version"], wrong["kind"]) == (film.key, film.version_id, "object_differs")
    assert wrong["incident"] == incident.short_id
    archived.app.incidents.close(archived.who(DSL), incident.short_id, "The storage was restored.")
    closed = operator.run("archive", "verify", "--all")
    assert closed.code == 5 and incident.short_id not in closed.out and "tell the data lead" in closed.out
    archive = operator.run("archive")
    assert archive.code == 0
    assert set(document) == {
        "schema",
        "outcome",
        "bags",
        "objects",
        "bytes",
        "agree",
        "wrong",
        "unknown",
        "never_checked",
    }


def test_verify_before_an_s3_that_is_away_leaves_with_4(archived: Home, operator: Terminal) -> None:
    operator.environ.setenv("ZOOMGUARD_S3_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    said = operator.run("archive", "verify", "--all")
    assert said.code == 4 and "agree" not in said.out
    for recording in rows.recordings(archived):
        assert f"unknown  {recording.short_id}  S3_UNREACHABLE" in said.out
    assert "Not read again since sealed: 2 bags" in said.out
    must_fit(said)
    assert operator.run("archive", "verify", "--all", "--json").document["outcome"] == "postponed"


def test_verify_takes_a_sample_or_all_and_not_both(archived: Home, operator: Terminal) -> None:
    said = operator.run("archive", "verify", "--sample", "1", "--json")
    assert (said.code, said.document["bags"], said.document["never_checked"]) == (0, 1, 1)
    both = operator.run("archive", "verify", "--sample", "1", "--all")
    assert both.code == 2 and "not both" in both.err
    for wrong in ("0", "-1", "many"):
        assert operator.run("archive", "verify", "--sample", wrong).code == 2
    assert operator.run("archive", "verify", "--json").document["bags"] == 2


def test_verify_with_nothing_archived_is_done(home: Home, operator: Terminal) -> None:
    said = operator.run("archive", "verify")
    assert (said.code, said.out) == (
        0,
        "0 bags read again from S3 (0 objects, 0.0 MB)\nNo bag is on record: nothing was proved.\n",
    )


# reconcile ----------------------------------------------------------------------------------------------------------


def test_reconcile_says_what_it_compared(archived: Home, operator: Terminal) -> None:
    said = operator.run("archive", "reconcile")
    assert said.code == 0 and said.out.splitlines() == [
        "Zoom: 2 hosts, 2 recordings; 0 not seen before",
        "S3: 18 versions listed; locks and tags of 2 bags read back (36 reads)",
        "Zoom, the index and S3 agree.",
    ]
    must_fit(said)
    document = operator.run("archive", "reconcile", "--json").document
    assert (document["schema"], document["outcome"], document["findings"], document["more"], document["unknown"]) == (
        "zoomguard/1",
        "done",
        [],
        {},
        {},
    )


def test_reconcile_names_what_it_found_and_what_was_done_and_leaves_with_5(
    archived: Home, operator: Terminal, bucket: Bucket
) -> None:
    film = kept(bucket, FILM)
    version = tampering.write_over(bucket, film.key)
    said = operator.run("archive", "reconcile")
    assert said.code == 5 and f"    {film.key}@{version}" in said.out.splitlines()
    (incident,) = archived.app.incidents.list(archived.who(DSL))
    found = f"found extra_version {incident.short_id} left as it is; the archived"
    assert " ".join(only_words(said.out)[2].split()).startswith(found)
    assert said.out.splitlines()[-1] == f"{NEXT} show {incident.short_id}"
    must_fit(said)
    (finding,) = operator.run("archive", "reconcile", "--json").document["findings"]
    assert (finding["kind"], finding["subject"], finding["settled"]) == (
        "extra_version",
        f"{film.key}@{version}",
        False,
    )
    assert "archive@" not in said.out and operator.run("archive").code == 5, "a grave incident is open"
    tampering.settle_all(archived)
    assert operator.run("archive", "reconcile").code == 0


def test_reconcile_before_sides_that_are_away_leaves_with_4(archived: Home, operator: Terminal) -> None:
    operator.environ.setenv("ZOOMGUARD_S3_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    said = operator.run("archive", "reconcile")
    assert said.code == 4 and "unknown  s3  S3_UNREACHABLE" in said.out and "agree" not in said.out
    must_fit(said)


@pytest.mark.parametrize("command", ["verify", "reconcile"])
def test_quiet_is_silent_when_all_is_well_and_speaks_when_not(
    archived: Home, operator: Terminal, bucket: Bucket, command: str
) -> None:
    said = operator.run("archive", command, "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")
    film = kept(bucket, FILM)
    tampering.rot(bucket, film, b"short")
    loud = operator.run("archive", command, "--quiet")
    assert loud.code == 5 and film.version_id in loud.out
    both = operator.run("archive", command, "--quiet", "--json")
    assert both.code == 5 and both.document["outcome"] == "wrong"


# rebuild ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def anew(archived: Home, operator: Terminal, tmp_path: Path) -> Home:
    """The operator sits before an installation with an empty database, in front of the same bucket."""
    with another_house(archived, tmp_path / "anew") as opened:
        for name, value in opened.environ.items():
            operator.environ.setenv(name, value)
        yield opened


def test_rebuild_says_what_it_made_and_what_bags_do_not_keep(archived: Home, anew: Home, operator: Terminal) -> None:
    said = operator.run("archive", "reconcile", "--rebuild")
    assert said.code == 0 and said.out.splitlines()[0] == "Index made anew: 2 recordings, 2 bags, 8 files"
    assert "Holds and restrictions are not kept in bags" in said.out
    assert said.out.splitlines()[-1] == "Next: zoomguard archive verify --all"
    must_fit(said)
    assert index(anew) == index(archived)
    assert operator.run("archive", "verify", "--all").code == 0


def test_rebuild_into_an_index_that_is_not_empty_is_refused_with_1(
    archived: Home, anew: Home, operator: Terminal
) -> None:
    assert operator.run("archive", "reconcile", "--rebuild", "--quiet").out == ""
    before = index(anew)
    said = operator.run("archive", "reconcile", "--rebuild", "--json")
    assert said.code == 1 and said.document["error"]["code"] == "INDEX_NOT_EMPTY"
    assert index(anew) == before


def test_rebuild_names_what_is_no_whole_bag_and_leaves_with_5(
    archived: Home, anew: Home, operator: Terminal, bucket: Bucket
) -> None:
    mark = next(v for v in bucket.versions() if v.path == "tagmanifest-sha256.txt")
    tampering.destroy(bucket, mark)
    said = operator.run("archive", "reconcile", "--rebuild")
    prefix = mark.key.removesuffix("tagmanifest-sha256.txt")
    assert said.code == 5 and f"    {prefix}" in said.out.splitlines()
    assert "not whole  it has no commit mark" in said.out
    must_fit(said)


def test_rebuild_tells_programs_in_one_document(archived: Home, anew: Home, operator: Terminal) -> None:
    wait(archived, hours=1)
    assert operator.run("archive", "reconcile", "--rebuild", "--json").document == {
        "schema": "zoomguard/1",
        "outcome": "done",
        "recordings": 2,
        "bags": 2,
        "files": 8,
        "not_whole": {},
    }


@pytest.mark.parametrize("more", [(), ("--quiet",)])
def test_verify_is_refused_with_1_while_a_rebuild_is_not_done(
    archived: Home, anew: Home, operator: Terminal, more: tuple[str, ...]
) -> None:
    """It would say that all agrees, of the bags that are in the index so far."""
    Rebuilder(anew.app.archive.parts)._begin()
    said = operator.run("archive", "verify", "--all", *more)
    assert said.code == 1 and "[INDEX_UNFINISHED]" in said.err
    assert "archive reconcile --rebuild" in said.err and said.out == ""


def test_what_stands_open_is_named_by_the_archive_with_whose_it_is_to_look(
    archived: Home, operator: Terminal, bucket: Bucket
) -> None:
    film = kept(bucket, FILM)
    tampering.rot(bucket, film, bucket.read(film)[:-1] + b"!")
    operator.run("archive", "verify", "--all")
    (incident,) = archived.app.incidents.list(archived.who(DSL))
    said = operator.run("archive", "--quiet")
    assert said.code == 5 and f"open       {incident.short_id}  object_differs" in said.out.splitlines()
    assert said.out.splitlines()[-1] == f"{NEXT} show {incident.short_id}"
