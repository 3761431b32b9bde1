"""The recording files of a make-believe lesson: real and small, and the film as large as a test wants it."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

BOX_HEADER_BYTES = 8
LARGEST_SMALL_BOX_BYTES = 2**32 - 1
BLOCK_BYTES = 65536
DIGEST_STEP_BYTES = 1 << 20


@dataclass(frozen=True)
class Kind:
    """What one kind of file is in Zoom's words; the n-th of its kind has the n-th recording type, or the last."""

    file_type: str
    extension: str
    content_type: str
    recording_types: tuple[str, ...]
    asset: str


_FILMS = ("shared_screen_with_speaker_view", "gallery_view", "active_speaker", "shared_screen")
KINDS = {
    "MP4": Kind("MP4", "MP4", "video/mp4", _FILMS, "lesson.mp4"),
    "M4A": Kind("M4A", "M4A", "audio/mp4", ("audio_only", "audio_interpretation"), "lesson.m4a"),
    "TRANSCRIPT": Kind("TRANSCRIPT", "VTT", "text/vtt", ("audio_transcript",), "lesson.vtt"),
    "CHAT": Kind("CHAT", "TXT", "text/plain", ("chat_file",), "lesson.txt"),
    "CC": Kind("CC", "VTT", "text/vtt", ("closed_caption",), "captions.vtt"),
    "TIMELINE": Kind("TIMELINE", "JSON", "application/json", ("timeline",), "timeline.json"),
    "SUMMARY": Kind("SUMMARY", "JSON", "application/json", ("summary", "summary_next_steps"), "summary.json"),
    "POLL": Kind("CSV", "CSV", "text/csv", ("poll",), "poll.csv"),
}
USUAL = ("MP4", "M4A", "TRANSCRIPT", "CHAT")
_BOXED = ("MP4", "M4A")


@dataclass(frozen=True)
class Medium:
    """One recording file: `kind` and `extension` in Zoom's words (file_type, file_extension).

    `head` are its true bytes; what `size_bytes` has beyond them is filler, made when it is read. Another
    `edition` has other bytes.
    """

    kind: str
    extension: str
    content_type: str
    size_bytes: int
    head: bytes = field(repr=False)
    recording_type: str = ""
    edition: int = 0

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` up to, not including, `stop`, cut at the end of the file."""
        if start < 0 or stop < start:
            raise ValueError("a range starts at 0 or later and ends at its start or later")
        stop = min(stop, self.size_bytes)
        start_of_filler = max(start, len(self.head)) - len(self.head)
        return self.head[start:stop] + _filler(start_of_filler, stop - len(self.head), self.edition)

    def sha256(self) -> str:
        """SHA-256 of the whole file, lower-case hex; computed once for each size."""
        return _sha256(self)


def media(size_bytes: int | None = None, kinds: Sequence[str] = USUAL) -> tuple[Medium, ...]:
    """The files of one lesson, of these kinds; kinds may be repeated and need not be known to anybody.

    `size_bytes` is a film's size: a trailing `free` box (ISO/IEC 14496-12, 8.1.2) fills it up.
    ValueError where it is smaller than the film, or too near to it for a box to fit between.
    """
    so_far: Counter[str] = Counter()
    made = []
    for name in kinds:
        made.append(medium_of(name, size_bytes, so_far[name]))
        so_far[name] += 1
    return tuple(made)


def kinds_of(names: Any) -> tuple[str, ...]:
    """Kinds of file as a control names them. ValueError for what is no list of them."""
    if not names or not isinstance(names, (list, tuple)) or not all(isinstance(one, str) and one for one in names):
        raise ValueError(f"files is a list of kinds of file, such as {', '.join(KINDS)}")
    return tuple(names)


def medium_of(name: str, size_bytes: int | None = None, nth: int = 0) -> Medium:
    """The `nth` file of a kind, counted from 0: each has other bytes. ValueError as in `media`."""
    kind = KINDS.get(name)
    if kind is None:
        body = f"Nobody has heard of this kind of file: {name}.\n".encode()
        return again(Medium(name, "BIN", "application/octet-stream", len(body), body, name.lower()), nth)
    recording_type = kind.recording_types[min(nth, len(kind.recording_types) - 1)]
    head = _asset(kind.asset)
    size = size_bytes if size_bytes is not None and kind.file_type == "MP4" else len(head)
    if size != len(head):
        head += _free_box_header(size - len(head))
    return again(Medium(kind.file_type, kind.extension, kind.content_type, size, head, recording_type), nth)


def again(medium: Medium, times: int = 1, more_bytes: int = 0) -> Medium:
    """The file as it is when Zoom has processed it again: other bytes, and still a file of its kind.

    `more_bytes` make it longer; a film or a sound needs 8 at least, for an empty box. ValueError for fewer.
    """
    if medium.kind in _BOXED:
        film_bytes = len(_asset(KINDS[medium.kind].asset))
        # Three quarters through is within `mdat`, sound and pictures, where a byte breaks no box.
        head = _box_inserted(_byte_turned(medium.head, film_bytes * 3 // 4, times), film_bytes, more_bytes)
    else:
        head = _letter_turned(medium.head, times) + b"\n" * more_bytes
    size_bytes = medium.size_bytes + more_bytes
    return replace(medium, size_bytes=size_bytes, head=head, edition=medium.edition + times + more_bytes)


def _byte_turned(head: bytes, place: int, times: int) -> bytes:
    return head[:place] + bytes([(head[place] + times) % 256]) + head[place + 1 :]


def _letter_turned(head: bytes, times: int) -> bytes:
    """The last small letter becomes the next one in the alphabet: text, and JSON, stay what they are."""
    place = max(n for n, byte in enumerate(head) if 97 <= byte <= 122)
    return head[:place] + bytes([(head[place] - 97 + times) % 26 + 97]) + head[place + 1 :]


def _box_inserted(head: bytes, place: int, box_bytes: int) -> bytes:
    if not box_bytes:
        return head
    if box_bytes < BOX_HEADER_BYTES:
        raise ValueError(f"a film or a sound grows by {BOX_HEADER_BYTES} bytes or more")
    header = _free_box_header(box_bytes)
    return head[:place] + header + bytes(box_bytes - len(header)) + head[place:]


@cache
def _asset(name: str) -> bytes:
    return files(__package__).joinpath("assets", name).read_bytes()


def _free_box_header(box_bytes: int) -> bytes:
    if box_bytes < BOX_HEADER_BYTES:
        smallest = len(_asset("lesson.mp4"))
        raise ValueError(f"the film has {smallest} bytes, or {smallest + BOX_HEADER_BYTES} and more")
    if box_bytes <= LARGEST_SMALL_BOX_BYTES:
        return box_bytes.to_bytes(4, "big") + b"free"
    return (1).to_bytes(4, "big") + b"free" + box_bytes.to_bytes(8, "big")


def _filler(start: int, stop: int, edition: int) -> bytes:
    # Every block is numbered, so that a copy resumed at a wrong place has another hash.
    if stop <= start:
        return b""
    first, last = start // BLOCK_BYTES, (stop - 1) // BLOCK_BYTES
    blocks = b"".join(index.to_bytes(8, "big") + _pattern(edition) for index in range(first, last + 1))
    offset = first * BLOCK_BYTES
    return blocks[start - offset : stop - offset]


@lru_cache(maxsize=32)
def _pattern(edition: int) -> bytes:
    seed = f"filler of a make-believe film{edition or ''}"
    return hashlib.shake_256(seed.encode()).digest(BLOCK_BYTES - 8)


@lru_cache(maxsize=64)
def _sha256(medium: Medium) -> str:
    digest = hashlib.sha256()
    for start in range(0, medium.size_bytes, DIGEST_STEP_BYTES):
        digest.update(medium.read(start, start + DIGEST_STEP_BYTES))
    return digest.hexdigest()
