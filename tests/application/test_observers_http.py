"""Observers over HTTP: the same answers as from the topic, with the shapes that are promised."""

from tests.application.lessons import only_session
from tests.application.observing import OLU, PRIYA
from tests.house import DSL, TEACHER, Home
from tests.web.serving import served


def token(home: Home, email: str) -> str:
    return str(home.app.access.issue(email).token)


def test_free_observers_a_no_by_telephone_and_a_yes(home: Home) -> None:
    session = home.schedule().session
    teacher, dsl, priya = (token(home, email) for email in (TEACHER, DSL, PRIYA))
    with served(home.app) as site:
        free = site.ask("GET", "/api/v1/observers/free?start=2026-12-01%2016:00&minutes=50", token=teacher)
        assert free.status == 200
        assert [o["email"] for o in free.document["observers"]] == [OLU]
        soon = site.ask("GET", "/api/v1/observers/free?start=tue%2016:00&minutes=50", token=teacher)
        assert [f.document["starts_at"] for f in (free, soon)] == ["2026-12-01T16:00:00Z", "2026-11-24T16:00:00Z"]
        accept = f"/api/v1/sessions/{session.short_id}/accept"
        assert site.ask("POST", accept, {"for": PRIYA}, token=teacher).status == 403
        said = site.ask("POST", accept, token=priya).document
        assert (said["schema"], said["outcome"], said["session"]["ready"]) == ("zoomguard/1", "accepted", True)
        again = site.ask("POST", accept, {}, token=priya).document
        assert again["outcome"] == "unchanged"
        declined = site.ask("POST", f"/api/v1/sessions/{session.short_id}/decline", {"for": PRIYA}, token=dsl).document
        assert (declined["outcome"], declined["session"]["ready"]) == ("declined", False)
        assert site.ask("POST", accept, token=teacher).status == 404
        assert site.ask("POST", accept, {"to": PRIYA}, token=dsl).status == 422
        assert site.ask("POST", accept).status == 401
    assert only_session(home).accepted_at is None
