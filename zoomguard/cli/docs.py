"""The README's generated parts: rules, commands, settings, scopes, incidents, states. `--check` fails on stale ones.

Run as `python -m zoomguard.cli.docs [--check]` from a checkout.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from zoomguard.adapters.zoom_scopes import NEEDED
from zoomguard.cli import commands
from zoomguard.domain.incidents import WORDS
from zoomguard.domain.sessions import TRANSITIONS
from zoomguard.rules import catalogue
from zoomguard.settings import SETTINGS

README = Path(__file__).resolve().parent.parent.parent / "README.md"


def rules() -> str:
    """Every clause of the policy with what holds it."""
    return catalogue.markdown()


def settings() -> str:
    """Every setting."""
    rows = ["| setting | meaning | default |", "|---|---|---|"]
    for one in SETTINGS:
        secret = " (secret)" if one.secret else ""
        rows.append(f"| `ZOOMGUARD_{one.name}` | {one.words}{secret} | {one.default} |")
    return "\n".join(rows)


def command_table() -> str:
    """Every command with its first line of help."""
    rows = ["| command | what it does |", "|---|---|"]
    rows += [f"| `{path}` | {words} |" for path, words in _walk(commands.zoomguard, "zoomguard")]
    return "\n".join(rows)


def _walk(command: click.Command, path: str) -> list[tuple[str, str]]:
    if not isinstance(command, click.Group):
        return [(path, command.get_short_help_str(120))]
    context = click.Context(command)
    found = [(path, command.get_short_help_str(120))] if command.invoke_without_command else []
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        if child is not None:
            found += _walk(child, f"{path} {name}")
    return found


def states() -> str:
    """The states of a session and what they may become, as a diagram."""
    lines = ["```mermaid", "stateDiagram-v2"]
    for old, news in TRANSITIONS.items():
        lines += [f"    {old.value} --> {new.value}" for new in sorted(news)]
        if not news:
            lines.append(f"    {old.value} --> [*]")
    return "\n".join([*lines, "```"])


def scopes() -> str:
    """What the Zoom app must be allowed."""
    rows = [f"| `{name}` | {words} |" for name, words in NEEDED.items()]
    return "\n".join(["| scope | zoomguard |", "|---|---|", *rows])


def incidents() -> str:
    """Every kind of incident, what it says and what to do."""
    rows = [f"| `{k.value}` | {'yes' if w.grave else 'no'} | {w.title}. | {w.remedy} |" for k, w in WORDS.items()]
    return "\n".join(["| kind | grave | what was found | what to do |", "|---|---|---|---|", *rows])


PARTS = {
    "rules": rules,
    "commands": command_table,
    "settings": settings,
    "scopes": scopes,
    "incidents": incidents,
    "states": states,
}


def rendered(text: str) -> str:
    """The README with each generated part made anew between its marks."""
    for name, make in PARTS.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        if begin not in text or end not in text:
            raise SystemExit(f"README.md has no part {name!r}: it needs the lines {begin} and {end}")
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        body = f"{begin}\n{make()}\n{end}"
        text = pattern.sub(body.replace("\\", r"\\"), text)
    return text


def main(arguments: list[str]) -> int:
    """Writes the README, or with --check says whether it is as it would be written."""
    before = README.read_text()
    after = rendered(before)
    if "--check" in arguments:
        if before != after:
            click.echo("README.md is stale: run python -m zoomguard.cli.docs", err=True)
            return 1
        return 0
    README.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
