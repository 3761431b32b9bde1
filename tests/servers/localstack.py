"""LocalStack's S3 on 127.0.0.1, from a virtual environment of its own.

    python -m tests.servers.localstack      makes or renews that environment (standard library only)

It checks checksums, Object Lock and presigned addresses; it does not check header signatures, and it takes
retain-until dates in the past, lock headers for buckets without lock, and suspended versioning under lock.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import venv
from pathlib import Path

from tests.servers.keeper import Kept, keep
from tests.servers.shared import Missing, free_port

REQUIREMENTS = Path(__file__).with_name("requirements-localstack.txt")
ENVIRONMENT = Path(__file__).parents[2] / ".cache" / "localstack"
STAMP = "made-from"
NAMED_BY = "ZOOMGUARD_TEST_LOCALSTACK"

# LocalStack 4.8 opens IPv4 ports on every interface, whatever address GATEWAY_LISTEN names, and it keeps all
# objects in one fixed directory below /tmp.
LAUNCHER = """
import tempfile
from twisted.internet import endpoints
class Loopback(endpoints.TCP4ServerEndpoint):
    def __init__(self, reactor, port, backlog=50, interface="127.0.0.1"):
        super().__init__(reactor, port, backlog, interface)
endpoints.TCP4ServerEndpoint = Loopback
from localstack.services.s3 import provider
provider.DEFAULT_S3_TMP_DIR = tempfile.mkdtemp()
from localstack.runtime.main import main
main()
"""


def start(owner: int) -> tuple[str, Kept]:
    """Start a server that lives as long as the process `owner`; it takes any key pair."""
    python = find_environment() / "bin" / "python"
    directory = Path(tempfile.mkdtemp(prefix="zoomguard-localstack-"))
    port = free_port()
    kept = keep([str(python), "-c", LAUNCHER], directory, owner, settings(directory, port))
    url = f"http://127.0.0.1:{port}"
    kept.wait_until(lambda: answers(url), limit_s=90)
    return url, kept


def settings(directory: Path, port: int) -> dict[str, str]:
    """LocalStack's own settings: S3 alone, loaded at once, no downloads, all files in `directory`."""
    places = {"LOCALSTACK_VOLUME_DIR": "volume", "TMPDIR": "tmp", "FILESYSTEM_ROOT": "files", "HOME": "home"}
    for name in places.values():
        (directory / name).mkdir()
    return {
        "PATH": os.defpath,
        "GATEWAY_LISTEN": f"127.0.0.1:{port}",
        "SERVICES": "s3",
        "EAGER_SERVICE_LOADING": "1",
        "S3_SKIP_SIGNATURE_VALIDATION": "0",  # otherwise presigned addresses are not checked
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        "SKIP_INFRA_DOWNLOADS": "1",
        "DNS_ADDRESS": "0",
        **{setting: str(directory / name) for setting, name in places.items()},
    }


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5) as answer:
            return b'"s3": "running"' in answer.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def find_environment() -> Path:
    """The virtual environment that holds LocalStack; Missing if there is none, or an outdated one."""
    named = os.environ.get(NAMED_BY)
    if named:
        return Path(named)
    if not is_current():
        raise Missing(
            "LocalStack is missing or outdated (to install, about 500 MB: .venv/bin/python -m "
            f"tests.servers.localstack; or name an environment that holds it in {NAMED_BY})"
        )
    return ENVIRONMENT


def is_current() -> bool:
    stamp = ENVIRONMENT / STAMP
    return stamp.exists() and stamp.read_text() == checksum()


def checksum() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def install() -> None:
    """Make the environment, unless it is there and current."""
    if is_current():
        print(f"LocalStack is in {ENVIRONMENT}.")
        return
    print(f"Installing LocalStack into {ENVIRONMENT} (about 500 MB, one to two minutes) ...", flush=True)
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    venv.create(ENVIRONMENT, with_pip=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS)], check=True)
    (ENVIRONMENT / STAMP).write_text(checksum())


if __name__ == "__main__":
    try:
        install()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"Could not install LocalStack: pip ended with {failed.returncode}.")
