from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from zoomguard.domain import errors
from zoomguard.domain.errors import (
    BadInput,
    OutsideFailed,
    Refused,
    SettingsWrong,
    Throttled,
    ZoomguardError,
)
from zoomguard.domain.findings import Finding, Outcome, blocking


def tree(kind: type[ZoomguardError] = ZoomguardError) -> Iterator[type[ZoomguardError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


def test_every_error_has_a_code_of_its_own_and_stands_in_the_drawn_tree():
    codes = [kind.code for kind in tree()]
    assert len(set(codes)) == len(codes)
    for kind in tree():
        assert kind.__name__ in str(errors.__doc__)


def test_an_error_carries_what_happened_and_what_to_do():
    error = BadInput("It is late.", "Come earlier.", code="LATE")
    assert (str(error), error.message, error.remedy) == ("It is late.", "It is late.", "Come earlier.")
    assert (error.code, BadInput.code) == ("LATE", "BAD_INPUT")


def test_wrong_settings_are_one_line_each():
    error = SettingsWrong(("A is missing", "B is not a number"))
    assert error.message.splitlines() == list(error.lines)


def test_a_refusal_carries_its_findings():
    finding = Finding("OVERLAP", Outcome.FAIL)
    refusal = Refused((finding,), zoom_writes=2, session="S")
    assert (refusal.findings, refusal.zoom_writes, refusal.session) == ((finding,), 2, "S")


def test_what_failed_outside_says_whether_and_when_to_go_on():
    at = datetime(2026, 12, 1, tzinfo=UTC)
    assert not OutsideFailed("Zoom is down.").permanent
    assert OutsideFailed("Zoom refused.", permanent=True).permanent
    assert Throttled("Too many.", at).retry_at == at


@pytest.mark.parametrize("outcome", Outcome)
def test_failed_and_unknown_findings_block_and_no_others(outcome: Outcome):
    finding = Finding("OVERLAP", outcome)
    assert bool(blocking([finding])) == (outcome in (Outcome.FAIL, Outcome.UNKNOWN))
