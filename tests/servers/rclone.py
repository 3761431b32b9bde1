"""rclone's S3 server on 127.0.0.1: small, and the one that checks the signatures of headers.

It has no versions, takes lock headers without locking, and repeats the checksums that it is told.
"""

import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.servers.keeper import Kept, keep
from tests.servers.shared import Missing, free_port

ACCESS_KEY, SECRET_KEY = "rclone-access", "rclone-secret-0123"


def start(owner: int, certificate: Path | None = None) -> tuple[str, Kept]:
    """Start an empty server that lives as long as the process `owner` and takes one key pair.

    With `certificate`, a PEM file with its key, it speaks TLS.
    """
    binary = find_binary()
    directory = Path(tempfile.mkdtemp(prefix="zoomguard-rclone-"))
    (directory / "data").mkdir()
    port = free_port()
    secured: Sequence[str] = ("--cert", str(certificate), "--key", str(certificate)) if certificate else ()
    told = ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", *secured]
    command = [str(binary), "serve", "s3", *told, str(directory / "data")]
    kept = keep(command, directory, owner, {"PATH": os.defpath, "HOME": str(directory)})
    kept.wait_until(lambda: listens(port), limit_s=30)
    return f"{'https' if certificate else 'http'}://127.0.0.1:{port}", kept


def find_binary() -> Path:
    """The rclone of this virtual environment: Debian's is too old to serve S3."""
    binary = Path(sys.executable).with_name("rclone")
    if not binary.exists():
        raise Missing("rclone is missing (to install: scripts/set-up dev)")
    return binary


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True
