"""Source and sink over TLS for one run, and one side's copy between them, checked."""

from __future__ import annotations

import itertools
import os
import ssl
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import accounting, tools
from tests.bench.accounting import Spent
from tests.bench.certificates import make_certificates
from tests.bench.content import crc64nvme_of, pieces, sha256_of
from tests.bench.serving import running
from tests.bench.sides import Side

BUCKET = "bench"


class BytesMissing(Exception):
    """A side ended well and yet did not do what it was measured for."""


@dataclass(frozen=True)
class Rig:
    """Addresses of both servers, the authority to believe, and a folder that is gone afterwards."""

    source: str
    sink: str
    ca: Path
    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, side: Side, size: int, command: str | None = None) -> Spent:
        """One run of a side over `size` bytes. BytesMissing where not all of them arrived."""
        key = f"v1/{next(self.numbers):06d}/{size}.mp4"
        sums = self.folder / "sum.txt"
        sums.unlink(missing_ok=True)
        env = self._env(side, size, key) | {"SUM": str(sums)}
        spent = accounting.run(["bash", "-o", "pipefail", "-c", command or side.command], env)
        said = spent.output + (sums.read_text() if sums.exists() else "")
        if side.stores and self.stored(key) != size:
            raise BytesMissing(f"{side.name}: {self.stored(key)} of {size} bytes arrived.")
        if side.says and self._expected(side.says, size) not in said:
            raise BytesMissing(f"{side.name}: says {said!r}, which is not its {side.says}.")
        return spent

    def stored(self, key: str) -> int | None:
        """The bytes that the sink counted for a key."""
        request = urllib.request.Request(f"{self.sink}/{BUCKET}/{key}", method="HEAD")
        try:
            trusted = ssl.create_default_context(cafile=str(self.ca))
            with urllib.request.urlopen(request, timeout=30, context=trusted) as answer:
                return int(answer.headers["Content-Length"])
        except urllib.error.HTTPError:
            return None

    def _expected(self, says: str, size: int) -> str:
        return {"size": str, "sha256": sha256_of, "crc64nvme": crc64nvme_of}[says](size)

    def _env(self, side: Side, size: int, key: str) -> dict[str, str]:
        """The machine's own environment without proxies, and what the commands name."""
        kept = {name: value for name, value in os.environ.items() if not _meddles(name)}
        names = {"SOURCE": self.source, "S3": self.sink, "URL": f"{self.source}/files/{size}.mp4"}
        names |= {"BUCKET": BUCKET, "KEY": key, "SIZE": str(size), "CA": str(self.ca), "PYTHON": sys.executable}
        names |= {"PATH": tools.search_path(), "FILE": self._file(size) if "$FILE" in side.command else ""}
        return kept | names | _for_aws(self.sink, self.ca, self.folder) | _for_rclone(self.sink, self.ca)

    def _file(self, size: int) -> str:
        path = self.folder / f"{size}.mp4"
        if not path.exists():
            with path.open("wb") as file:
                file.writelines(pieces(0, size))
        return str(path)


@contextmanager
def a_rig() -> Iterator[Rig]:
    """Both servers with a certificate of the run's own."""
    with tempfile.TemporaryDirectory(prefix="zoomguard-bench-") as name:
        folder = Path(name)
        ca, certificate = make_certificates(folder)
        tls = ("--certificate", str(certificate))
        with running("tests.bench.source", *tls) as source, running("tests.bench.sink", *tls) as sink:
            yield Rig(source, sink, ca, folder)


def _meddles(name: str) -> bool:
    """Proxies, and settings of the tools that the machine's owner made for himself."""
    return name.lower().endswith("_proxy") or name.startswith(("AWS_", "RCLONE_", "CURL_"))


def _for_aws(sink: str, ca: Path, folder: Path) -> dict[str, str]:
    nothing = str(folder / "no-such-file")
    named = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-secret", "AWS_REGION": "eu-west-2"}
    files = {"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing, "AWS_CA_BUNDLE": str(ca)}
    return named | files | {"AWS_DEFAULT_REGION": "eu-west-2", "AWS_ENDPOINT_URL_S3": sink, "CURL_CA_BUNDLE": str(ca)}


def _for_rclone(sink: str, ca: Path) -> dict[str, str]:
    named = {"RCLONE_CONFIG": "/dev/null", "RCLONE_CA_CERT": str(ca), "RCLONE_S3_PROVIDER": "Other"}
    return named | {"RCLONE_S3_ENDPOINT": sink, "RCLONE_S3_ENV_AUTH": "true", "RCLONE_S3_REGION": "eu-west-2"}
