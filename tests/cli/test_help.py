"""Help and completion are quick because they import click alone, and staff commands a thin client."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import pytest
from click.shell_completion import ShellComplete

from zoomguard.cli.command import ExampleCommand, ExampleGroup
from zoomguard.cli.commands import TABLE, zoomguard

HEAVY = ("requests", "pydantic", "sqlmodel", "sqlalchemy", "boto3", "botocore", "fastapi", "urllib3", "uvicorn")
OUTSIDE_PROCESS = tuple(name for name in HEAVY if name != "urllib3")


def loaded_by(arguments: list[str], watched: tuple[str, ...], **variables: str) -> list[str]:
    """Which of the watched packages a run of the program has imported at its end."""
    program = (
        "import sys\n"
        "from zoomguard.cli.commands import run\n"
        "run(sys.argv[1:])\n"
        f"print('LOADED', *[m for m in {watched!r} if m in sys.modules])\n"
    )
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ZOOMGUARD_")} | variables
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    return done.stdout.rpartition("LOADED")[2].split()


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    found = [(path, command)] if path else []
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        found += leaves(inner, (*path, name))
    return found


def test_the_top_help_imports_click_alone() -> None:
    assert loaded_by(["--help"], HEAVY) == []


def test_the_top_help_imports_no_command() -> None:
    modules = tuple({lazy.place.partition(":")[0] for lazy in TABLE.values()})
    assert loaded_by(["--help"], modules) == []


def test_the_help_of_every_command_imports_click_alone() -> None:
    calls = "\n".join(f"run({[*path, '--help']!r})" for path, _ in leaves(zoomguard))
    program = f"import sys\nfrom zoomguard.cli.commands import run\n{calls}\n"
    program += f"print('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.rpartition("LOADED")[2].split() == []


def test_a_staff_command_imports_no_database_no_web_and_no_s3(tmp_path: object) -> None:
    arguments = ["sessions", "list"]
    variables = {"ZOOMGUARD_SERVER": "http://127.0.0.1:9", "ZOOMGUARD_TOKEN": "zgt_x"}
    assert loaded_by(arguments, OUTSIDE_PROCESS, **variables) == []
    assert loaded_by(arguments, HEAVY, **variables) == ["urllib3"]


def test_completion_offers_names_with_words_and_imports_no_command() -> None:
    program = (
        "import sys\n"
        "from click.shell_completion import ShellComplete\n"
        "from zoomguard.cli.commands import zoomguard\n"
        "found = ShellComplete(zoomguard, {}, 'zoomguard', '_X').get_completions([], 'se')\n"
        "print([(i.value, bool(i.help)) for i in found], [m for m in sys.modules if m.startswith('zoomguard.cli.s')])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    said = done.stdout
    assert "('sessions', True)" in said and "('serve', True)" in said
    assert "zoomguard.cli.sessions" not in said


def test_completion_goes_on_inside_a_command() -> None:
    found = ShellComplete(zoomguard, {}, "zoomguard", "_X").get_completions(["sessions"], "sho")
    assert [item.value for item in found] == ["show"]


@pytest.mark.parametrize("path", [path for path, _ in leaves(zoomguard)], ids=" ".join)
def test_help_begins_with_real_examples_within_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    from zoomguard.cli.commands import run

    assert run([*path, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Examples:"
    assert lines[1].startswith("  zoomguard ") or lines[1].startswith("  export ")
    assert max(map(len, lines)) <= 80


def test_every_example_of_a_command_names_it() -> None:
    for path, command in leaves(zoomguard):
        assert isinstance(command, ExampleCommand | ExampleGroup)
        assert any(" ".join(("zoomguard", *path)) in example for example in command.examples), path


def test_every_command_takes_json_but_the_two_that_never_end() -> None:
    without = {
        " ".join(path)
        for path, command in leaves(zoomguard)
        if not isinstance(command, click.Group) and "as_json" not in {p.name for p in command.params}
    }
    assert without == {"serve", "worker"}
