"""What a service answers, in the shapes of its API."""

from __future__ import annotations

from typing import Any


def a_session(**change: Any) -> dict[str, Any]:
    session: dict[str, Any] = {
        "id": "01KB00000000000000000000AA",
        "short_id": "S-7K2M",
        "state": "scheduled",
        "course": "MATHS-7B",
        "starts_at": "2026-12-01T16:00:00Z",
        "minutes": 50,
        "zone": "Europe/London",
        "meeting_number": 95486516101,
        "teacher": "t.wren@northmoor.example",
        "observer": "p.nandakumar@northmoor.example",
        "children": ["C-0101", "C-0102"],
        "teacher_name": "Tomasz Wren",
        "observer_name": "Priya Nandakumar",
        "observer_answer": "asked",
        "ready": False,
        "risk": "",
        "waits_until": None,
        "change": None,
        "asked": False,
    }
    return session | change


def scheduled(**change: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema": "zoomguard/1", "outcome": "scheduled", "session": a_session(), "findings": [], "zoom_writes": 2,
        "settings_compared": 19, "invitations": 3, "waits_until": None, "warnings": [],
    }  # fmt: skip
    return document | change


def finding(rule: str, **change: Any) -> dict[str, Any]:
    empty = {"subject": "", "reason": "", "wanted": None, "got": None, "remedy": "", "who": ""}
    return {"rule": rule, "verdict": "fail", **empty, **change}


def changed(short_id: str = "S-7K2M", outcome: str = "changed", **change: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "schema": "zoomguard/1", "outcome": outcome, "session": a_session(short_id=short_id), "findings": [],
        "warnings": [], "told": {"guardians": 3, "children": 1, "staff": ["t.wren@northmoor.example"]},
        "zoom_writes": 1, "to": None,
    }  # fmt: skip
    return document | change


def refused(*rules: str) -> dict[str, Any]:
    found = [finding(rule, reason=f"The reason of {rule}.") for rule in rules]
    return changed(outcome="refused", findings=found, zoom_writes=0)


def failed(code: str, message: str = "It went wrong.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "remedy": "Look again."}}


def batch_row(line: int, outcome: str, **change: Any) -> dict[str, Any]:
    empty = {"key": f"row-{line}", "label": "", "code": "", "remedy": "", "session_id": "", "starts": "",
             "waits_until": None, "findings": []}  # fmt: skip
    return {"line": line, "outcome": outcome, **empty, **change}


def batch(*rows: dict[str, Any], ended: bool = True, kind: str = "csv", done: int | None = None) -> dict[str, Any]:
    about = {"id": "01KB0BATCH", "kind": kind, "total": len(rows), "done": len(rows) if done is None else done}
    return {"schema": "zoomguard/1", "batch": {**about, "ended": ended}, "summary": {}, "rows": list(rows)}
