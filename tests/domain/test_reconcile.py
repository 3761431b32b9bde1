"""Two sorted lists, walked side by side: against plain dictionaries, and in constant memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.reconcile import Difference, Ours, ReconcileFinding, ReconcileReport, differences

K = IncidentKind


@dataclass(frozen=True)
class Listed:
    key: str
    version_id: str
    size: int
    is_marker: bool = False


# Few, so that both sides often have the same one. Marks before and after the slash and the digits, and beyond the
# Basic Multilingual Plane: the order of UTF-16 is another there.
KEYS = st.sampled_from(["-", "a", "a/", "a/b", "a-b", "a.b", "A", "a0", "~", "\uffff", "\U00010000"])
VERSIONS = st.sampled_from(["v1", "v2", "v3"])
SIZES = st.integers(0, 2)
ONE_OF_OURS = st.tuples(st.sampled_from(["", "v1", "v2"]), SIZES)
ONE_OF_THEIRS = st.dictionaries(VERSIONS, st.tuples(SIZES, st.booleans()), min_size=1, max_size=3)


def by_bytes(key: str) -> bytes:
    return key.encode()


@given(ours=st.dictionaries(KEYS, ONE_OF_OURS, max_size=8), theirs=st.dictionaries(KEYS, ONE_OF_THEIRS, max_size=8))
def test_the_walk_finds_what_two_dictionaries_find(
    ours: dict[str, tuple[str, int]], theirs: dict[str, dict[str, tuple[int, bool]]]
) -> None:
    mine = [Ours(key, ours[key][0], ours[key][1] if ours[key][0] else None) for key in sorted(ours, key=by_bytes)]
    listed = [
        Listed(key, version, size, marker)
        for key in sorted(theirs, key=by_bytes)
        for version, (size, marker) in theirs[key].items()
    ]
    found = list(differences(iter(mine), iter(listed)))
    assert len(found) == len(set(found))
    assert set(found) == expected(ours, theirs)
    assert [by_bytes(d.key) for d in found] == sorted(by_bytes(d.key) for d in found)


STATES: tuple[tuple[int, bool] | None, ...] = (None, (1, False), (2, False), (0, True))


@pytest.mark.parametrize("mine", [None, ("", 0), ("v1", 1)])
@pytest.mark.parametrize("order", [("v1", "v2"), ("v2", "v1")])
def test_each_state_of_one_key_is_told_as_it_is(mine: tuple[str, int] | None, order: tuple[str, str]) -> None:
    for states in product(STATES, STATES):
        versions = {v: state for v, state in zip(order, states, strict=True) if state is not None}
        ours = {} if mine is None else {"k": mine}
        listed = [Listed("k", version, *state) for version, state in versions.items()]
        mines = [Ours("k", mine[0], mine[1] or None)] if mine else []
        found = list(differences(iter(mines), iter(listed)))
        assert set(found) == expected(ours, {"k": versions} if versions else {}), versions
        assert len(found) == len(set(found))


def expected(ours: dict[str, tuple[str, int]], theirs: dict[str, dict[str, tuple[int, bool]]]) -> set[Difference]:
    found: set[Difference] = set()
    for key, (version, size) in ours.items():
        there = {v: s for v, (s, marker) in theirs.get(key, {}).items() if not marker}
        if version and version not in there:
            found.add(Difference(K.OBJECT_MISSING, key, version))
        elif version and there[version] != size:
            found.add(Difference(K.OBJECT_DIFFERS, key, version))
    for key, versions in theirs.items():
        for version, (_, marker) in versions.items():
            if key not in ours:
                found.add(Difference(K.UNKNOWN_OBJECT, key, version))
            elif ours[key][0] and marker:
                found.add(Difference(K.DELETE_MARKER, key, version))
            elif ours[key][0] and version != ours[key][0]:
                found.add(Difference(K.EXTRA_VERSION, key, version))
    return found


@given(mine=st.sets(st.integers(0, 30)), theirs=st.sets(st.integers(0, 30)))
def test_neither_list_is_read_ahead_of_the_other(mine: set[int], theirs: set[int]) -> None:
    """Whatever was taken and not given back would lie in memory: one item of each side, and one to look ahead."""
    taken: dict[str, int] = defaultdict(lambda: -1)

    def ours() -> Iterator[Ours]:
        for n in sorted(mine):
            taken["mine"] = n
            yield Ours(f"{n:03d}", "v1", 1)

    def listed() -> Iterator[Listed]:
        for n in sorted(theirs):
            taken["theirs"] = n
            yield Listed(f"{n:03d}", "v1", 1)

    for found in differences(ours(), listed()):
        at = int(found.key)
        assert sum(at < n <= taken["mine"] for n in mine) <= 1
        assert sum(at < n <= taken["theirs"] for n in theirs) <= 1


def test_many_keys_are_walked_with_a_few_in_hand() -> None:
    """The items of both sides are counted while they are alive."""
    alive, most = 0, 0

    class Counted(Listed):
        def __init__(self, number: int) -> None:
            nonlocal alive, most
            super().__init__(f"{number:07d}", "v1", 1)
            alive, most = alive + 1, max(most, alive + 1)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    ours = (Ours(f"{n:07d}", "v1", 1) for n in range(20_000))
    assert list(differences(ours, map(Counted, range(20_000)))) == []
    assert most <= 5


# What is said of it -------------------------------------------------------------------------------------------------


OPEN = ReconcileFinding(K.EXTRA_VERSION, "k@v", "left", incident="I-AAAA")
SETTLED = ReconcileFinding(K.EXTRA_VERSION, "k@w", "left", True)


@pytest.mark.parametrize(
    ("report", "ends"),
    [
        (ReconcileReport(), "done"),
        (ReconcileReport(unknown={"s3": "S3_UNREACHABLE"}), "postponed"),
        (ReconcileReport(findings=[OPEN], unknown={"s3": "S3_UNREACHABLE"}), "wrong"),
        (ReconcileReport(findings=[SETTLED]), "done"),
        (ReconcileReport(findings=[SETTLED, OPEN]), "wrong"),
        (ReconcileReport(findings=[SETTLED], unknown={"s3": "S3_UNREACHABLE"}), "postponed"),
        (ReconcileReport(more={"unknown_object": 1}), "wrong"),
    ],
)
def test_only_what_nobody_settled_is_wrong_and_only_what_all_sides_said_is_done(
    report: ReconcileReport, ends: str
) -> None:
    said = "\n".join(report.lines())
    assert report.exit == ends == report.as_json()["outcome"]
    assert ("Zoom, the index and S3 agree." in said) == (ends == "done" and not report.findings)
    assert ("settled before" in said) == (ends == "done" and bool(report.findings))
    assert ("Next: a lead or the data lead looks at: zoomguard incidents " in said) == (ends == "wrong")


def test_everything_that_was_found_is_named_with_what_was_done() -> None:
    report = ReconcileReport(
        hosts=1,
        objects=2,
        uploads_given_up=2,
        findings=[OPEN, SETTLED],
        more={"unknown_object": 7},
        unknown={"s3": "X"},
    )
    said = report.lines()
    assert "2 unfinished uploads of ours given up" in said
    assert said[3:5] == ("found    extra_version  I-AAAA  left", "    k@v")
    assert said[5:7] == ("settled  extra_version  left", "    k@w")
    assert "and 7 more of unknown_object" in said and "unknown  s3  X" in said
    assert said[-1].endswith(": zoomguard incidents list")
    assert ReconcileReport(findings=[OPEN, SETTLED]).lines()[-1].endswith(": zoomguard incidents show I-AAAA")
    (first, second) = report.as_json()["findings"]  # type: ignore[misc]
    assert (first["subject"], first["settled"], second["settled"]) == ("k@v", False, True)
    assert (first["incident"], second["incident"]) == ("I-AAAA", None)
    assert first["title"].startswith("Somebody wrote over a key")
