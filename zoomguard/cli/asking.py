"""Options that were left out: asked for on a terminal, and a usage error otherwise."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click


def completed(given: Mapping[str, str | None], questions: Mapping[str, str], *, as_json: bool) -> dict[str, str]:
    """All values, by the options' names; whatever is missing is asked for, or named in one usage error."""
    missing = [name for name, value in given.items() if not value]
    if missing and (as_json or not on_terminal()):
        raise click.UsageError(f"Missing {', '.join(f'--{name}' for name in missing)}.", click.get_current_context())
    return {name: value or click.prompt(questions[name], err=True) for name, value in given.items()}


def on_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
