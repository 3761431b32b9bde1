"""Faults that strike any operation of the API, round whatever its handler does."""

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from zoomguard.sandbox.faults import Fault
from zoomguard.sandbox.wire import Answer, Ask, html_answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal
from zoomguard.sandbox.zoom_state import ZoomState

HUGE_BYTES = 200_000_000
PAGE = "<!doctype html><title>Zoom</title><p>We will be right back.</p>"
OPENING, CLOSING = b'{"filler":"', b'"}'
NEW_WORD, NEW_NUMBER = "never_heard_of", 99


class Strikes:
    """Called before and after each operation. The caller holds the sandbox's lock."""

    def __init__(self, state: ZoomState) -> None:
        self._state = state

    def before(self, ask: Ask) -> Answer | None:
        """The answer in the place of the operation's, where a fault does not let it happen."""
        if self._take("token_revoked", ask):
            self._state.tokens.revoke_all()
        page = ask.query.get("next_page_token")
        if page and self._take("page_token_expired", ask):
            self._state.pages.forget(page)
        for name, made in INSTEAD.items():
            fault = self._take(name, ask)
            if fault:
                return replace(made(fault), fault=name)
        return None

    def after(self, ask: Ask, answer: Answer) -> Answer:
        """The answer of an operation that has been done, as the faults leave it."""
        if answer.status < 300 and self._take("create_500_stored", ask):
            return replace(_error(), fault="create_500_stored")
        if ask.method == "GET" and answer.status == 200:
            for name in ("field_absent", "unknown_enum"):
                answer = self._disfigured(name, ask, answer)
        return answer

    def _disfigured(self, name: str, ask: Ask, answer: Answer) -> Answer:
        """Without the field, or with a value that nobody knows; only an answer that has the field is struck."""
        fault = self._state.faults.see(name, ask.method, ask.path)
        if fault is None:
            return answer
        document = json.loads(answer.body)
        holder, last = _holder(document, fault.what)
        if last not in holder:
            return answer
        self._take(name, ask)
        if name == "field_absent":
            del holder[last]
        else:
            holder[last] = fault.more.get("value", NEW_NUMBER if type(holder[last]) is int else NEW_WORD)
        return replace(json_answer(200, document, answer.headers), fault=name)

    def _take(self, name: str, ask: Ask) -> Fault | None:
        return self._state.faults.take(name, ask.method, ask.path)


def _holder(document: Any, path: str) -> tuple[dict[str, Any], str]:
    """The object in which the last name of a dotted path stands, or an empty one."""
    *outer, last = path.split(".")
    for name in outer:
        document = document.get(name) if isinstance(document, dict) else None
    return (document if isinstance(document, dict) else {}), last


def _error() -> Answer:
    return json_answer(500, {"code": 500, "message": "Internal Server Error."})


def _huge(fault: Fault) -> Answer:
    """JSON without end, sent as it is made; packed, it is small on the wire and huge behind it."""
    size_bytes = int(fault.more.get("size_bytes", HUGE_BYTES))
    headers = {"Content-Type": "application/json;charset=UTF-8"}
    if fault.more.get("gzip"):
        return Answer(200, _packed(size_bytes), headers | {"Content-Encoding": "gzip"})
    return Answer(200, headers=headers, read=_filler(size_bytes), length=size_bytes)


def _filler(size_bytes: int) -> Callable[[int, int], bytes]:
    end = size_bytes - len(CLOSING)

    def read(start: int, stop: int) -> bytes:
        piece = bytearray(b"x" * (stop - start))
        for at, text in ((0, OPENING), (end, CLOSING)):
            for n, byte in enumerate(text, at - start):
                if 0 <= n < len(piece):
                    piece[n] = byte
        return bytes(piece)

    return read


@lru_cache(maxsize=2)
def _packed(size_bytes: int) -> bytes:
    packed, read, step = io.BytesIO(), _filler(size_bytes), 1 << 20
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for start in range(0, size_bytes, step):
            file.write(read(start, min(start + step, size_bytes)))
    return packed.getvalue()


INSTEAD: dict[str, Callable[[Fault], Answer]] = {
    "create_500": lambda fault: _error(),
    "delete_500": lambda fault: _error(),
    "html_200": lambda fault: html_answer(200, PAGE),
    "huge_json": _huge,
    "host_unknown": lambda fault: ZoomRefusal(404, 1001, "User does not exist.").answer(),
    "list_500": lambda fault: _error(),
}
