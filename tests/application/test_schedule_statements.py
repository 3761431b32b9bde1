"""What a lesson costs the database does not grow with its class, from the ask to `scheduled`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.application.lessons import mail
from tests.bench.classes import add_class, statements
from tests.house import a_home


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def test_thirty_children_take_as_many_statements_as_one(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if engine == "postgres" else ""
    counted = {}
    with a_home(tmp_path / "home", database_url=url) as home:
        for name, size in (("ONE", 1), ("THIRTY", 30)):
            add_class(home, name, size)
        # Zoom's token, the day's budget and the connections are there from here on.
        home.schedule()
        for name, start in (("ONE", "2026-12-01 10:00"), ("THIRTY", "2026-12-01 12:00")):
            with statements(home) as sent:
                answer = home.schedule(children=(), course="", group=name, start=start)
            assert answer.outcome == "scheduled" and answer.session is not None
            counted[len(answer.session.children)] = sent
        while home.do_due("send_message"):
            pass
        assert len([to for to in mail(home, "Online lesson THIRTY") if to.startswith("g-")]) == 60
    assert counted[30].total() == counted[1].total(), counted[30] - counted[1]
