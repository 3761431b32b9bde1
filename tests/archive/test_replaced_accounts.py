"""A teacher whose account at Zoom was replaced by another one."""

import sqlalchemy as sa

from tests.archive.lessons import held
from tests.house import Home


def test_the_recordings_of_an_account_that_was_replaced_are_still_found(home: Home) -> None:
    short = held(home)
    held(home, "2026-12-02 16:00")
    # The second session stands for one under a new account, which Zoom knows by another id.
    with home.house.database.engine.begin() as connection:
        newer = "UPDATE video_session SET host_zoom_id = 'z-of-the-new-account' WHERE short_id <> :short"
        connection.execute(sa.text(newer), {"short": short})
    tally = home.app.archive.run()
    assert (tally.sealed, tally.postponed) == (2, {})
    assert [kind for _, kind in tally.open_incidents] == ["host_unknown"]
    assert tally.exit == "wrong", "its recordings may be gone: somebody must say what became of them"
