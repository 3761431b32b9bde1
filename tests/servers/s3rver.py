"""s3rver on 127.0.0.1, from npm: it takes lock headers and ignores them, and keeps no versions.

python -m tests.servers.s3rver      installs it below .cache (standard library and npm only)
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.keeper import Kept, keep
from tests.servers.shared import Missing, free_port

VERSION = "3.7.1"
FOLDER = Path(__file__).parents[2] / ".cache" / "s3rver"
PROGRAM = FOLDER / "node_modules" / "s3rver" / "bin" / "s3rver.js"
STAMP = "made-from"
ACCESS_KEY = SECRET_KEY = "S3RVER"


def start(owner: int) -> tuple[str, Kept]:
    """Start an empty server that lives as long as the process `owner` and takes one key pair."""
    node = shutil.which("node")
    if node is None or not is_current():
        raise Missing(
            "s3rver is missing (to install, 14 MB: apt-get install nodejs npm, then .venv/bin/python -m "
            "tests.servers.s3rver)"
        )
    directory = Path(tempfile.mkdtemp(prefix="zoomguard-s3rver-"))
    port = free_port()
    place = ["--directory", str(directory / "data"), "--address", "127.0.0.1", "--port", str(port)]
    kept = keep([node, str(PROGRAM), *place], directory, owner, {"PATH": os.defpath, "HOME": str(directory)})
    kept.wait_until(lambda: listens(port), limit_s=30)
    return f"http://127.0.0.1:{port}", kept


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def is_current() -> bool:
    stamp = FOLDER / STAMP
    return stamp.exists() and stamp.read_text() == VERSION


def install() -> None:
    """Install it, unless it is there and current."""
    if is_current():
        print(f"s3rver is in {FOLDER}.")
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is missing (on Debian: apt-get install nodejs npm).")
    print(f"Installing s3rver into {FOLDER} (14 MB, some seconds) ...", flush=True)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    # A folder without a package.json of its own would be installed into whatever lies above it.
    (FOLDER / "package.json").write_text('{"private": true}\n')
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([npm, "install", *quiet, f"s3rver@{VERSION}"], cwd=FOLDER, check=True)
    (FOLDER / STAMP).write_text(VERSION)


if __name__ == "__main__":
    try:
        install()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"Could not install s3rver: npm ended with {failed.returncode}.")
