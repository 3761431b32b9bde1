"""Options that were left out: asked for on a terminal, and a usage error otherwise."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click


def completed(given: Mapping[str, str | None], questions: Mapping[str, str], *, as_json: bool) -> dict[str, str]:
    """All values, by the options' names; whatever is missing is asked for, or named in one usage error."""
    missing = [name for name, value in given.items() if not value]
    if missing and not can_ask(as_json):
        raise misused(f"Missing {', '.join(f'--{name}' for name in missing)}.")
    return {name: value or click.prompt(questions[name], err=True) for name, value in given.items()}


def can_ask(as_json: bool) -> bool:
    """Whether a question may be asked: somebody sits there, and it is no program that reads the answer."""
    return on_terminal() and not as_json


def misused(words: str) -> click.UsageError:
    """The usage error of the running command."""
    return click.UsageError(words, click.get_current_context())


def agreed(question: str) -> bool:
    """Whether somebody at the terminal says yes."""
    return click.confirm(question, err=True)


def on_terminal() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
