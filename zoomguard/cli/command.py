"""Commands whose help begins with examples, and groups that import a command only when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

WIDTH = 80


def _write_examples(examples: tuple[str, ...], formatter: click.HelpFormatter) -> None:
    if examples:
        with formatter.section("Examples"):
            for example in examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        formatter.write_paragraph()


class ExampleCommand(click.Command):
    """A command that shows real examples before anything else."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, then what click writes."""
        _write_examples(self.examples, formatter)
        super().format_help(ctx, formatter)


class ExampleGroup(click.Group):
    """A group that shows real examples before anything else; its commands do the same."""

    command_class = ExampleCommand
    group_class = type

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, then what click writes."""
        _write_examples(self.examples, formatter)
        super().format_help(ctx, formatter)


@dataclass(frozen=True)
class Lazy:
    """Where a command lies ("module:name"), and what it does in one line."""

    place: str
    words: str

    def load(self) -> click.Command:
        """Imports the command."""
        module, _, name = self.place.partition(":")
        command = getattr(import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.place} is not a command")
        return command


class LazyGroup(ExampleGroup):
    """A group over a table of commands; its help and its completion import none of them."""

    def __init__(self, *args: Any, table: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table's order."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        lazy = self.table.get(cmd_name)
        return lazy.load() if lazy else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table as it is."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.words) for name, lazy in self.table.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and their words from the table, then the options."""
        found = [(name, lazy) for name, lazy in self.table.items() if name.startswith(incomplete)]
        items = [CompletionItem(name, help=lazy.words) for name, lazy in found]
        return items + click.Command.shell_complete(self, ctx, incomplete)


def command(name: str, *examples: str) -> Callable[[Callable[..., Any]], click.Command]:
    """A command of the top level with examples and `--json`."""
    return click.command(name, cls=ExampleCommand, examples=examples)


def group(name: str, *examples: str, alone: bool = False) -> Callable[[Callable[..., Any]], ExampleGroup]:
    """A group of the top level with examples; `alone` where it does something by itself too."""
    return click.group(name, cls=ExampleGroup, examples=examples, invoke_without_command=alone)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
