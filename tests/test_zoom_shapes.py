"""The comparer of exchanges is itself tried against a small description made up here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("zoom_shapes.py")


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def _object(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "", "content": {"application/json": {"schema": schema}}}


NEW_LESSON = _object(
    {
        "topic": _text(maxLength=12),
        "password": _text(maxLength=10),
        "kind": {"type": "integer", "enum": [2, 8]},
        "start_time": _text(format="date-time"),
        "recurrence": _object({"weekly_days": _text(enum=["1", "2", "3"])}),
    },
    required=["topic"],
    additionalProperties=True,
)
LESSON = _object(
    {
        "id": {"type": "integer"},
        "note": _text(nullable=True),
        "reason": _text(enum=["LATE", None]),
        "join_url": _text(),
        "host": {"$ref": "#/components/schemas/Host"},
        "extras": _object({"a": _text()}, additionalProperties=True),
    }
)
PERSON = {"allOf": [_object({"id": _text()}), {"$ref": "#/components/schemas/Host"}]}
DOCUMENT = {
    "openapi": "3.0.3",
    "paths": {
        "/lessons": {
            "get": {
                "parameters": [
                    {"name": "page_size", "in": "query", "schema": {"type": "integer", "maximum": 300}},
                    {"name": "type", "in": "query", "schema": _text(enum=["live", "upcoming"])},
                    {"name": "trash", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "from", "in": "query", "required": True, "schema": _text(format="date")},
                ],
                "responses": {"200": _json(_object({"lessons": {"type": "array", "items": LESSON}}))},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": NEW_LESSON}}},
                "responses": {"201": _json(LESSON)},
            },
        },
        "/lessons/{lessonId}": {"delete": {"responses": {"204": {"description": ""}}}},
        "/lessons/{uuid}/films": {"get": {"responses": {"200": _json(_object({"id": _text()}))}}},
        "/people/{id}": {"get": {"responses": {"200": _json(PERSON)}}},
        "/people/me": {"get": {"responses": {"200": _json(_object({"me": _text()}))}}},
    },
    "components": {"schemas": {"Host": _object({"email": _text()}, required=["email"])}},
}


class Shapes:
    """Runs the script on exchanges, as somebody at a shell does."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "openapi.json").write_text(json.dumps(DOCUMENT))

    def __call__(self, *exchanges: dict[str, Any], flags: tuple[str, ...] = ()) -> tuple[int, list[str]]:
        lines = "".join(json.dumps(exchange) + "\n" for exchange in exchanges)
        (self._folder / "exchanges.jsonl").write_text(lines)
        command = [sys.executable, str(SCRIPT), "openapi.json", "exchanges.jsonl", *flags]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()


@pytest.fixture
def shapes(tmp_path: Path) -> Shapes:
    return Shapes(tmp_path)


def _exchange(method: str, path: str, status: int = 200, **more: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"query": {}, "request_body": None, "response_body": None}
    return {"method": method, "path": path, "status": status, **empty, **more}


def _posted(body: dict[str, Any], answer: dict[str, Any] | None = None) -> dict[str, Any]:
    return _exchange("POST", "/lessons", 201, request_body=body, response_body=answer or {"id": 1})


def test_exchanges_that_fit_are_counted_and_pass(shapes: Shapes) -> None:
    listed = _exchange("GET", "/lessons", query={"from": "2026-12-01", "page_size": "30", "trash": "true"})
    listed["response_body"] = {"lessons": [{"id": 1, "note": None, "reason": None, "extras": {"b": 2}}]}
    code, lines = shapes(listed, _posted({"topic": "M"}), _exchange("DELETE", "/lessons/1", 204))
    assert (code, lines) == (0, ["zoom shapes: 3 exchanges, 0 mismatches, 3 operations"])


def test_a_weekday_list_and_a_start_without_zone_letter_are_fine(shapes: Shapes) -> None:
    body = {"topic": "M", "start_time": "2026-12-01T16:00:00", "recurrence": {"weekly_days": "1,3"}}
    assert shapes(_posted(body))[0] == 0


def test_an_unknown_field_that_we_send_is_a_mismatch_even_where_the_file_allows_more(shapes: Shapes) -> None:
    code, lines = shapes(_posted({"topic": "M", "colour": "red"}))
    assert (code, lines[0]) == (1, "POST /lessons | request colour | unknown field")


def test_an_unknown_field_of_an_answer_is_a_mismatch_unless_the_file_allows_more(shapes: Shapes) -> None:
    code, lines = shapes(_posted({"topic": "M"}, {"id": 1, "colour": "red", "extras": {"b": 2}}))
    assert (code, lines[:-1]) == (1, ["POST /lessons | response 201 colour | unknown field"])


def test_an_answer_that_was_made_wrong_on_purpose_is_not_compared_but_its_question_is(shapes: Shapes) -> None:
    wrong = _posted({"topic": "M"}, {"id": "1"}) | {"fault": "unknown_enum"}
    assert shapes(wrong)[0] == 0
    code, lines = shapes(wrong | {"request_body": {"topic": "M", "colour": "red"}})
    assert (code, lines[:-1]) == (1, ["POST /lessons | request colour | unknown field"])
    assert shapes(wrong | {"fault": None})[0] == 1


def test_wrong_types_enums_lengths_and_missing_fields_are_told_apart(shapes: Shapes) -> None:
    _, lines = shapes(_posted({"kind": 3}, {"id": "1"}), _posted({"topic": "thirteen chars"}))
    assert lines == [
        "POST /lessons | request | field topic is missing",
        "POST /lessons | request kind | 3 breaks enum [2, 8]",
        'POST /lessons | response 201 id | "1" breaks type "integer"',
        'POST /lessons | request topic | "thirteen chars" breaks maxLength 12',
        "zoom shapes: 2 exchanges, 4 mismatches, 1 operations",
    ]


def test_query_parameters_are_known_typed_and_complete(shapes: Shapes) -> None:
    query = {"page_size": "301", "type": "old", "trash": "yes", "colour": "red"}
    _, lines = shapes(_exchange("GET", "/lessons", query=query, response_body={}))
    assert [line.split(" | ", 1)[1] for line in lines[:-1]] == [
        "query from | is required and was not sent",
        "query page_size | 301 breaks maximum 300",
        'query type | "old" breaks enum ["live", "upcoming"]',
        'query trash | "yes" breaks type "boolean"',
        "query colour | unknown parameter",
    ]


def test_values_of_secret_fields_and_the_inside_of_objects_are_never_printed(shapes: Shapes) -> None:
    body = {"topic": {"join_url": "hunter-2"}, "password": "hunter-2-and-more"}
    _, lines = shapes(_posted(body, {"id": 1, "join_url": ["hunter-2"]}))
    assert len(lines) == 4
    assert "hunter" not in "".join(lines)


def test_long_values_are_cut(shapes: Shapes) -> None:
    _, lines = shapes(_posted({"topic": "x" * 500}))
    assert 'request topic | "' + "x" * 76 + "... breaks" in lines[0]


def test_equal_mismatches_become_one_line_with_a_count(shapes: Shapes) -> None:
    bad = {"lessons": [{"id": "a"}, {"id": "a"}]}
    _, lines = shapes(_exchange("GET", "/lessons", query={"from": "2026-12-01"}, response_body=bad))
    assert lines[0].endswith('response 200 lessons[].id | "a" breaks type "integer" (x2)')
    assert "2 mismatches" in lines[1]


def test_a_path_outside_the_file_is_a_mismatch_unless_it_is_allowed(shapes: Shapes) -> None:
    outside = _exchange("GET", "/accounts/acc-1/lock", response_body={})
    code, lines = shapes(outside)
    assert (code, lines[0]) == (1, "GET /accounts/acc-1/lock | path | not in the file")
    code, lines = shapes(outside, flags=("--allow-missing", "/accounts/{accountId}"))
    assert (code, lines[0]) == (0, "GET /accounts/acc-1/lock | path | not in the file [allowed]")
    assert shapes(outside, flags=("--allow-missing", "/account"))[0] == 1


def test_a_method_that_the_path_does_not_have_is_not_in_the_file(shapes: Shapes) -> None:
    _, lines = shapes(_exchange("PATCH", "/lessons/1", 204))
    assert lines[0] == "PATCH /lessons/1 | path | not in the file"


def test_an_undescribed_refusal_needs_a_number_and_a_sentence(shapes: Shapes) -> None:
    good = _exchange("DELETE", "/lessons/1", 429, response_body={"code": 429, "message": "slow"})
    assert shapes(good)[0] == 0
    _, lines = shapes(_exchange("DELETE", "/lessons/1", 404, response_body={"code": True}))
    assert ["404 code" in lines[0], "404 message" in lines[1]] == [True, True]


def test_an_undescribed_success_and_an_absent_body_are_mismatches(shapes: Shapes) -> None:
    _, lines = shapes(_exchange("DELETE", "/lessons/1", 200), _exchange("POST", "/lessons", 201))
    assert lines[0].endswith("response 200 | status not described")
    assert lines[1].endswith("response 201 | no body where one is described")


def test_parts_joined_by_all_of_count_as_one_object(shapes: Shapes) -> None:
    whole = {"id": "p", "email": "a@b.example"}
    assert shapes(_exchange("GET", "/people/p", response_body=whole))[0] == 0
    _, lines = shapes(_exchange("GET", "/people/p", response_body={"id": "p", "colour": 1}))
    assert lines[0].endswith("response 200 | field email is missing")
    assert lines[1].endswith("response 200 colour | unknown field")


def test_a_literal_path_wins_over_a_template_and_a_uuid_may_hold_slashes(shapes: Shapes) -> None:
    me = _exchange("GET", "/people/me", response_body={"me": "x"})
    film = _exchange("GET", "/lessons//bcdefghij/lmnopqrstuv==/films", response_body={"id": "f"})
    assert shapes(me, film) == (0, ["zoom shapes: 2 exchanges, 0 mismatches, 2 operations"])


def test_an_empty_recording_proves_nothing_and_does_not_pass(shapes: Shapes) -> None:
    assert shapes() == (1, ["zoom shapes: 0 exchanges, 0 mismatches, 0 operations"])
