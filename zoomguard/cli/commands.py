"""Every command by name, and the one place where a run of the program begins and ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from zoomguard.cli import show
from zoomguard.cli.command import WIDTH, Lazy, LazyGroup

TABLE = {
    name: Lazy(f"zoomguard.cli.{place}", words)
    for name, place, words in (
        ("schedule", "schedule:schedule", "Schedule a session, a series or a timetable."),
        ("sessions", "sessions:sessions", "List, show, move, cancel sessions; their adults."),
        ("observers", "observers:observers", "Who is free to be the second adult."),
        ("messages", "messages:messages", "Mails about sessions, and what came of them."),
        ("recordings", "recordings:recordings", "List, show and fetch recordings."),
        ("incidents", "incidents:incidents", "What was found about evidence; settling it."),
        ("people", "people:people", "List, check, import people; roles."),
        ("consents", "consents:consents", "Import what guardians answered."),
        ("policy", "policy:policy", "The policy's clauses and the rules behind them."),
        ("login", "sign_in:login", "Sign in."),
        ("logout", "sign_in:logout", "Sign out."),
        ("whoami", "sign_in:whoami", "Who is signed in, and with which roles."),
        ("demo", "demo:demo", "Try the main job against a make-believe Zoom."),
        ("init", "installation:init", "Begin an installation (operator)."),
        ("migrate", "installation:migrate", "Bring the database up to date (operator)."),
        ("serve", "serving:serve", "Run the service (operator)."),
        ("worker", "serving:worker", "Run the duties alone (operator)."),
        ("token", "tokens:token", "Issue tokens for staff (operator)."),
        ("archive", "archive:archive", "Copy and check what is due (operator)."),
        ("audit", "audit:audit", "Verify and export the audit (operator)."),
        ("doctor", "doctor:doctor", "Whether the storage can keep evidence (operator)."),
    )
}
EXAMPLES = (
    'zoomguard schedule --group MATHS-7B --start "2026-12-01 16:00" --minutes 50',
    "zoomguard sessions list --today",
    "zoomguard demo",
)


@click.group(
    cls=LazyGroup,
    table=TABLE,
    examples=EXAMPLES,
    context_settings={"max_content_width": WIDTH, "help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="zoomguard")
def zoomguard() -> None:
    """Governs a college's Zoom sessions with children: consent, passcode, second adult, recording, archive,
    audit.
    """


def run(arguments: Sequence[str]) -> int:
    """Runs one command and gives the exit code; whatever goes wrong is said in words, never as a traceback."""
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # What is no text in the shell's encoding is escaped, so that it can be looked for, refused and shown.
    arguments = [a.encode("utf-8", "backslashreplace").decode() for a in arguments]
    return show.ended(lambda: zoomguard.main(list(arguments), prog_name="zoomguard", standalone_mode=False), as_json)
