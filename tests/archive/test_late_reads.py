"""Reads that come too late: after the play was finished, or after the version was taken away."""

import json

import pytest
import sqlalchemy as sa

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import held
from tests.house import REVIEWER, Home
from zoomguard.domain.errors import IntegrityFailed
from zoomguard.domain.recordings import Play, PlayObject


def a_play(home: Home) -> tuple[Play, PlayObject]:
    """Of a lesson that was archived, and its film."""
    held(home)
    home.app.archive.run()
    short = rows.recordings(home)[0].short_id
    play = home.app.recordings.open(home.who(REVIEWER), short, "qa_review", "Weekly quality sample")
    return play, next(o for o in play.objects if o.path == "data/video.mp4")


def test_what_is_read_after_a_play_was_finished_stands_in_the_audit_too(home: Home) -> None:
    play, video = a_play(home)
    who, recordings = home.who(REVIEWER), home.app.recordings
    with recordings.read(who, play.id, video.number, 0, None) as chunks:
        recordings.finish(who, play.id)
        given = sum(map(len, chunks))
    with home.house.database.reading() as tx:
        query = "SELECT a.action, p.body FROM audit a JOIN audit_payload p ON p.seq = a.seq WHERE a.subject_id = :id"
        told = [(r[0], json.loads(r[1])) for r in tx.all(sa.text(query).bindparams(id=play.id))]
    assert ("recording.fetched", {"path": "data/video.mp4", "bytes": given}) in told


@pytest.mark.parametrize("start", [0, 5])
def test_a_film_that_is_in_the_bucket_no_more_is_said_to_be_so_and_told_of(
    home: Home, bucket: Bucket, start: int
) -> None:
    play, video = a_play(home)
    film = tampering.kept(bucket, video.path)
    tampering.destroy(bucket, film)
    with (
        pytest.raises(IntegrityFailed) as lost,
        home.app.recordings.read(home.who(REVIEWER), play.id, video.number, start, None) as chunks,
    ):
        list(chunks)
    assert lost.value.code == "OBJECT_MISSING"
    assert tampering.opened(home) == [("object_missing", f"{film.key}@{film.version_id}")]
