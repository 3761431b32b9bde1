from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archive.bucket import Bucket
from tests.house import Home, a_home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def bucket(home: Home) -> Bucket:
    return Bucket(home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
