"""What the service answers: read with suspicion, and as a refusal where it is one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.times import printable

CODE = re.compile(r"[A-Z][A-Z0-9_-]{0,63}")
# contracts: HTTP status to exit code. 500 is decided by its code.
EXIT_OF_STATUS = {400: 2, 401: 3, 403: 3, 404: 3, 409: 1, 422: 2, 429: 4, 502: 4, 503: 4, 504: 4}
OUTSIDE_EXIT, USAGE_EXIT, FAULT_EXIT, INTEGRITY_EXIT = 4, 2, 70, 5


class Declined(Exception):
    """The service said no, in its own words, with the exit code that belongs to it."""

    def __init__(self, exit_code: int, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.exit_code, self.code, self.message, self.remedy = exit_code, code, message, remedy


class RulesRefused(Exception):
    """The rules said no over there; `document` is the whole answer."""

    def __init__(self, document: Mapping[str, object]) -> None:
        super().__init__("refused by the rules")
        self.document = document


def bad_answer() -> OutsideFailed:
    """The other side is no zoomguard, or one of another version."""
    return OutsideFailed(
        "The answer is not one of a zoomguard service.",
        "Check ZOOMGUARD_SERVER, and that both sides have the same version.",
        code="BAD_ANSWER",
    )


class Said:
    """A JSON object from the service. Texts come escaped; OutsideFailed BAD_ANSWER for anything unexpected."""

    def __init__(self, document: object) -> None:
        if not isinstance(document, Mapping):
            raise bad_answer()
        self.document = document

    def raw(self, name: str) -> str:
        """A text exactly as it came: for comparing and sending back, not for showing."""
        value = self.document.get(name)
        if not isinstance(value, str):
            raise bad_answer()
        return value

    def text(self, name: str) -> str:
        """A text with control characters escaped; "" for null and what is absent."""
        value = self.document.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if not isinstance(value, str | int | float):
            raise bad_answer()
        return printable(str(value))

    def number(self, name: str) -> int:
        """A whole number; 0 for null and what is absent."""
        value = self.document.get(name)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad_answer()
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts, escaped."""
        return [printable(str(item)) for item in self._list(name)]

    def parts(self, name: str) -> list[Said]:
        """A list of objects."""
        return [Said(item) for item in self._list(name)]

    def part(self, name: str) -> Said | None:
        """An object, or None."""
        value = self.document.get(name)
        return None if value is None else Said(value)

    def needed(self, name: str) -> Said:
        """An object that must be there."""
        return Said(self.document.get(name))

    def _list(self, name: str) -> list[object]:
        value = self.document.get(name, [])
        if not isinstance(value, list):
            raise bad_answer()
        return value


def is_refusal(status: int, document: object) -> bool:
    """Whether the rules said no: 422 with findings."""
    return status == 422 and isinstance(document, Mapping) and isinstance(document.get("findings"), list)


def declined(status: int, document: object) -> Declined | RulesRefused:
    """The error that stands in an answer, or one made up of its status."""
    if isinstance(document, Mapping) and is_refusal(status, document):
        return RulesRefused(document)
    error = document.get("error") if isinstance(document, Mapping) else None
    said = Said(error) if isinstance(error, Mapping) else Said({})
    code = said.text("code")
    known = CODE.fullmatch(code) is not None
    return Declined(
        exit_of_status(status, code if known else ""),
        code if known else f"HTTP_{status}",
        said.text("message") or f"The service answered {status}.",
        said.text("remedy") or ("" if known else "Check ZOOMGUARD_SERVER, or try again later."),
    )


def exit_of_status(status: int, code: str) -> int:
    """The exit code of a failed answer; a 500 with a code other than FAULT is a failed integrity."""
    if status == 500:
        return INTEGRITY_EXIT if code not in ("", "FAULT") else FAULT_EXIT
    if status in EXIT_OF_STATUS:
        return EXIT_OF_STATUS[status]
    return USAGE_EXIT if 400 <= status < 500 else OUTSIDE_EXIT
