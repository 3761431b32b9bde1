"""After `archive reconcile --rebuild` into an empty database nobody knows whose lesson it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import held
from tests.archive.rebuilding import another_house
from tests.archive.tampering import destroy, kept
from tests.house import DSL, TEACHER, Home
from zoomguard.domain.errors import NotAllowed, NotThere
from zoomguard.domain.people import Role

FILM = "data/video.mp4"


def test_without_the_sessions_a_lead_who_teaches_neither_sees_nor_settles_what_may_be_theirs(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    held(home)
    home.app.archive.run()
    with another_house(home, tmp_path / "anew") as anew:
        anew.app.archive.rebuild()
        (recording,) = rows.recordings(anew)
        anew.app.people.give_role(TEACHER, Role.DSL)
        destroy(bucket, kept(bucket, FILM))
        assert anew.app.archive.reconcile().exit == "wrong"
        teaches, leads = anew.who(TEACHER), anew.who(DSL)
        with pytest.raises(NotThere):
            anew.app.recordings.open(teaches, recording.short_id, "safeguarding", "Let me watch it")
        (incident,) = anew.app.incidents.list(teaches)
        assert not incident.may_close
        with pytest.raises(NotAllowed):
            anew.app.incidents.close(teaches, incident.short_id, "There is nothing to see here.")
        assert anew.app.incidents.close(leads, incident.short_id, "We know about it.").closed_at is not None
