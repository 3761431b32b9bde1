"""Changes of one session or of several, one by one: first who would be told, then yes or no, then each outcome."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from zoomguard.cli import change_text, server, show
from zoomguard.cli.answers import Said
from zoomguard.cli.asking import agreed, can_ask, misused
from zoomguard.cli.change_text import Words
from zoomguard.cli.client import Client, Reply, segment
from zoomguard.cli.layout import counted
from zoomguard.cli.progress import Progress
from zoomguard.cli.several import Row, each
from zoomguard.domain.errors import BadInput


@dataclass(frozen=True)
class Change:
    """What is asked of each session: the last part of its path, the body, and how it is said."""

    act: str
    words: Words
    body: Mapping[str, object] = field(default_factory=dict)

    def send(self, client: Client, id: str, *, dry_run: bool) -> Reply:
        """Asks for it."""
        return client.send("POST", f"/sessions/{segment(id)}/{self.act}", {**self.body, "dry_run": dry_run})


@dataclass(frozen=True)
class Manner:
    """How a command goes about it: only look, ask nobody, answer as JSON."""

    dry_run: bool
    yes: bool
    as_json: bool

    @property
    def asks(self) -> bool:
        """Whether somebody is asked first."""
        return not self.dry_run and not self.yes and can_ask(self.as_json)


def change_one(change: Change, id: str, manner: Manner) -> int:
    """Changes one session. Whatever is in the way is said as for any single command."""
    client = server.connect()
    if manner.asks:
        reply = change.send(client, id, dry_run=True)
        if reply.refused:
            return _told_one(reply, change.words, manner)
        show.out(change_text.previewed([Row(id, show.DONE, reply.said())], change.words), as_json=True)
        if not agreed(f"{change.words.question}?"):
            return _left()
    return _told_one(change.send(client, id, dry_run=manner.dry_run), change.words, manner)


def _told_one(reply: Reply, words: Words, manner: Manner) -> int:
    if reply.refused:
        return show.refused(Said(reply.document).document, manner.as_json, words.refused)
    answer = reply.said()
    show.out(change_text.changed(answer, words), manner.as_json)
    if manner.as_json:
        show.document(answer.document)
    return show.DONE


def change_several(change: Change, ids: Sequence[str], manner: Manner) -> int:
    """Changes sessions one by one; the exit code is the worst of theirs."""
    client = server.connect()
    if len(ids) > 1 and not (manner.dry_run or manner.yes or manner.asks):
        raise BadInput(
            f"That is {len(ids)} sessions at once.", "Look with --dry-run, then add --yes.", code="YES_NEEDED"
        )
    if manner.asks and ids:
        rows = _each(client, change, ids, dry_run=True)
        show.out(change_text.previewed(rows, change.words), as_json=True)
        told = counted(change_text.guardians(rows), "guardian will be told", "guardians will be told")
        if not agreed(f"{change.words.question}, {counted(len(ids), 'session', 'sessions')}? {told}."):
            return _left()
    return _told(_each(client, change, ids, dry_run=manner.dry_run), change.words, manner)


def _told(rows: Sequence[Row], words: Words, manner: Manner) -> int:
    show.out(change_text.several(rows, words, dry_run=manner.dry_run), manner.as_json)
    if manner.as_json:
        show.document({"schema": "zoomguard/1", "sessions": [row.as_json("session", "answer") for row in rows]})
    return show.worst(row.exit_code for row in rows)


def _left() -> int:
    show.out([change_text.UNTOUCHED])
    return show.DONE


def _each(client: Client, change: Change, ids: Sequence[str], *, dry_run: bool) -> list[Row]:
    with Progress(sys.stderr, quiet=not sys.stderr.isatty()) as progress:

        def ask(id: str) -> Row:
            progress.say(f"{ids.index(id) + 1}/{len(ids)}  {id}")
            return _row(id, change.send(client, id, dry_run=dry_run))

        return each(ids, ask)


def _row(id: str, reply: Reply) -> Row:
    return Row(id, show.REFUSED, Said(reply.document)) if reply.refused else Row(id, show.DONE, reply.said())


def found(states: frozenset[str], **filters: str | None) -> list[str]:
    """The sessions that fit the filters and can be changed, as the service lists them; of others' lessons that one
    was asked to observe there is nothing to change."""
    wanted = {name: value for name, value in filters.items() if value}
    said = server.connect().get(f"/sessions?{urlencode(wanted)}")
    theirs = (s for s in said.parts("sessions") if s.text("asked") != "yes")
    return [s.raw("short_id") for s in theirs if s.raw("state") in states]


def chosen(ids: Sequence[str], states: frozenset[str], **filters: str | None) -> list[str]:
    """The sessions that were named or the ones that fit; a usage error for neither and for both."""
    if bool(ids) == any(filters.values()):
        options = ", ".join(f"--{name}" for name in filters)
        raise misused(f"Name sessions, or say which by {options}.")
    return list(dict.fromkeys(ids)) or found(states, **filters)
