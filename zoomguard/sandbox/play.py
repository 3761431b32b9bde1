"""Holds a lesson in the make-believe Zoom: people come, wait, are let in and leave; a recording appears."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from zoomguard.sandbox import zoom_live
from zoomguard.sandbox.media import kinds_of, media
from zoomguard.sandbox.sessions import meeting_of
from zoomguard.sandbox.zoom_state import Instance, Meeting, Person, User, ZoomState

EARLY_S = 120
SETTLES_WITHIN_S = 5.0

OF_A_SCRIPT = ("session", "events", "processing_s", "transcript_s", "files", "size_bytes", "uuid_like")
OF_AN_EVENT = ("at_s", "kind", "who")
ABOUT_PEOPLE: dict[str, Callable[[ZoomState, Instance, Person, datetime], None]] = {
    "joined": zoom_live.join,
    "left": zoom_live.leave,
    "waiting": zoom_live.wait,
    "admitted": zoom_live.admit,
}
ABOUT_THE_MEETING: dict[str, Callable[[ZoomState, Instance, datetime], None]] = {
    "recording_started": zoom_live.start_recording,
    "recording_stopped": zoom_live.stop_recording,
    "recording_paused": zoom_live.pause_recording,
    "recording_resumed": zoom_live.resume_recording,
    "ended": zoom_live.end_meeting,
}


@dataclass(frozen=True)
class Scene:
    """One thing that happens: `at_s` counts from the meeting's start time and may be negative."""

    at_s: float
    kind: str
    who: str = ""


@dataclass(frozen=True)
class Lesson:
    """What is played; `unknown` are the users who are not signed in and whom Zoom takes for guests."""

    instance: Instance
    asked_to_record: bool
    unknown: frozenset[str]


class Stage:
    """Plays scripts against the account."""

    def __init__(self, state: ZoomState) -> None:
        self._state = state

    def play(self, script: dict[str, Any]) -> dict[str, Any]:
        """Hold a session. ValueError for a script that cannot be played, NoSuchSession without a meeting.

        `processing_s` is how long the recording stays out of the lists after the end, `transcript_s` how much
        longer the transcript is listed as processing. `files` are the recording's kinds of file, see media.KINDS, in
        any number and with unknown ones too; `size_bytes` is each film's size. `uuid_like` ("/", "//" or "+") is what
        makes the run's UUID hard to put into a path. Without `ended` the meeting goes on, and a later play
        continues it.
        """
        _only("a script", script, OF_A_SCRIPT)
        with self._state.lock:
            meeting = meeting_of(self._state, str(script.get("session", "")))
            scenes = self._scenes(meeting, script)
            unknown = self._not_signed_in(meeting)
            _name(self._state, meeting, script)
            instance = zoom_live.instance_of(self._state, meeting)
            _prepare(instance, script)
        lesson = Lesson(instance, any(one.kind == "recording_started" for one in scenes), unknown)
        for scene in scenes:
            self._act(lesson, scene)
        recording = self._state.recordings.get(instance.uuid)
        return {
            "uuid": instance.uuid,
            "meeting_number": meeting.number,
            "recording_files": len(recording.files) if recording else 0,
        }

    def _scenes(self, meeting: Meeting, script: dict[str, Any]) -> list[Scene]:
        rows = script.get("events")
        if rows is None:
            return self._ordinary(meeting)
        if not isinstance(rows, list):
            raise ValueError("events is a list")
        scenes = sorted((_scene(row) for row in rows), key=lambda one: one.at_s)
        for scene in scenes:
            if scene.kind in ABOUT_PEOPLE:
                self._person(meeting, scene.who)
        return scenes

    def _ordinary(self, meeting: Meeting) -> list[Scene]:
        """An ordinary lesson: the adults first, everybody waits and is let in, all stay to the end."""
        adults = [
            "host",
            *(f"alternative:{n + 1}" for n in range(len(meeting.alternative_hosts(self._state)))),
        ]
        approved = [one for one in meeting.registrants if one.status == "approved"]
        pupils = [f"registrant:{n + 1}" for n in range(len(approved))]
        end_s = meeting.fields["duration"] * 60
        return [
            *(Scene(10 * n - EARLY_S, "joined", who) for n, who in enumerate(adults)),
            *(Scene(n - 60, "waiting", who) for n, who in enumerate(pupils)),
            *(Scene(n, kind, who) for n, who in enumerate(pupils) for kind in ("admitted", "joined")),
            *(Scene(end_s, "left", who) for who in [*pupils, *reversed(adults)]),
            Scene(end_s, "ended"),
        ]

    def _not_signed_in(self, meeting: Meeting) -> frozenset[str]:
        fault = self._state.faults.take("alt_host_not_signed_in", "POST", "/sandbox/play")
        if fault is None:
            return frozenset()
        others = meeting.alternative_hosts(self._state)
        chosen = [self._person(meeting, fault.what).user_id] if fault.what else [one.id for one in others]
        return frozenset(chosen) & {one.id for one in others}

    def _act(self, lesson: Lesson, scene: Scene) -> None:
        state, instance = self._state, lesson.instance
        at = instance.meeting.start_at + timedelta(seconds=scene.at_s)
        with state.lock, state.webhooks.held_back():
            if scene.kind in ABOUT_THE_MEETING:
                ABOUT_THE_MEETING[scene.kind](state, instance, at)
            else:
                self._move(lesson, scene, at)
            # After the act: who looks at the time finds at Zoom what had happened by then.
            state.clock.advance(max(0.0, (at - state.clock.now()).total_seconds()))
        state.clock.wait_until_seen()
        state.webhooks.settle(SETTLES_WITHIN_S)

    def _move(self, lesson: Lesson, scene: Scene, at: datetime) -> None:
        instance, state = lesson.instance, self._state
        meeting, person = instance.meeting, self._person(instance.meeting, scene.who)
        if person.user_id in lesson.unknown:
            return _come_unknown(state, instance, scene, person, at)
        hosts = {meeting.host.id, *(one.id for one in meeting.alternative_hosts(state))}
        starts = scene.kind == "joined" and person.user_id in hosts and instance.start_at is None
        if starts:
            zoom_live.start_meeting(state, instance, at)
        ABOUT_PEOPLE[scene.kind](state, instance, person, at)
        if starts and meeting.settings["auto_recording"] == "cloud" and not lesson.asked_to_record:
            zoom_live.start_recording(state, instance, at)

    def _person(self, meeting: Meeting, who: str) -> Person:
        """host, alternative:1, registrant:1 (counted from one, approved ones in order), or an e-mail."""
        role, _, number = who.partition(":")
        approved = [one for one in meeting.registrants if one.status == "approved"]
        if role == "host" and not number:
            return _user(meeting.host)
        if role == "alternative":
            return _user(_nth(meeting.alternative_hosts(self._state), number, who))
        if role == "registrant":
            return _registrant(_nth(approved, number, who))
        if "@" not in who:
            raise ValueError(f"who is host, alternative:N, registrant:N or an e-mail, not {who!r}")
        for user in self._state.users.values():
            if user.email.lower() == who.lower():
                return _user(user)
        for registrant in approved:
            if registrant.email.lower() == who.lower():
                return _registrant(registrant)
        return Person(name=who.partition("@")[0], email=who)


def _come_unknown(state: ZoomState, instance: Instance, scene: Scene, person: Person, at: datetime) -> None:
    """Somebody who is not signed in is a guest with a name, who waits until somebody lets him in."""
    guest = Person(name=person.name, email="")
    waited = [one for one in instance.stays if one.person.key == guest.key and one.waiting]
    waits = instance.meeting.settings["waiting_room"] and not any(one.leave_at for one in waited)
    kind = "waiting" if scene.kind == "joined" and waits else scene.kind
    if not (kind == "waiting" and waited):
        ABOUT_PEOPLE[kind](state, instance, guest, at)


def _name(state: ZoomState, meeting: Meeting, script: dict[str, Any]) -> None:
    like = script.get("uuid_like")
    if like is not None:
        if meeting.live:
            raise ValueError("the meeting runs, and has its UUID already")
        meeting.uuid = state.new_uuid(str(like))


def _prepare(instance: Instance, script: dict[str, Any]) -> None:
    size_bytes, kinds = script.get("size_bytes", instance.film_bytes), kinds_of(script.get("files", instance.kinds))
    media(size_bytes, kinds)  # a size that cannot be made is refused here
    instance.film_bytes, instance.kinds = size_bytes, kinds
    for name in ("processing_s", "transcript_s"):
        seconds = script.get(name)
        if seconds is not None:
            setattr(instance, name, _seconds(seconds))


def _scene(row: Any) -> Scene:
    if not isinstance(row, dict) or row.get("kind") not in (*ABOUT_PEOPLE, *ABOUT_THE_MEETING):
        kinds = ", ".join((*ABOUT_PEOPLE, *ABOUT_THE_MEETING))
        raise ValueError(f"an event has at_s, a kind ({kinds}) and who")
    _only("an event", row, OF_AN_EVENT)
    at_s = row.get("at_s", 0)
    if isinstance(at_s, bool) or not isinstance(at_s, (int, float)):
        raise ValueError("at_s is a number of seconds")
    return Scene(at_s, row["kind"], str(row.get("who", "")))


def _only(what: str, given: dict[str, Any], known: Sequence[str]) -> None:
    """ValueError for a word that would be passed over."""
    unknown = ", ".join(repr(name) for name in given if name not in known)
    if unknown:
        raise ValueError(f"{what} has no {unknown}; it has {', '.join(known)}")


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError("processing_s and transcript_s are numbers of seconds")
    return float(value)


def _nth(people: Sequence[Any], number: str, who: str) -> Any:
    if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= len(people):
        raise ValueError(f"there is no {who}; the meeting has {len(people)}, counted from one")
    return people[int(number) - 1]


def _user(user: User) -> Person:
    return Person(user.name, user.email, user_id=user.id)


def _registrant(registrant: Any) -> Person:
    return Person(registrant.name, registrant.email, registrant_id=registrant.id)
