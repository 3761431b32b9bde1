"""The bench of the copy: every side moves all bytes, and no process of a side is forgotten."""

import hashlib
import json
import os
import ssl
import urllib.request
from collections.abc import Iterator

import pytest

from tests.bench import accounting
from tests.bench.archive import measure
from tests.bench.archive_report import BROKEN, HELD, NOT_MEASURED, Figures, document, text, verdict
from tests.bench.content import HEAD, pieces, sha256_of
from tests.bench.rig import BytesMissing, Rig, a_rig
from tests.bench.sides import BOUNDS, COPY, FLOOR, OURS, Side
from tests.bench.sink_body import AwsFrames

SIZE = 2_000_000
# Says what it used itself, which is less than what the kernel has on its account at its end.
BURN = """python3 -c 'import hashlib, os; hashlib.sha256(bytes(80_000_000)); print(sum(os.times()[:2]))' >> "$SAID" """
FRAMES = b"5;chunk-signature=aa\r\nhello\r\n3\r\n\r\n\r\r\n0\r\nx-amz-checksum-crc64nvme:AAA=\r\n\r\n"


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    with a_rig() as made:
        yield made


@pytest.mark.parametrize("side", COPY + FLOOR, ids=lambda side: side.name)
def test_a_side_moves_all_bytes(rig: Rig, side: Side) -> None:
    if side.missing():
        pytest.skip(f"{side.missing()} not there: python -m tests.bench.tools")
    assert rig.run(side, SIZE).cpu_s > 0


def test_a_file_of_several_parts_arrives_whole(rig: Rig) -> None:
    spent = rig.run(COPY[0], 33_000_000)
    assert spent.processes == 1 and json.loads(spent.output)["peak_kib"] > 33_000


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ('curl -s -o /dev/null "$URL"', ""),
        ('curl -s -r 0-999999 "$URL" | curl -s -T - "$S3/$BUCKET/$KEY"', ""),
        ('curl -s "$URL" | curl -s -T - "$S3/$BUCKET/$KEY"; head -c 9 "$CA" | sha256sum', "sha256"),
    ],
    ids=["nothing stored", "half stored", "another checksum"],
)
def test_a_side_that_did_less_gives_no_figure(rig: Rig, command: str, says: str) -> None:
    with pytest.raises(BytesMissing):
        rig.run(Side("less", command, (), stores=True, says=says), SIZE)


def test_a_side_that_fails_gives_no_figure(rig: Rig) -> None:
    with pytest.raises(accounting.CommandFailed, match="ended with 7"):
        rig.run(Side("failing", "exit 7", ()), SIZE)


def test_every_process_of_a_pipeline_is_on_the_account(tmp_path) -> None:
    """Also one that bash does not wait for, as it does not for `tee >(...)`."""
    said = tmp_path / "said"
    command = f"{BURN} | tee >({BURN}) > /dev/null"
    spent = accounting.run(["bash", "-c", command], os.environ | {"SAID": str(said)})
    own = [float(line) for line in said.read_text().split()]
    assert len(own) == 2 and spent.cpu_s > sum(own)


@pytest.mark.parametrize("cut", range(1, len(FRAMES)))
def test_frames_are_counted_without_what_frames_them(cut: int) -> None:
    frames = AwsFrames()
    frames.take(memoryview(FRAMES[:cut]))
    frames.take(memoryview(FRAMES[cut:]))
    assert frames.content == 8


def test_the_source_goes_on_where_it_is_asked_to(rig: Rig) -> None:
    cut = 1_000_003
    trusted = ssl.create_default_context(cafile=str(rig.ca))
    request = urllib.request.Request(f"{rig.source}/files/{SIZE}.mp4", headers={"Range": f"bytes={cut}-"})
    with urllib.request.urlopen(request, timeout=30, context=trusted) as answer:
        rest = answer.read()
        assert answer.status == 206 and answer.headers["Content-Range"] == f"bytes {cut}-{SIZE - 1}/{SIZE}"
    begun = b"".join(pieces(0, cut))
    assert begun.startswith(HEAD) and hashlib.sha256(begun + rest).hexdigest() == sha256_of(SIZE)


def test_a_side_without_its_program_is_named_and_not_measured(rig: Rig) -> None:
    gone = Side("rclone copyurl", COPY[3].command, ("no-such-program-anywhere",), stores=True)
    figures = measure(rig, (FLOOR[0], gone), 2, SIZE)
    assert list(figures.cpu_s_per_gb) == ["curl GET"] and len(figures.wall_s["curl GET"]) == 2
    assert "rclone copyurl: NOT MEASURED, no-such-program-anywhere" in text(figures)
    assert document(figures)["not_measured"] == {"rclone copyurl": ("no-such-program-anywhere",)}
    assert verdict(figures) == NOT_MEASURED


def test_a_report_has_80_columns_and_every_command() -> None:
    each = {side.name: [12.345, 98.765] for side in COPY + FLOOR}
    lines = text(Figures(SIZE, 2, {"curl GET": ("no-such-program-anywhere",)}, each, each, 9.99)).splitlines()
    assert max(map(len, lines)) <= 80 and any(line.startswith("WARNING") for line in lines)
    shown = " ".join(" ".join(lines).split())
    assert all(side.command in shown for side in COPY + FLOOR)


@pytest.mark.parametrize(("factor", "expected"), [(0.99, HELD), (1.01, BROKEN)])
def test_the_exit_code_says_whether_the_bounds_hold(factor: float, expected: int) -> None:
    theirs = {side.name: [1.0, 9.0, 1.0] for side in COPY + FLOOR}
    tightest = min(bound.most * len(bound.sides) for bound in BOUNDS if bound.most)
    ours = [tightest * factor, 0.0, tightest * factor]
    assert verdict(Figures(SIZE, 3, {}, theirs | {OURS: ours})) == expected
