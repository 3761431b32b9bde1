"""The sides of the copy: what each is called, the command that is run as it is printed, and what it must have done."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tests.bench import tools

OURS = "ours"


@dataclass(frozen=True)
class Side:
    """`command` is for bash -o pipefail; the names in it are set in its environment.

    `stores`: the object must lie in the sink with all its bytes. `says`: what it must print or write into $SUM
    (`size`, `sha256`, `crc64nvme`), or "" where it says nothing.
    """

    name: str
    command: str
    needs: tuple[str, ...]
    stores: bool = False
    says: str = ""

    def missing(self) -> tuple[str, ...]:
        """The programs that are not there."""
        return tuple(program for program in ("bash", *self.needs) if tools.found(program) is None)


_stores = partial(Side, stores=True)
COPY = (
    _stores(
        OURS,
        '"$PYTHON" -m tests.bench.our_copy --source "$SOURCE" --sink "$S3" --ca "$CA" --size "$SIZE" --key "$KEY"',
        (),
        says="sha256",
    ),
    _stores(
        "curl|tee sha256sum|aws",
        'curl -s "$URL" | tee >(sha256sum > "$SUM") | aws s3 cp - "s3://$BUCKET/$KEY"',
        ("curl", "tee", "sha256sum", "aws"),
        says="sha256",
    ),
    # coreutils' sha256sum does not use the processor's SHA instructions everywhere; OpenSSL does.
    _stores(
        "curl|tee openssl|aws",
        'curl -s "$URL" | tee >(openssl dgst -sha256 -r > "$SUM") | aws s3 cp - "s3://$BUCKET/$KEY"',
        ("curl", "tee", "openssl", "aws"),
        says="sha256",
    ),
    _stores("rclone copyurl", 'rclone copyurl "$URL" ":s3:$BUCKET/$KEY"', ("rclone",)),
)
FLOOR = (
    Side("curl GET", 'curl -s -o /dev/null -w "%{size_download}" "$URL"', ("curl",), says="size"),
    Side("SHA-256 in memory", '"$PYTHON" -m tests.bench.floor sha256 "$SIZE"', (), says="sha256"),
    Side("CRC-64 in memory", '"$PYTHON" -m tests.bench.floor crc64nvme "$SIZE"', (), says="crc64nvme"),
    _stores("curl PUT", 'curl -s -T "$FILE" "$S3/$BUCKET/$KEY"', ("curl",)),
)


@dataclass(frozen=True)
class Bound:
    """Ours over that of `sides` together: at most `most`; `aim` is what we would like."""

    name: str
    sides: tuple[str, ...]
    most: float | None
    aim: float | None


BOUNDS = (
    Bound("curl|tee sha256sum|aws", ("curl|tee sha256sum|aws",), 0.75, 0.55),
    Bound("curl|tee openssl|aws", ("curl|tee openssl|aws",), None, None),
    Bound("rclone copyurl", ("rclone copyurl",), 1.4, 1.0),
    Bound("floor: GET+SHA+CRC+PUT", tuple(side.name for side in FLOOR), 1.8, 1.25),
)
