import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import bagit
import pytest

from zoomguard.domain.bag import DECLARATION, MARK_NAME, digest, info, key, manifest, prefix
from zoomguard.domain.ids import ulid

AT = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
SESSION, RECORDING = ulid(AT), ulid(AT)
PAYLOAD = {"data/video.mp4": b"\0\0\0\x18ftypmp42", "data/chat.txt": b"Hello"}


def test_a_prefix_holds_year_session_recording_and_number():
    assert prefix(AT, SESSION, RECORDING, 1) == f"v1/2026/{SESSION}/{RECORDING}/b001/"
    assert prefix(AT, None, RECORDING, 12) == f"v1/2026/unassigned/{RECORDING}/b012/"


@pytest.mark.parametrize(
    "name",
    ["bagit.txt", MARK_NAME, "metadata/recording.json", "data/video.mp4", "data/chat-messages-12.json"],
)
def test_a_key_is_a_prefix_and_a_name_of_the_list(name: str):
    start = prefix(AT, SESSION, RECORDING, 1)
    assert key(start, name) == start + name


@pytest.mark.parametrize(
    "name", ["", "data/Lena.mp4", "data/../x.mp4", "../bagit.txt", "bagit.txt\n", "data/video-10000.mp4"]
)
def test_any_other_name_makes_no_key(name: str):
    with pytest.raises(ValueError, match="ids of ours"):
        key(prefix(AT, SESSION, RECORDING, 1), name)


def test_a_key_under_a_foreign_prefix_is_refused():
    for start in ("", "v1/2026/MATHS/x/b001/", f"v2/2026/{SESSION}/{RECORDING}/b001/"):
        with pytest.raises(ValueError, match="ids of ours"):
            key(start, "bagit.txt")


def test_a_bag_of_these_texts_is_valid_to_the_library_of_congress(tmp_path: Path):
    sizes = {path: len(content) for path, content in PAYLOAD.items()}
    texts = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": info(RECORDING, date(2026, 12, 31), sizes, "The\r\n College", 1, "0.1.0"),
        "manifest-sha256.txt": manifest({path: digest(content) for path, content in PAYLOAD.items()}),
    }
    tags = {name: digest(text.encode()) for name, text in texts.items()}
    files = {**PAYLOAD, **{n: t.encode() for n, t in texts.items()}, MARK_NAME: manifest(tags).encode()}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    bag = bagit.Bag(str(tmp_path))
    bag.validate()
    assert bag.info["Payload-Oxum"] == f"{sum(sizes.values())}.2"
    assert bag.info["Source-Organization"] == "The College"
    (tmp_path / "data/chat.txt").write_bytes(b"hello")
    with pytest.raises(bagit.BagValidationError):
        bag.validate()


def test_a_manifest_is_sorted_by_path():
    assert manifest({"b": "22", "a": "11"}) == "11  a\n22  b\n"


def test_a_digest_is_sha_256_in_hex():
    assert digest(b"x") == hashlib.sha256(b"x").hexdigest()
