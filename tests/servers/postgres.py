"""A throw-away PostgreSQL on 127.0.0.1: nothing survives it, so it never waits for the disk."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.keeper import Kept, identity, keep
from tests.servers.shared import Missing, free_port

OLDEST = 15
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def start(owner: int) -> tuple[str, Kept]:
    """Start a server that lives as long as the process `owner`; its address names the database postgres."""
    binaries = find_binaries()
    user = unprivileged_user()
    directory = Path(tempfile.mkdtemp(prefix="zoomguard-postgres-"))
    if user:
        shutil.chown(directory, user)
    environment = {"PATH": os.defpath, "HOME": str(directory), "LC_ALL": "C"}
    make_cluster(binaries, directory, environment, user)
    port = free_port()
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [str(binaries / "postgres"), "-D", str(directory / "data"), f"--port={port}", *options]
    kept = keep(command, directory, owner, environment, user)
    url = f"postgresql+psycopg://zoomguard@127.0.0.1:{port}/postgres"
    kept.wait_until(lambda: answers(url), limit_s=30)
    return url, kept


def create_database(server_url: str, template: str = "template1") -> str:
    """A fresh database on the server, a copy of `template`; returns its address."""
    name = f"test_{uuid.uuid4().hex}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(without_driver(server_url), autocommit=True) as connection:
        connection.execute(statement)
    return f"{server_url.rpartition('/')[0]}/{name}"


def find_binaries() -> Path:
    """The directory of the newest PostgreSQL that is new enough; Missing if there is none."""
    on_path = shutil.which("initdb")
    places = list(Path("/usr/lib/postgresql").glob("*/bin"))  # Debian keeps initdb off the PATH
    if on_path:
        places.append(Path(on_path).resolve().parent)
    versions = {version_of(place): place for place in places if (place / "postgres").exists()}
    if max(versions, default=0) < OLDEST:
        raise Missing(f"PostgreSQL {OLDEST} or newer is missing (on Debian: apt-get install postgresql)")
    return versions[max(versions)]


def version_of(binaries: Path) -> int:
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", said)
    return int(found.group()) if found else 0


def unprivileged_user() -> str | None:
    """Whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def make_cluster(binaries: Path, directory: Path, environment: dict[str, str], user: str | None) -> None:
    options = ["--username=zoomguard", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    command = [str(binaries / "initdb"), "-D", str(directory / "data"), *options]
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, **identity(user or "")
    )
    if done.returncode != 0:
        shutil.rmtree(directory)
        raise RuntimeError(f"initdb failed: {done.stderr[-2000:]}")


def answers(url: str) -> bool:
    try:
        psycopg.connect(without_driver(url), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def without_driver(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
