"""`init` writes what is not there, for us alone, and `migrate` puts the first holders on record."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import boto3
import pytest

from tests.house import START
from zoomguard.bootstrap import initialise, load_settings, migrate, open_house
from zoomguard.cli.commands import run
from zoomguard.domain.errors import SettingsWrong
from zoomguard.domain.people import Role
from zoomguard.rules import terms
from zoomguard.sandbox import Sandbox, SandboxClock

DSL, DEPUTY = "i.hale@northmoor.example", "j.okafor@northmoor.example"
HOLDERS = {Role.DSL: (DSL,), Role.DEPUTY: (DEPUTY,), Role.MONITOR: (DSL, DEPUTY)}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"ZOOMGUARD_ENVIRONMENT": "sandbox", "ZOOMGUARD_HOME": str(tmp_path / "new" / "home")}


@pytest.fixture
def home(environ: dict[str, str]) -> Path:
    return Path(environ["ZOOMGUARD_HOME"])


def begin(environ: dict[str, str], **how: object) -> list[str]:
    said = {"organisation": "Northmoor College", "staff_domains": ("Northmoor.Example",), "holders": HOLDERS}
    return initialise(environ, **(said | how))  # type: ignore[arg-type]


def test_it_writes_for_us_alone(environ: dict[str, str], home: Path) -> None:
    before = os.umask(0)
    try:
        begin(environ)
    finally:
        os.umask(before)
    assert home.stat().st_mode & 0o777 == 0o700
    assert {p.name: p.stat().st_mode & 0o777 for p in home.iterdir()} == dict.fromkeys(
        ("audit-signing-key.pem", "holders.toml", "terms.toml", "zoomguard.toml"), 0o600
    )


def test_what_it_writes_starts(environ: dict[str, str], home: Path) -> None:
    begin(environ)
    settings = load_settings({k: v for k, v in environ.items() if not k.endswith("ENVIRONMENT")})
    assert len(bytes.fromhex(settings.secret_key)) == 32
    assert settings.staff_domains == ("northmoor.example",)
    assert terms.read(settings.terms_file.read_bytes())
    assert "Northmoor College" in settings.terms_file.read_text()


def test_it_overwrites_nothing(environ: dict[str, str], home: Path) -> None:
    begin(environ)
    before = {p.name: p.read_bytes() for p in home.iterdir()}
    said = begin(environ, organisation="Another", staff_domains=("another.example",), holders={Role.DSL: (DEPUTY,)})
    assert {p.name: p.read_bytes() for p in home.iterdir()} == before
    assert sum(line.startswith("kept") for line in said) == 4 and not any("public half" in line for line in said)


def test_it_follows_no_link_that_somebody_laid(environ: dict[str, str], home: Path, tmp_path: Path) -> None:
    home.mkdir(parents=True)
    (home / "zoomguard.toml").symlink_to(tmp_path / "theirs")
    begin(environ)
    assert not (tmp_path / "theirs").exists()


def test_a_key_that_is_given_is_not_written(environ: dict[str, str], home: Path) -> None:
    begin(environ | {"ZOOMGUARD_SECRET_KEY": "ab" * 32})
    assert "secret_key" not in tomllib.loads((home / "zoomguard.toml").read_text())


def test_what_it_says_holds_no_secret(environ: dict[str, str], home: Path) -> None:
    said = "\n".join(begin(environ))
    key = tomllib.loads((home / "zoomguard.toml").read_text())["secret_key"]
    assert key not in said and "PRIVATE" not in said


NAMES = ['The "Best" College', "a\\b", "x\n[session]\nhours = 1", "Zo\u00eb's \u2014 School", "\x1b[31mred"]


@pytest.mark.parametrize("name", NAMES)
def test_an_organisations_name_stays_a_name(environ: dict[str, str], home: Path, name: str) -> None:
    begin(environ, organisation=name)
    kept = tomllib.loads((home / "terms.toml").read_text())
    assert kept["organisation"]["name"] == "".join(c for c in name if c.isprintable())
    assert kept | {"organisation": {}} == tomllib.loads(terms.DEFAULT) | {"organisation": {}}


def test_without_an_environment_it_writes_nothing(home: Path) -> None:
    with pytest.raises(SettingsWrong, match="ZOOMGUARD_ENVIRONMENT"):
        initialise({"ZOOMGUARD_HOME": str(home)})
    assert not home.exists()


def test_production_is_told_what_is_still_to_be_set(environ: dict[str, str]) -> None:
    said = begin(environ | {"ZOOMGUARD_ENVIRONMENT": "production"})
    still = [line.strip().split(":")[0] for line in said if line.startswith("  ZOOMGUARD_")]
    assert "ZOOMGUARD_S3_BUCKET" in still and "ZOOMGUARD_SECRET_KEY" not in still


def test_an_address_that_is_none_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsWrong, match="not an e-mail address"):
        begin(environ, holders={Role.DSL: ("nobody",)})


# The bucket and the first migration


def test_in_a_sandbox_the_bucket_is_made_with_its_lock(environ: dict[str, str]) -> None:
    with Sandbox(SandboxClock(START)) as sandbox:
        url = sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"]
        where = environ | {"ZOOMGUARD_S3_ENDPOINT_URL": url}
        assert "The bucket zoomguard-sandbox keeps versions and locks." in begin(where)
        assert "The bucket zoomguard-sandbox keeps versions and locks." in begin(where)
        client = boto3.client(
            "s3", endpoint_url=url, region_name="eu-west-2", aws_access_key_id="x", aws_secret_access_key="x"
        )
        said = client.get_object_lock_configuration(Bucket="zoomguard-sandbox")["ObjectLockConfiguration"]
        assert said["ObjectLockEnabled"] == "Enabled"
        assert client.get_bucket_versioning(Bucket="zoomguard-sandbox")["Status"] == "Enabled"


def test_a_bucket_that_cannot_be_reached_stops_nothing(environ: dict[str, str], home: Path) -> None:
    said = begin(environ | {"ZOOMGUARD_S3_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert said[-1].startswith("The bucket could not be checked now (")
    assert (home / "zoomguard.toml").exists()


def test_the_first_holders_are_put_on_record_by_migrate_once(environ: dict[str, str]) -> None:
    begin(environ)
    settings, clock = load_settings(environ), SandboxClock(START)
    for _ in range(2):
        migrate(settings, clock)
    with open_house(settings, clock) as house:
        roles = {e: house.app.access.who(house.app.access.issue(e).token).roles for e in (DSL, DEPUTY)}
        assert roles == {DSL: {Role.DSL, Role.MONITOR}, DEPUTY: {Role.DEPUTY, Role.MONITOR}}
        assert house.app.audit.verify().broken is None


BAD_HOLDERS = ["[holders", "[other]", '[holders]\nking = ["a@b.example"]', "[holders]\ndsl = 1", "holders = 1"]


@pytest.mark.parametrize("text", [*BAD_HOLDERS, '[holders]\ndsl = ["nobody"]'])
def test_a_file_of_holders_that_says_nothing_is_named(environ: dict[str, str], home: Path, text: str) -> None:
    begin(environ)
    (home / "holders.toml").write_text(text)
    with pytest.raises(SettingsWrong, match="init: "):
        migrate(load_settings(environ), SandboxClock(START))


def test_the_program_begins_and_migrates(
    environ: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [n for n in os.environ if n.startswith("ZOOMGUARD_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert run(["init", "--organisation", "Northmoor", "--staff-domain", "northmoor.example", "--dsl", DSL]) == 0
    assert run(["migrate"]) == 0
    assert "revision" in capsys.readouterr().out
    assert run(["audit", "verify"]) == 0
    assert {p.stat().st_mode & 0o077 for p in home.rglob("*")} == {0}
