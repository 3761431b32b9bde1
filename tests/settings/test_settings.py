"""Settings: each wrong one is one clear line, all are said at once, and no secret is ever printed."""

from __future__ import annotations

import dataclasses
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest

from zoomguard.cli.commands import run
from zoomguard.domain.errors import SettingsWrong
from zoomguard.settings import NAMES, PREFIX, SETTINGS, Settings, load

KEY = secrets.token_hex(32)
SECRETS = {s.name for s in SETTINGS if s.secret}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": KEY,
    "ZOOM_ACCOUNT_ID": "account",
    "ZOOM_CLIENT_ID": "client",
    "ZOOM_CLIENT_SECRET": "client-secret",
    "S3_BUCKET": "northmoor-lessons",
    "MAIL_URL": "smtps://post:mail-secret@mail.northmoor.example",
    "STAFF_DOMAINS": "Northmoor.example, staff.northmoor.example",
    "PUBLIC_URL": "https://lessons.northmoor.example/",
}
Read = Callable[..., Settings]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Settings of a sandbox with a key, with changes; None leaves one out."""

    def from_(base: dict[str, str] | None = None, **change: str | None) -> Settings:
        said = (base or {"ENVIRONMENT": "sandbox", "SECRET_KEY": KEY}) | {"HOME": str(tmp_path)} | change
        return load({f"{PREFIX}{name}": value for name, value in said.items() if value is not None})

    return from_


def lines(read: Read, base: dict[str, str] | None = None, **change: str | None) -> list[str]:
    with pytest.raises(SettingsWrong) as caught:
        read(base, **change)
    assert all(line.startswith(PREFIX) and "\n" not in line for line in caught.value.lines)
    return [line.removeprefix(PREFIX) for line in caught.value.lines]


def toml(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "zoomguard.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


# One line each


WRONG = {
    "DATABASE_URL": ("mysql://x", "sqlite:///FILE"),
    "MIGRATION_DATABASE_URL": ("nonsense", "postgresql+psycopg://USER@HOST:PORT/NAME"),
    "SECRET_KEY": ("abc", "64 or more hex digits"),
    "SECRET_KEY_PREVIOUS": ("x" * 64, "64 or more hex digits"),
    "LOG_LEVEL": ("LOUD", "DEBUG, INFO, WARNING or ERROR"),
    "LISTEN": ("8080", "127.0.0.1:8080"),
    "REGISTRANT_DOMAIN": ("northmoor.example", "sub-domain without a mailbox"),
    "ZOOM_API_URL": ("https://api.zoom.us/v2", "this machine only"),
    "ZOOM_OAUTH_URL": ("https://zoom.us/oauth/token", "this machine only"),
    "S3_ENDPOINT_URL": ("http://169.254.169.254", "this machine only"),
    "MAIL_URL": ("smtp://mail.northmoor.example", "this machine only"),
    "PUBLIC_URL": ("https://lessons.northmoor.example", "this machine only"),
    "NO_SUCH_THING": ("1", "no such setting"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_one_line_that_names_it_and_what_would_be_right(read: Read, name: str) -> None:
    value, right = WRONG[name]
    (line,) = [line for line in lines(read, **{name: value}) if line.startswith(f"{name}:")]
    assert right in line


def test_everything_wrong_is_said_at_once(read: Read) -> None:
    said = lines(read, **{name: value for name, (value, _) in WRONG.items()})
    assert {line.split(":")[0] for line in said} == set(WRONG)


def test_a_wrong_secret_is_not_repeated(read: Read) -> None:
    for name in ("DATABASE_URL", "SECRET_KEY", "SECRET_KEY_PREVIOUS", "MAIL_URL"):
        said = " ".join(lines(read, **{name: "geheim://post:geheim@mail.example"}))
        assert "geheim" not in said


LISTENS = ["127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:²"]


@pytest.mark.parametrize("listen", LISTENS)
def test_an_address_without_a_port_of_this_world_is_refused(read: Read, listen: str) -> None:
    assert any(line.startswith("LISTEN: must be") for line in lines(read, LISTEN=listen))


DATABASES = [
    "sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:", "postgresql+psycopg://", "postgresql+psycopg://h",
    "postgresql+psycopg://u:p@h:port/name", "postgresql+psycopg2://h/name", "zoomguard.db",
]  # fmt: skip


@pytest.mark.parametrize("url", DATABASES)
def test_an_address_that_names_no_database_is_refused(read: Read, url: str) -> None:
    assert any(line.startswith("DATABASE_URL: must be") for line in lines(read, DATABASE_URL=url))


GOOD_DATABASES = ["sqlite:////srv/z.db", "sqlite:///z.db", "postgresql+psycopg://u:p@h:5432/z", "postgresql://h/z"]


@pytest.mark.parametrize("url", GOOD_DATABASES)
def test_an_address_of_a_database_is_taken(read: Read, url: str) -> None:
    assert read(DATABASE_URL=url).database_url == url


def test_sqlite_has_no_other_address_for_migrations(read: Read) -> None:
    assert "leave it out" in lines(read, MIGRATION_DATABASE_URL="sqlite:////srv/z.db")[0]
    both = {"DATABASE_URL": "postgresql://app@h/z", "MIGRATION_DATABASE_URL": "postgresql://owner@h/z"}
    assert read(**both).migration_database_url == "postgresql://owner@h/z"


@pytest.mark.parametrize("environment", [None, "", "test", "Sandbox"])
def test_without_an_environment_nothing_starts(read: Read, environment: str | None) -> None:
    said = "" if environment else "not set; "
    assert lines(read, ENVIRONMENT=environment) == [f"ENVIRONMENT: {said}say sandbox or production"]


def test_a_missing_key_is_said(read: Read) -> None:
    assert lines(read, SECRET_KEY=None) == ["SECRET_KEY: not set; run `zoomguard init`, or give the key"]


# Where a setting comes from


def test_a_variable_wins_over_the_file(read: Read, tmp_path: Path) -> None:
    toml(tmp_path, f'environment = "sandbox"\nsecret_key = "{KEY}"\nlog_level = "ERROR"\nlisten = "127.0.0.1:1"\n')
    settings = read({"LOG_LEVEL": "debug"})
    assert (settings.log_level, settings.listen) == ("DEBUG", ("127.0.0.1", 1))


def test_a_list_in_the_file_is_a_list(read: Read, tmp_path: Path) -> None:
    toml(tmp_path, 'staff_domains = ["Northmoor.example", "b.example"]\n')
    assert read().staff_domains == ("northmoor.example", "b.example")


def test_a_named_file_is_read_in_the_place_of_homes(read: Read, tmp_path: Path) -> None:
    toml(tmp_path, 'log_level = "ERROR"\n')
    (tmp_path / "else").mkdir()
    other = toml(tmp_path / "else", 'log_level = "WARNING"\n')
    assert read().log_level == "ERROR"
    assert read(CONFIG=str(other)).log_level == "WARNING"
    assert "there is no file" in lines(read, CONFIG=str(tmp_path / "nowhere"))[0]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_a_settings_file_that_others_can_touch_is_refused(read: Read, tmp_path: Path, mode: int) -> None:
    path = toml(tmp_path, 'log_level = "ERROR"\n', mode)
    assert lines(read) == [f"CONFIG: {path} can be read by others; run: chmod 600 {path}"]


@pytest.mark.parametrize("text", ["a = ", "= 1", 'log_level = "ERROR', "\udcff"])
def test_a_file_that_is_no_toml_is_said_without_its_text(read: Read, tmp_path: Path, text: str) -> None:
    path = tmp_path / "zoomguard.toml"
    path.write_bytes(f'secret_key = "{KEY}"\n{text}'.encode(errors="surrogateescape"))
    path.chmod(0o600)
    (line,) = lines(read)
    assert "is not TOML" in line and KEY not in line


def test_unknown_names_in_the_file_are_all_said(read: Read, tmp_path: Path) -> None:
    toml(tmp_path, 'loglevel = "ERROR"\n[zoom]\naccount = "a"\n')
    assert [line.split(" in ")[0] for line in lines(read)] == ["CONFIG: loglevel", "CONFIG: zoom"]


def test_home_in_the_file_would_have_no_effect_and_is_refused(read: Read, tmp_path: Path) -> None:
    toml(tmp_path, 'home = "/srv/zoomguard"\n')
    assert f"set the variable {PREFIX}HOME" in lines(read)[0]


def test_a_directory_for_a_file_is_said(read: Read, tmp_path: Path) -> None:
    (tmp_path / "zoomguard.toml").mkdir(mode=0o700)
    assert "cannot be read" in lines(read)[0]


def test_a_secret_may_stand_in_a_file_of_its_own(read: Read, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    settings = read(SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert settings.secret_key == KEY


def test_a_secret_file_that_cannot_be_read_is_said(read: Read, tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert "cannot be read (No such file" in lines(read, MAIL_URL_FILE=str(tmp_path / "nowhere"))[0]
    assert "is no text" in lines(read, MAIL_URL_FILE=str(tmp_path / "bytes"))[0]
    assert "cannot be read (Is a directory)" in lines(read, MAIL_URL_FILE=str(tmp_path))[0]


def test_a_value_and_a_file_for_the_same_setting_contradict_each_other(read: Read, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    assert "keep one of them" in lines(read, SECRET_KEY_FILE=str(tmp_path / "key"))[0]


def test_settings_that_are_files_are_paths(read: Read) -> None:
    settings = read(TERMS_FILE="/srv/terms.toml", AUDIT_SIGNING_KEY_FILE="~/key.pem")
    assert settings.terms_file == Path("/srv/terms.toml")
    assert settings.audit_signing_key_file == Path("~/key.pem").expanduser()


# Sandbox and production


LOOPBACK = ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"]
ELSEWHERE = [
    "http://10.0.0.1", "http://127.0.0.1.example.org", "http://localhost.example.org", "http://0.0.0.0:1",
    "http://user@example.org", "http://127.0.0.1@example.org", "http://[::1", "example.org", "http://2130706433",
]  # fmt: skip


@pytest.mark.parametrize("url", LOOPBACK)
def test_a_sandbox_talks_to_this_machine(read: Read, url: str) -> None:
    assert read(ZOOM_API_URL=url, S3_ENDPOINT_URL=url, PUBLIC_URL=url).zoom_api_url == url


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_sandbox_talks_to_nobody_else(read: Read, url: str) -> None:
    names = ("ZOOM_API_URL", "ZOOM_OAUTH_URL", "S3_ENDPOINT_URL", "MAIL_URL", "PUBLIC_URL")
    said = lines(read, **dict.fromkeys(names, url))
    assert [line.split(":")[0] for line in said] == list(names)


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:80"])
def test_a_sandbox_listens_to_this_machine_only(read: Read, listen: str) -> None:
    (line,) = lines(read, LISTEN=listen)
    assert line.startswith("LISTEN: a sandbox talks to this machine only")
    assert lines(read, LISTEN=listen, PUBLIC_URL="http://127.0.0.1:80")[0].startswith("LISTEN:")


def test_a_running_sandbox_fills_what_is_not_set(tmp_path: Path) -> None:
    environ = {f"{PREFIX}ENVIRONMENT": "sandbox", f"{PREFIX}HOME": str(tmp_path), f"{PREFIX}SECRET_KEY": KEY}
    beside = {"zoom_api_url": "http://127.0.0.1:7", "s3_endpoint_url": "http://127.0.0.1:8"}
    settings = load(environ | {f"{PREFIX}S3_ENDPOINT_URL": "http://127.0.0.1:9"}, beside)
    assert (settings.zoom_api_url, settings.s3_endpoint_url) == ("http://127.0.0.1:7", "http://127.0.0.1:9")


def test_production_takes_nothing_from_a_sandbox(tmp_path: Path) -> None:
    environ = {f"{PREFIX}{n}": v for n, v in PRODUCTION.items()} | {f"{PREFIX}HOME": str(tmp_path)}
    settings = load(environ, {"zoom_api_url": "http://127.0.0.1:7", "clock_url": "http://127.0.0.1:8"})
    assert (settings.zoom_api_url, settings.clock_url) == ("https://api.zoom.us/v2", "")
    assert (settings.s3_access_key, settings.s3_secret_key) == ("", "")


def test_production_with_all_it_needs_starts(read: Read) -> None:
    settings = read(PRODUCTION)
    assert not settings.sandbox
    assert settings.staff_domains == ("northmoor.example", "staff.northmoor.example")
    assert settings.public_url == "https://lessons.northmoor.example"
    assert settings.mail_from == "lessons@northmoor.example"


NEEDED = ["SECRET_KEY", "ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET", "S3_BUCKET", "MAIL_URL"]


@pytest.mark.parametrize("name", [*NEEDED, "STAFF_DOMAINS"])
def test_production_without_one_of_them_does_not_start(read: Read, name: str) -> None:
    (line,) = lines(read, PRODUCTION, **{name: None})
    assert line.startswith(f"{name}: not set")


def test_production_sends_no_film_in_the_clear(read: Read) -> None:
    (line,) = lines(read, PRODUCTION, S3_ENDPOINT_URL="http://files.example.org")
    assert line.startswith("S3_ENDPOINT_URL: must begin with https:// in production")
    assert read(PRODUCTION, S3_ENDPOINT_URL="http://127.0.0.1:9000").s3_endpoint_url


def test_production_takes_no_switch_of_the_test_suite(read: Read) -> None:
    (line,) = lines(read, PRODUCTION, TEST_CRASH="archive.copied")
    assert line.startswith("TEST_")


def test_production_says_all_that_is_missing_at_once(read: Read) -> None:
    said = {line.split(":")[0] for line in lines(read, {"ENVIRONMENT": "production"})}
    assert said == {*NEEDED, "STAFF_DOMAINS", "PUBLIC_URL"}


@pytest.mark.parametrize("name", ["ZOOM_API_URL", "ZOOM_OAUTH_URL", "PUBLIC_URL"])
def test_production_sends_nothing_in_the_clear(read: Read, name: str) -> None:
    (line,) = lines(read, PRODUCTION, **{name: "http://example.org"})
    assert line == f"{name}: must begin with https:// in production"


# Printing


def test_no_way_of_printing_settings_shows_a_secret(read: Read) -> None:
    marked = {n: f"marked-{n}" for n in SECRETS - {"SECRET_KEY", "SECRET_KEY_PREVIOUS", "DATABASE_URL"}}
    marked |= {"MIGRATION_DATABASE_URL": "postgresql://o:marked-m@h/z", "DATABASE_URL": "postgresql://a:marked-d@h/z"}
    settings = read(PRODUCTION, **marked, SECRET_KEY_PREVIOUS=KEY[::-1])
    for said in (repr(settings), str(settings), f"{settings}", f"{settings!r}", repr([settings])):
        assert "marked" not in said and KEY not in said and KEY[::-1] not in said
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.secret_key = ""  # type: ignore[misc]


def test_every_setting_is_listed_with_words_and_secrets_are_marked() -> None:
    assert all(s.words for s in SETTINGS) and len(NAMES) == len(SETTINGS)
    told = {"SECRET", "TOKEN", "KEY", "PASSWORD"}
    for setting in SETTINGS:
        named = told & set(setting.name.split("_"))
        assert setting.secret or not named or setting.name.endswith(("_FILE", "_ID")), setting.name


# The program


def test_the_program_exits_2_and_says_each_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [n for n in os.environ if n.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in {"ENVIRONMENT": "production", "HOME": str(tmp_path), "LOG_LEVEL": "LOUD"}.items():
        monkeypatch.setenv(PREFIX + name, value)
    for command in (["migrate"], ["audit", "verify"], ["serve"]):
        assert run(command) == 2
        said = " ".join(capsys.readouterr().err.split())
        for name in (*NEEDED, "LOG_LEVEL", "PUBLIC_URL"):
            assert f"{PREFIX}{name}: " in said, command
        assert "[SETTINGS]" in said
