"""A play that is finished while its film still runs."""

import json

import sqlalchemy as sa

from tests.archive import rows
from tests.archive.lessons import held
from tests.house import REVIEWER, Home


def test_what_is_read_after_a_play_was_finished_stands_in_the_audit_too(home: Home) -> None:
    held(home)
    home.app.archive.run()
    who, recordings = home.who(REVIEWER), home.app.recordings
    play = recordings.open(who, rows.recordings(home)[0].short_id, "qa_review", "Weekly quality sample")
    video = next(o for o in play.objects if o.path == "data/video.mp4")
    with recordings.read(who, play.id, video.number, 0, None) as chunks:
        recordings.finish(who, play.id)
        given = sum(map(len, chunks))
    with home.house.database.reading() as tx:
        query = "SELECT a.action, p.body FROM audit a JOIN audit_payload p ON p.seq = a.seq WHERE a.subject_id = :id"
        told = [(r[0], json.loads(r[1])) for r in tx.all(sa.text(query).bindparams(id=play.id))]
    assert ("recording.fetched", {"path": "data/video.mp4", "bytes": given}) in told
