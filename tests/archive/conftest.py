import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archive.bucket import Bucket
from tests.archive.forging import Two, bags
from tests.cli.caller import Terminal
from tests.house import Home, a_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def bucket(home: Home) -> Bucket:
    return Bucket(home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])


@pytest.fixture(params=["moto", pytest.param("localstack", marks=pytest.mark.needs_localstack)])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Home, Bucket]]:
    """A home and its bucket, in moto and in LocalStack, which keeps every lock and hold."""
    if request.param == "moto":
        with a_home(tmp_path / "home") as opened:
            yield opened, Bucket(opened.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
        return
    url, name = request.getfixturevalue("localstack_url"), f"proof-{uuid.uuid4().hex[:12]}"
    with a_home(tmp_path / "home", ZOOMGUARD_S3_ENDPOINT_URL=url, ZOOMGUARD_S3_BUCKET=name) as opened:
        yield opened, Bucket(url, name)


@pytest.fixture
def operator(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The operator's terminal, on the machine of the installation."""
    for name, value in home.environ.items():
        monkeypatch.setenv(name, value)
    return Terminal(home.path, capsys, monkeypatch)


@pytest.fixture
def two(home: Home, bucket: Bucket, tmp_path: Path) -> Iterator[Two]:
    with bags(home, bucket, tmp_path, 2) as made:
        yield made
