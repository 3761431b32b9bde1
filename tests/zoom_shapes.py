"""Compares recorded exchanges with an OpenAPI 3.0 description of Zoom's API.

`python tests/zoom_shapes.py OPENAPI.json EXCHANGES.jsonl [--allow-missing /path]`; exit 0 or 1.
A line of EXCHANGES: {"method", "path" (without /v2), "query", "request_body", "status", "response_body"},
and perhaps "fault", which names what was made wrong on purpose: that answer is not compared.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, ValidationError  # type: ignore[import-untyped]

Json = Any
COMPOSED = ("allOf", "anyOf", "oneOf")
METHODS = ("get", "post", "put", "patch", "delete", "head")
KEPT = (
    "type", "enum", "required", "minimum", "maximum", "multipleOf", "minLength", "maxLength",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip
SECRET = re.compile(r"password|passcode|token|secret|join_url|start_url|download_url|host_key", re.IGNORECASE)
UUID_OR_SEGMENT = r"(?:[A-Za-z0-9+/]{22}==|[^/]+)"  # a meeting UUID may hold slashes once it is decoded
CUT_AT = 80


class Mismatch(NamedTuple):
    """One disagreement; equal ones are counted together."""

    method: str
    template: str
    where: str
    message: str


@dataclass
class Report:
    """What a run found: mismatches with counts, operations seen, and paths allowed to be missing."""

    exchanges: int = 0
    mismatches: Counter[Mismatch] = field(default_factory=Counter)
    allowed: Counter[Mismatch] = field(default_factory=Counter)
    operations: set[tuple[str, str]] = field(default_factory=set)

    def lines(self) -> list[str]:
        """One line per different mismatch, then the sum of it all."""
        found = [_line(m, n, "") for m, n in self.mismatches.items()]
        found += [_line(m, n, " [allowed]") for m, n in self.allowed.items()]
        sums = (self.exchanges, self.mismatches.total(), len(self.operations))
        return [*found, "zoom shapes: {} exchanges, {} mismatches, {} operations".format(*sums)]


class Schemas:
    """Turns OpenAPI 3.0 schemas into JSON Schema 2020-12 validators, closed against unknown fields."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._validators: dict[tuple[int, bool], Draft202012Validator] = {}
        self._defs: dict[bool, Json] = {}

    def resolve(self, node: Json) -> Json:
        """Follows `$ref` inside the document."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def errors(self, schema: Json, value: Json, ours: bool) -> Iterator[ValidationError]:
        """Errors of a value; `ours` is True for what we send, where no unknown field is ever allowed."""
        key = (id(schema), ours)
        if key not in self._validators:
            root = {**self._translated(schema, ours), "$defs": self._definitions(ours)}
            self._validators[key] = Draft202012Validator(root)
        yield from self._validators[key].iter_errors(value)

    def _definitions(self, ours: bool) -> Json:
        if ours not in self._defs:
            schemas = self.document.get("components", {}).get("schemas", {})
            self._defs[ours] = {name: self._translated(schema, ours) for name, schema in schemas.items()}
        return self._defs[ours]

    def _translated(self, schema: Json, ours: bool) -> Json:
        prefix = "#/components/schemas/"
        if "$ref" in schema and schema["$ref"].startswith(prefix):
            return {"$ref": "#/$defs/" + schema["$ref"].removeprefix(prefix)}
        schema = self._flat(schema)
        out: dict[str, Json] = {k: schema[k] for k in KEPT if k in schema}
        out |= _bounds(schema) | _pattern(schema) | self._inner(schema, ours)
        for kind in COMPOSED:
            if kind in schema:  # a value that fits two forms of a oneOf is no harm: anyOf
                forms = [self._form(form, ours) for form in schema[kind]]
                out.setdefault("allOf" if kind == "allOf" else "anyOf", []).extend(forms)
        return _nullable(out) if schema.get("nullable") or None in schema.get("enum", ()) else out

    def _form(self, schema: Json, ours: bool) -> Json:
        return {"type": "null"} if schema == {"nullable": True} else self._translated(schema, ours)

    def _inner(self, schema: Json, ours: bool) -> Json:
        out: dict[str, Json] = {}
        if "items" in schema:
            out["items"] = self._translated(schema["items"], ours)
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            more = self._translated(more, ours)
        if properties := schema.get("properties"):
            out["properties"] = {k: self._translated(_repaired(k, v), ours) for k, v in properties.items()}
            more = False if ours or more is None else more
        return out if more is None else out | {"additionalProperties": more}

    def _flat(self, schema: Json) -> Json:
        """Objects joined by allOf, anyOf or oneOf become one object, so that unknown fields can be told."""
        schema = self.resolve(schema)
        forms = [(kind, self._flat(form)) for kind in COMPOSED for form in schema.get(kind, ())]
        if not forms or not all("properties" in form for _, form in forms):
            return schema
        out = {k: v for k, v in schema.items() if k not in COMPOSED} | {"type": "object"}
        properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
        for kind, form in forms:
            for name, inner in form["properties"].items():
                known = properties.get(name, inner)
                properties[name] = inner if known == inner else {"anyOf": [known, inner]}
            required |= set(form.get("required", ())) if kind == "allOf" else set()
            if form.get("additionalProperties"):
                out.setdefault("additionalProperties", form["additionalProperties"])
        return out | {"properties": properties, "required": sorted(required)}


def _repaired(name: str, schema: Json) -> Json:
    """Zoom describes `weekly_days` as one digit and takes a comma list; its REST enum of a recording file's status has
    `completed` alone and that of its type no `TIMELINE`, while its webhook types and reports from the field have
    `processing` and `TIMELINE` too."""
    if name == "weekly_days" and "enum" in schema:
        return {"type": "string", "pattern": "^[1-7](,[1-7])*$"}
    if name == "status" and schema.get("enum") == ["completed"]:
        return {**schema, "enum": ["completed", "processing"]}
    if name == "file_type" and "TRANSCRIPT" in schema.get("enum", ()):
        return {**schema, "enum": [*schema["enum"], "TIMELINE"]}
    return schema


def _bounds(schema: Json) -> Json:
    """OpenAPI 3.0 says exclusive bounds with booleans."""
    pairs = (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum"))
    return {new: schema[old] for new, old in pairs if schema.get(new) is True and old in schema}


def _pattern(schema: Json) -> Json:
    try:
        re.compile(schema.get("pattern", ""))
    except re.error:  # patterns are JavaScript's; one that Python cannot read is left out
        return {}
    return {"pattern": schema["pattern"]} if "pattern" in schema else {}


def _nullable(schema: Json) -> Json:
    if not isinstance(schema.get("type"), str):
        return {"anyOf": [schema, {"type": "null"}]}
    out = schema | {"type": [schema["type"], "null"]}
    return out | {"enum": [*schema["enum"], None]} if "enum" in schema else out


class Operations:
    """Finds an operation by method and path; templates with more literal segments come first."""

    def __init__(self, document: Json) -> None:
        ordered = sorted(document["paths"], key=lambda template: (template.count("{"), -len(template)))
        self._paths = [(_path_pattern(t), t, document["paths"][t]) for t in ordered]

    def find(self, method: str, path: str) -> tuple[str, Json, Json] | None:
        """The template, the path's item and the operation; None where the file has none."""
        for pattern, template, item in self._paths:
            if pattern.fullmatch(path) and method.lower() in METHODS and method.lower() in item:
                return template, item, item[method.lower()]
        return None


def _path_pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]*\})", template)
    return re.compile("".join(UUID_OR_SEGMENT if p.startswith("{") else re.escape(p) for p in parts))


class Checker:
    """Checks exchanges one by one against one document."""

    def __init__(self, document: Json, allow_missing: Iterable[str] = ()) -> None:
        self.schemas = Schemas(document)
        self.operations = Operations(document)
        self.allowed = [re.compile(_path_pattern(p.rstrip("/")).pattern + "(/.*)?") for p in allow_missing]
        self.report = Report()

    def check(self, exchange: Json) -> None:
        """Adds one exchange to the report."""
        self.report.exchanges += 1
        method, path = exchange["method"].upper(), exchange["path"]
        found = self.operations.find(method, path)
        if found is None:
            self._missing(method, path)
            return
        template, item, operation = found
        self.report.operations.add((method, template))
        for where, message in self._disagreements(item, operation, exchange):
            self.report.mismatches[Mismatch(method, template, where, message)] += 1

    def _missing(self, method: str, path: str) -> None:
        allowed = any(pattern.fullmatch(path) for pattern in self.allowed)
        kept = self.report.allowed if allowed else self.report.mismatches
        kept[Mismatch(method, _without_ids(path), "path", "not in the file")] += 1

    def _disagreements(self, item: Json, operation: Json, exchange: Json) -> Iterator[tuple[str, str]]:
        listed = [*item.get("parameters", []), *operation.get("parameters", [])]
        given = [self.schemas.resolve(parameter) for parameter in listed]
        described = {p["name"]: p for p in given if p["in"] == "query"}
        yield from self._query(described, exchange.get("query") or {})
        yield from self._request(operation, exchange.get("request_body"))
        if not exchange.get("fault"):
            yield from self._response(operation, exchange["status"], exchange.get("response_body"))

    def _query(self, described: Json, query: Json) -> Iterator[tuple[str, str]]:
        for name in described:
            if described[name].get("required") and name not in query:
                yield f"query {name}", "is required and was not sent"
        for name, value in query.items():
            if name not in described:
                yield f"query {name}", "unknown parameter"
                continue
            schema = described[name].get("schema", {})
            for error in self.schemas.errors(schema, _typed(value, self.schemas.resolve(schema)), ours=True):
                yield from _worded(f"query {name}", error)

    def _request(self, operation: Json, body: Json) -> Iterator[tuple[str, str]]:
        if body is None or body == {}:  # a described body that stays empty is fine
            return
        schema = self._schema(operation.get("requestBody"))
        if schema is None:
            yield "request", "a body where none is described"
        else:
            yield from self._body("request", schema, body, ours=True)

    def _response(self, operation: Json, status: int, body: Json) -> Iterator[tuple[str, str]]:
        responses = operation.get("responses", {})
        answer = responses.get(str(status), responses.get(f"{status // 100}XX", responses.get("default")))
        schema = self._schema(answer)
        where = f"response {status}"
        if answer is None and status >= 500:  # a gateway's page in front of Zoom
            return
        if schema is None and status >= 400:
            yield from _error_answer(where, body)
        elif answer is None:
            yield where, "status not described"
        elif schema is None and body not in (None, "", {}):
            yield where, "a body where none is described"
        elif schema is not None and body is None:
            yield where, "no body where one is described"
        elif schema is not None:
            yield from self._body(where, schema, body, ours=False)

    def _schema(self, holder: Json) -> Json:
        content = (self.schemas.resolve(holder) or {}).get("content", {})
        return next((c.get("schema", {}) for kind, c in content.items() if "json" in kind), None)

    def _body(self, where: str, schema: Json, body: Json, ours: bool) -> Iterator[tuple[str, str]]:
        for error in self.schemas.errors(schema, body, ours):
            yield from _worded(where, error)


def _error_answer(where: str, body: Json) -> Iterator[tuple[str, str]]:
    """Most of Zoom's refusals are not described; all carry a number and a sentence."""
    body = body if isinstance(body, dict) else {}
    if type(body.get("code")) is not int:
        yield f"{where} code", "an error without an integer code"
    if not isinstance(body.get("message"), str):
        yield f"{where} message", "an error without a message text"


def _typed(value: Json, schema: Json) -> Json:
    """A query's text as the type that its parameter has; text that is not of that type stays text."""
    kind = schema.get("type")
    if kind == "array":
        return value if isinstance(value, list) else str(value).split(",")
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if kind in ("integer", "number") and isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return float(value) if "." in value else int(value)
    return value


def _worded(where: str, error: ValidationError) -> Iterator[tuple[str, str]]:
    """Place and words of one error, without the value of a secret field."""
    path = _dotted(error.absolute_path)
    place = f"{where} {path}".strip()
    if error.validator == "additionalProperties" and error.validator_value is False:
        for name in sorted(set(error.instance) - set(error.schema.get("properties", {}))):
            yield f"{where} {f'{path}.{_cut(name)}'.removeprefix('.')}", "unknown field"
    elif error.validator == "required":
        for name in sorted(set(error.validator_value) - set(error.instance)):
            if error.message.startswith(repr(name)):
                yield place, f"field {name} is missing"
    else:
        yield place, _words(error, hidden=bool(SECRET.search(place)))


def _words(error: ValidationError, hidden: bool) -> str:
    value = "(hidden)" if hidden else _shown(error.instance)
    if error.validator in ("anyOf", "oneOf"):
        return f"{value} fits none of the described forms"
    return f"{value} breaks {error.validator} {_cut(json.dumps(error.validator_value, ensure_ascii=False))}"


def _shown(value: Json) -> str:
    """A plain value in short; never the inside of an object or a list, which may hold secrets."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= CUT_AT else text[: CUT_AT - 3] + "..."


def _dotted(path: Iterable[str | int]) -> str:
    text = "".join("[]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _without_ids(path: str) -> str:
    """The path with numbers, addresses and opaque ids made equal, so that equal calls group."""
    opaque = re.compile(r".*(@|%|==|\d{5}).*|.{20,}")
    return "/".join("{id}" if opaque.fullmatch(part) else part for part in path.split("/"))


def _line(mismatch: Mismatch, count: int, note: str) -> str:
    times = f" (x{count})" if count > 1 else ""
    return f"{mismatch.method} {mismatch.template} | {mismatch.where} | {mismatch.message}{times}{note}"


def check(document: Json, exchanges: Iterable[Json], allow_missing: Iterable[str] = ()) -> Report:
    """Compares all exchanges with the document; paths under `allow_missing` may be absent from it."""
    checker = Checker(document, allow_missing)
    for exchange in exchanges:
        checker.check(exchange)
    return checker.report


def main(arguments: list[str] | None = None) -> int:
    """Prints the report; 0 when everything fits, 1 when not or when there was nothing to compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("openapi", type=Path)
    parser.add_argument("exchanges", type=Path)
    parser.add_argument("--allow-missing", action="append", default=[], metavar="PATH")
    chosen = parser.parse_args(arguments)
    document = json.loads(chosen.openapi.read_text("utf-8"))
    lines = chosen.exchanges.read_text("utf-8").split("\n")
    report = check(document, (json.loads(line) for line in lines if line.strip()), chosen.allow_missing)
    print("\n".join(report.lines()))
    return 1 if report.mismatches or not report.exchanges else 0


if __name__ == "__main__":
    sys.exit(main())
