"""Every column says how personal it is, and what is personal says what erases it."""

from __future__ import annotations

from tests.tables.one_of_each import models
from zoomguard.tables.types import Personal, RowKind

# Kept with their row: pseudonyms that the audit and the evidence rest on, and digests that open nothing.
LASTING = {Personal.NONE, Personal.PSEUDONYM, Personal.SECRET}
SEALED_OR_SECRET = ("token", "passcode", "join_url", "salt")


def test_every_column_says_how_personal_it_is_and_what_erases_it() -> None:
    for model in models():
        for column in model.__table__.columns:
            assert isinstance(column.info.get("personal"), Personal), f"{model.__tablename__}.{column.name}"
            assert isinstance(column.info.get("erased_by"), str), f"{model.__tablename__}.{column.name}"


def test_every_table_has_a_kind_of_its_own() -> None:
    assert all("KIND" in vars(m) or m.KIND is RowKind.SERVICE for m in models())
    assert {m.KIND for m in models()} == set(RowKind)


def test_what_opens_a_door_is_marked_secret() -> None:
    for model in models():
        for column in model.__table__.columns:
            if column.name in SEALED_OR_SECRET or column.name.endswith("token_sha256"):
                assert column.info["personal"] is Personal.SECRET, f"{model.__tablename__}.{column.name}"


def test_names_births_and_addresses_are_erased() -> None:
    told = {
        (str(m.__tablename__), c.name): c.info["erased_by"]
        for m in models()
        for c in m.__table__.columns
        if c.info["personal"] is Personal.PERSONAL
    }
    for column in ("known_as", "family_name", "born_on", "email"):
        assert told["person", column] == "erasure"
    assert told["message", "body"] and told["zoom_event", "body"] and told["audit_payload", "body"]
