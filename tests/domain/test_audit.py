import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.audit import (
    Entry,
    Event,
    body,
    canonical,
    commitment,
    entry_hash,
    genesis,
    verify,
)

AT = datetime(2026, 12, 1, 16, 0, 0, 123456, tzinfo=UTC)
START = genesis("sandbox-1a2b")
LENGTH = 8


def appended(seq: int, prev_hash: str, event: Event, at: datetime) -> Entry:
    payload = canonical(dict(event.payload))
    salt = bytes([seq]) * 32
    commit = commitment(salt, payload)
    content = body(event, at, commit)
    digest = entry_hash(seq, prev_hash, content)
    return Entry(
        seq, prev_hash, digest, content, at, event.actor, event.action, event.subject_kind, event.subject_id,
        commit, salt, payload,
    )  # fmt: skip


def chain(length: int = LENGTH) -> list[Entry]:
    entries: list[Entry] = []
    for n in range(1, length + 1):
        event = Event("session.scheduled", "session", f"S{n}", "P-1", {"n": n, "name": "Zoë"})
        head = entries[-1].hash if entries else START
        entries.append(appended(n, head, event, AT + timedelta(seconds=n)))
    return entries


def broken_at(entries: list[Entry], anchor: int = 0) -> int | None:
    broken = verify(entries, START, anchor).broken
    return broken.seq if broken else None


def test_an_untouched_chain_holds_and_states_its_unanchored_tail():
    entries = chain()
    found = verify(entries, START, last_anchor_seq=5)
    assert (found.broken, found.entries, found.head) == (None, LENGTH, entries[-1].hash)
    assert (found.unanchored, found.erased_payloads) == (3, 0)


def test_an_empty_chain_holds_unless_an_anchor_names_an_entry():
    assert verify([], START).broken is None
    assert broken_at([], anchor=1) == 1


CHANGES: dict[str, Any] = {
    "actor": "P-2",
    "action": "session.refused",
    "subject_kind": "recording",
    "subject_id": "S99",
    "at": AT,
    "payload_commit": "00" * 32,
    "payload": b"{}",
    "salt": b"\0" * 32,
    "body": b"{}",
    "hash": "00" * 32,
    "prev_hash": "00" * 32,
    "seq": 99,
}


@pytest.mark.parametrize("column", CHANGES)
@given(at=st.integers(0, LENGTH - 1))
def test_any_edit_is_found_at_its_entry(column: str, at: int):
    entries = chain()
    entries[at] = replace(entries[at], **{column: CHANGES[column]})
    assert broken_at(entries) == at + 1


@given(st.integers(0, LENGTH - 1), st.data())
def test_any_flipped_bit_of_a_body_is_found(at: int, data: st.DataObject):
    entries = chain()
    content = bytearray(entries[at].body)
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    entries[at] = replace(entries[at], body=bytes(content))
    assert broken_at(entries) == at + 1


@given(st.integers(0, LENGTH - 2))
def test_a_deleted_entry_is_found(at: int):
    entries = chain()
    del entries[at]
    assert broken_at(entries) == at + 1


@given(st.sets(st.integers(0, LENGTH - 1), min_size=2, max_size=2))
def test_swapped_entries_are_found(places: set[int]):
    a, b = sorted(places)
    entries = chain()
    entries[a], entries[b] = entries[b], entries[a]
    assert broken_at(entries) == a + 1


@given(st.integers(0, LENGTH - 1), st.integers(0, LENGTH))
def test_a_cut_off_end_is_found_as_far_as_an_anchor_reaches(kept: int, anchor: int):
    found = verify(chain()[:kept], START, anchor)
    assert (found.broken is not None) == (kept < anchor)
    assert found.unanchored == max(0, kept - anchor)


@given(st.integers(0, LENGTH - 1))
def test_an_entry_rewritten_with_a_new_hash_is_found_at_the_next_one(at: int):
    entries = chain()
    event = Event("session.refused", "session", "S99", "P-2")
    entries[at] = appended(at + 1, entries[at].prev_hash, event, AT)
    assert broken_at(entries) == (at + 2 if at + 1 < LENGTH else None)


def test_a_chain_of_another_installation_does_not_hold():
    found = verify(chain(), genesis("another"))
    assert found.broken is not None
    assert found.broken.seq == 1


def test_a_body_that_is_no_json_is_named_instead_of_stopping_the_check():
    entries = chain(2)
    content = b"\xff not json"
    rewritten = replace(entries[1], body=content, hash=entry_hash(2, entries[0].hash, content))
    assert broken_at([entries[0], rewritten]) == 2


def test_a_body_with_the_same_meaning_in_other_bytes_is_not_the_body():
    entries = chain(1)
    content = json.dumps(json.loads(entries[0].body), indent=1).encode()
    rewritten = replace(entries[0], body=content, hash=entry_hash(1, START, content))
    assert broken_at([rewritten]) == 1


def test_an_erased_payload_leaves_the_chain_whole_and_half_of_one_does_not():
    entries = chain()
    entries[2] = replace(entries[2], salt=None, payload=None)
    found = verify(entries, START)
    assert (found.broken, found.erased_payloads) == (None, 1)
    entries[4] = replace(entries[4], salt=None)
    assert broken_at(entries) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_canonical_bytes_do_not_change_by_being_read_again(value: object):
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_canonical_bytes_have_sorted_keys_and_composed_letters():
    assert canonical({"b": ("Zoe\u0308",), "a": True}) == '{"a":true,"b":["Zoë"]}'.encode()


@pytest.mark.parametrize("value", [1.5, {"é": 1}, {1: 2}, b"x", AT, {"a": [object()]}, "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: object):
    with pytest.raises(ValueError, match=r"canonical|ASCII|surrogates"):
        canonical(value)
