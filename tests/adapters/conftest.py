"""Vaults on moto and, where it is installed, on LocalStack; buckets of a name of their own; scripted mail servers."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.adapters.certificate import certificate_for_loopback
from tests.adapters.letters import Scripted
from tests.adapters.vaults import new_name, vault_at
from tests.adapters.wire import AnswerLosing
from tests.servers import rclone
from tests.servers.keeper import stop
from tests.servers.shared import Missing
from zoomguard.adapters.s3_vault import S3Vault


@pytest.fixture(scope="module")
def moto_port() -> Iterator[int]:
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def moto_url(moto_port: int) -> str:
    return f"http://127.0.0.1:{moto_port}"


@pytest.fixture(params=["moto", pytest.param("localstack", marks=pytest.mark.needs_localstack)])
def url(request: pytest.FixtureRequest) -> str:
    address: str = request.getfixturevalue(f"{request.param}_url")
    return address


@pytest.fixture(scope="session")
def rclone_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of rclone's S3 behind TLS, and the certificate that must be trusted."""
    certificate = certificate_for_loopback(tmp_path_factory.mktemp("tls"))
    try:
        url, kept = rclone.start(os.getpid(), certificate)
    except Missing as missing:
        pytest.skip(str(missing))
    yield url, certificate
    stop(kept.keeper.pid, kept.directory)


@pytest.fixture
def bucket() -> str:
    return new_name()


@pytest.fixture
def vault(url: str, bucket: str) -> S3Vault:
    made = vault_at(url, bucket)
    made.prepare("sandbox", create=True)
    return made


@pytest.fixture
def moto_vault(moto_url: str, bucket: str) -> S3Vault:
    made = vault_at(moto_url, bucket)
    made.prepare("sandbox", create=True)
    return made


@pytest.fixture
def losing(moto_port: int) -> Iterator[AnswerLosing]:
    proxy = AnswerLosing(moto_port)
    yield proxy
    proxy.close()


@pytest.fixture
def script() -> Iterator[Callable[..., Scripted]]:
    made: list[Scripted] = []

    def make(**replies: str | None) -> Scripted:
        made.append(Scripted(**replies))
        return made[-1]

    yield make
    for server in made:
        server.close()
