"""`recordings show` at a terminal: which session a recording is of."""

from __future__ import annotations

import pytest

from tests.adapters.scripted_server import answer, scripted
from tests.cli.caller import Terminal


@pytest.mark.parametrize(
    ("session_id", "session", "says"),
    [
        ("01KB0SESSION", "S-7K2M", "S-7K2M"),
        ("01KB0SESSION", None, "not on record (after a rebuild)"),
        (None, None, "none of ours"),
    ],
)
def test_a_session_without_a_row_is_not_said_to_be_none_of_ours(
    terminal: Terminal, session_id: str | None, session: str | None, says: str
) -> None:
    recording = {
        "id": "01KB0RECORDING", "short_id": "R-31TD", "session_id": session_id, "session": session, "course": "",
        "state": "archived", "starts_at": "2026-11-24T03:10:00Z", "retain_until": None, "files": [], "absent": [],
    }  # fmt: skip
    with scripted(lambda asked: answer({"recording": recording})) as service:
        said = terminal.points_to(service.url).run("recordings", "show", "R-31TD")
    assert said.code == 0 and f"  Session     {says}" in said.out.splitlines()
