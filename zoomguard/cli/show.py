"""How a command ends: its exit code, and errors in words or as JSON. People's text never holds a traceback.

With `--json`, standard output is one JSON document and everything for people goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping

import click

from zoomguard.cli.answers import Declined, RulesRefused, Said
from zoomguard.cli.layout import wrap
from zoomguard.domain.errors import (
    BadInput,
    Conflict,
    Fault,
    IntegrityFailed,
    NotAllowed,
    OutsideFailed,
    Refused,
    SettingsWrong,
    ZoomguardError,
)
from zoomguard.domain.times import printable

DONE, REFUSED, USAGE, NOT_ALLOWED, OUTSIDE, INTEGRITY, FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 5, 70, 130
WORST_FIRST = (INTERRUPTED, FAULT, INTEGRITY, OUTSIDE, NOT_ALLOWED, USAGE, REFUSED, DONE)
# The most exact class of an error that stands here decides.
EXITS: dict[type[ZoomguardError], int] = {
    BadInput: USAGE,
    Refused: REFUSED,
    Conflict: REFUSED,
    NotAllowed: NOT_ALLOWED,
    OutsideFailed: OUTSIDE,
    IntegrityFailed: INTEGRITY,
    Fault: FAULT,
    ZoomguardError: FAULT,
}


def exit_code(error: ZoomguardError) -> int:
    """The exit code of an error."""
    return next(EXITS[kind] for kind in type(error).__mro__ if kind in EXITS)


def worst(codes: Iterable[int]) -> int:
    """The exit code of many: the worst of theirs."""
    return min(codes, key=WORST_FIRST.index, default=DONE)


def out(lines: Iterable[str], as_json: bool = False) -> None:
    """Lines for people: on standard output, or on standard error where that belongs to JSON."""
    for line in lines:
        _write(line, to_stderr=as_json)


def note(text: str) -> None:
    """Words for people on standard error."""
    out(wrap(printable(text), "", "  "), as_json=True)


def document(content: object) -> None:
    """The one JSON document of a command."""
    _write(json.dumps(content, indent=2), to_stderr=False)


def _write(line: str, *, to_stderr: bool) -> None:
    try:
        click.echo(line, err=to_stderr)
    except BrokenPipeError:
        # Whoever read us has read enough: `zoomguard sessions list | head -1`. What was done stays done.
        stream = sys.stderr if to_stderr else sys.stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def ended(command: Callable[[], object], as_json: bool) -> int:
    """Runs a command and gives the exit code; whatever goes wrong is said in words, never as a traceback."""
    try:
        code = command()
    except (click.Abort, KeyboardInterrupt):
        return interrupted(as_json)
    except click.ClickException as error:
        return misused(error, as_json)
    except (ZoomguardError, Declined, RulesRefused) as error:
        return failure(error, as_json)
    except Exception as error:
        # The end of the process: the type's name is told, exit code 70 says the rest. A text could hold a name.
        return fault(error, as_json)
    return code if isinstance(code, int) else DONE


def failure(error: ZoomguardError | Declined | RulesRefused, as_json: bool) -> int:
    """Says an error of ours, or the service's, and gives its exit code."""
    if isinstance(error, Refused):
        return refused(_refusal(error), as_json)
    if isinstance(error, RulesRefused):
        return refused(error.document, as_json)
    code = error.exit_code if isinstance(error, Declined) else exit_code(error)
    if isinstance(error, SettingsWrong):
        for line in error.lines:
            out(wrap(printable(line), "", "  "), as_json=True)
        count = "One setting is" if len(error.lines) == 1 else f"{len(error.lines)} settings are"
        _say(f"{count} wrong.", error.remedy, error.code)
    else:
        _say(error.message, error.remedy, error.code)
    if as_json:
        document(_as_json(error.code, error.message, error.remedy))
    return code


def refused(content: Mapping[str, object], as_json: bool, words: str = "Refused") -> int:
    """Says all that is in the way; with `--json` the whole shape `zoomguard/1`."""
    from zoomguard.cli.gathering import gathered
    from zoomguard.cli.session_text import refusal

    found = [one.document for one in gathered(Said(content).parts("findings"))]
    out(refusal(Said({**content, "findings": found}), words), as_json)
    if as_json:
        document(content)
    return REFUSED


def _refusal(error: Refused) -> dict[str, object]:
    from zoomguard.domain.sessions import ScheduleAnswer, SessionView

    session = error.session if isinstance(error.session, SessionView) else None
    return ScheduleAnswer("refused", session, error.findings, error.zoom_writes).as_json()


def misused(error: click.ClickException, as_json: bool) -> int:
    """A command used wrongly: what is wrong, and where the examples stand."""
    ctx = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and ctx is not None and not as_json:
        click.echo(ctx.get_help(), err=True)
        return USAGE
    path = ctx.command_path if ctx is not None else "zoomguard"
    message, remedy = _one_line(error.format_message()), f"See: {path} --help"
    _say(message, remedy, "USAGE")
    if as_json:
        document(_as_json("USAGE", message, remedy))
    return USAGE


def fault(error: BaseException, as_json: bool) -> int:
    """A defect of ours: the type's name and nothing that it says, which could be a name or a secret."""
    message, remedy = f"Something went wrong inside zoomguard ({type(error).__name__})", "Report this as a defect."
    _say(message, remedy, "FAULT")
    if as_json:
        document(_as_json("FAULT", f"{message}.", remedy))
    return FAULT


def interrupted(as_json: bool) -> int:
    """Ctrl-C."""
    message, remedy = "Interrupted.", "Look at what stands before you repeat the command."
    _say(message, remedy, "INTERRUPTED")
    if as_json:
        document(_as_json("INTERRUPTED", message, remedy))
    return INTERRUPTED


def _as_json(code: str, message: str, remedy: str) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "remedy": remedy}}


def _say(message: str, remedy: str, code: str) -> None:
    sentences = [_sentence(part) for part in (message, remedy) if part]
    text = " ".join(["zoomguard:", *sentences, f"[{code}]"])
    out(wrap(text, "", "  "), as_json=True)


def _sentence(text: str) -> str:
    plain = printable(_one_line(text))
    return plain if plain.endswith((".", "!", "?")) else f"{plain}."


def _one_line(text: str) -> str:
    return " ".join(text.split())
