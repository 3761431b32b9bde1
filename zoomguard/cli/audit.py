"""`zoomguard audit`: the chain verified in place or from an export, and exported."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from zoomguard.cli import layout, show
from zoomguard.cli.command import group, json_option
from zoomguard.cli.in_process import operator
from zoomguard.domain.errors import BadInput
from zoomguard.domain.times import printable

if TYPE_CHECKING:
    from zoomguard.domain.audit import Verification


@group("audit", "zoomguard audit verify", "zoomguard audit export --to audit.jsonl")
def audit() -> None:
    """The record of every decision, in a chain that shows each change."""


@audit.command("verify", examples=("zoomguard audit verify", "zoomguard audit verify --bundle audit.jsonl"))
@click.option("--bundle", metavar="FILE", help="An export; no database and no settings are needed.")
@json_option
def verify(bundle: str | None, as_json: bool) -> int:
    """Checks the chain entry by entry. Exit 5 where one does not hold."""
    found = _of_export(bundle) if bundle else _in_place()
    from zoomguard.application.audit import in_words

    show.out(layout.wrap(in_words(found)), as_json)
    if as_json:
        show.document({"schema": "zoomguard/1", **asdict(found), "unanchored": found.unanchored})
    return show.INTEGRITY if found.broken else show.DONE


def _in_place() -> Verification:
    with operator() as application:
        return application.audit.verify()


def _of_export(name: str) -> Verification:
    from zoomguard.application.audit import verify_export

    try:
        with open(name, encoding="utf-8", errors="replace", newline="\n") as file:
            return verify_export(iter(file))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise BadInput(f"{printable(name)[:80]} cannot be read ({why}).", "Check the name.", code="NO_FILE") from None


@audit.command("export", examples=("zoomguard audit export --to audit.jsonl", "zoomguard audit export > audit.jsonl"))
@click.option("--to", "target", metavar="FILE", type=click.Path(path_type=Path), help="A new file (0600).")
@json_option
def export(target: Path | None, as_json: bool) -> None:
    """Writes the chain as lines of JSON, with the very bytes that were hashed."""
    if target is None:
        if as_json:
            raise click.UsageError(
                "--json needs --to: the export itself is lines of JSON.", click.get_current_context()
            )
        with operator() as application:
            show.out(application.audit.export())
        return
    with operator() as application, _new_file(target) as file:
        entries = sum(1 for line in application.audit.export() if file.write(f"{line}\n")) - 1
    name = printable(str(target))
    show.out(layout.wrap(f"Written: {layout.counted(entries, 'entry', 'entries')} to {name}."), as_json)
    show.out(layout.wrap(f"Next: zoomguard audit verify --bundle {name}"), as_json)
    if as_json:
        show.document({"schema": "zoomguard/1", "to": str(target), "entries": entries})


@contextmanager
def _new_file(target: Path) -> Iterator[TextIO]:
    """A file that did not exist, kept only where all went well."""
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        remedy = "Name a file that does not exist yet."
        raise BadInput(f"{printable(str(target))} cannot be made ({error.strerror}).", remedy, code="NO_FILE") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            yield file
    except BaseException:
        target.unlink(missing_ok=True)
        raise
