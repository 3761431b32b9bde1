"""One ask for each of several things: each has an outcome of its own, and the worst of them is the exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from zoomguard.cli import show
from zoomguard.cli.answers import Declined, Said
from zoomguard.domain.errors import OutsideFailed

NOT_TRIED = {"code": "NOT_TRIED", "message": "The service was away", "remedy": "Run it again"}


@dataclass(frozen=True)
class Row:
    """What came of one of several: the service's answer, or what went wrong, with its exit code."""

    id: str
    exit_code: int
    answer: Said | None = None
    error: Said | None = None

    def as_json(self, kind: str, part: str) -> dict[str, object]:
        """One entry of the document of several; `kind` names what the id is of, `part` the answer."""
        answer, error = (one.document if one else None for one in (self.answer, self.error))
        return {kind: self.id, "exit_code": self.exit_code, part: answer, "error": error}

    def wrong(self) -> str:
        """What went wrong, in words and with its code; "" where nothing did."""
        if self.error is None:
            return ""
        said = [f"{text.rstrip('.')}." for part in ("message", "remedy") if (text := self.error.text(part))]
        return " ".join([*said, f"[{self.error.text('code')}]"])


def each(ids: Sequence[str], ask: Callable[[str], Row]) -> list[Row]:
    """An outcome for each; after a lost connection the rest is not tried."""
    rows: list[Row] = []
    for number, id in enumerate(ids, 1):
        try:
            rows.append(ask(id))
        except Declined as no:
            rows.append(_went_wrong(id, no.exit_code, no))
        except OutsideFailed as error:
            left = [Row(rest, show.OUTSIDE, error=Said(NOT_TRIED)) for rest in ids[number:]]
            return [*rows, _went_wrong(id, show.OUTSIDE, error), *left]
    return rows


def _went_wrong(id: str, exit_code: int, error: Declined | OutsideFailed) -> Row:
    return Row(id, exit_code, error=Said({"code": error.code, "message": error.message, "remedy": error.remedy}))
