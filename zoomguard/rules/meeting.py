"""Rules about a meeting, judged on what Zoom reads back: never a pass for what was merely sent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from zoomguard.domain.findings import Outcome, Verdict, failed, not_applicable, passed, unknown
from zoomguard.domain.meeting_plan import AGENDA, WAITING_ROOM_OPTIONS, Difference, Meeting, read_mark
from zoomguard.rules.facts import MeetingFacts
from zoomguard.rules.rule import Level, Origin, Override, Rule, rule
from zoomguard.rules.terms import Terms

ZOOM_ADMIN = "the college's Zoom administrator"
_NOT_YET = not_applicable("Judged on what Zoom reads back.")
_SETTING = "Unlock this setting in Zoom's account or group settings, then schedule again."


def _compared(facts: MeetingFacts, rule_id: str) -> Iterator[Verdict]:
    """A verdict for each difference that belongs to a rule; what Zoom does not say is unknown."""
    for d in facts.differences:
        if d.rule == rule_id and not _told_already(facts, d):
            outcome = Outcome.UNKNOWN if d.got is None else Outcome.FAIL
            reason = "Zoom did not report it." if d.got is None else "Zoom has it other than asked."
            yield Verdict(outcome, reason, d.setting, wanted=d.wanted, got=d.got)


def _told_already(facts: MeetingFacts, difference: Difference) -> bool:
    """Options of the waiting room that Zoom leaves out are one gap; none where the room itself is off."""
    if difference.setting not in WAITING_ROOM_OPTIONS or difference.got is not None:
        return False
    gaps = [d.setting for d in facts.differences if d.got is None and d.setting in WAITING_ROOM_OPTIONS]
    room_is_off = any(d.setting == "settings.waiting_room" for d in facts.differences)
    return room_is_off or difference.setting != gaps[-1]


def _or_passed(verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    return tuple(verdicts) or (passed(),)


@rule(
    "VC-PASSCODE",
    title="The meeting has a passcode of its own",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Let zoomguard create the meeting again.",
    who=ZOOM_ADMIN,
)
def the_meeting_has_its_own_passcode(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    if facts.meeting is None:
        return _NOT_YET
    verdicts = tuple(_compared(facts, "VC-PASSCODE"))
    if any(v.subject == "password" for v in verdicts):
        return verdicts
    return _or_passed(verdicts + tuple(_passcode_length(facts.meeting, terms)))


def _passcode_length(meeting: Meeting, terms: Terms) -> Iterator[Verdict]:
    length = len(meeting.passcode)
    if length == 0:
        yield unknown("Zoom did not report the passcode.", "password")
    elif length < terms.passcode_length:
        reason = "The passcode is too short."
        yield Verdict(Outcome.FAIL, reason, "password", wanted=terms.passcode_length, got=length)


@rule(
    "VC-WAITING",
    title="Everybody waits to be let in, one by one",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy=_SETTING,
    who=ZOOM_ADMIN,
)
def everybody_waits(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    if facts.meeting is None:
        return _NOT_YET
    return _or_passed(_by_the_host(facts, v) for v in _compared(facts, "VC-WAITING"))


def _by_the_host(facts: MeetingFacts, verdict: Verdict) -> Verdict:
    """Where the meeting leaves the waiting room's options out, the host's own security settings decide."""
    not_said = verdict.outcome is Outcome.UNKNOWN and verdict.subject in WAITING_ROOM_OPTIONS
    if not_said and facts.everyone_waits is False:
        return failed("By the host's settings some people walk past the waiting room.", verdict.subject)
    return verdict


@rule(
    "VC-RECORD",
    title="The session is recorded in Zoom's cloud",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.TWO,
    remedy=_SETTING,
    who=ZOOM_ADMIN,
)
def the_session_is_recorded(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    return _NOT_YET if facts.meeting is None else _or_passed(_compared(facts, "VC-RECORD"))


@rule(
    "VC-CONTENT",
    title="Nobody can bring harmful content in, or lead children aside",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy=_SETTING,
    who=ZOOM_ADMIN,
)
def nothing_harmful_comes_in(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    return _NOT_YET if facts.meeting is None else _or_passed(_compared(facts, "VC-CONTENT"))


@rule(
    "VC-IDENTITY",
    title="Only those on the roster can register, and each of them is registered",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="Let zoomguard create the meeting again.",
    who=ZOOM_ADMIN,
)
def only_the_roster_comes_in(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    if facts.meeting is None:
        return _NOT_YET
    return _or_passed((*_compared(facts, "VC-IDENTITY"), *_registered(facts)))


def _registered(facts: MeetingFacts) -> Iterator[Verdict]:
    """Counts alone: the addresses are ours and opaque, but a stranger's is not."""
    if facts.registered is None:
        yield unknown("Zoom could not tell who is registered.", "registrants")
    elif facts.registered != facts.roster:
        missing, foreign = len(facts.roster - facts.registered), len(facts.registered - facts.roster)
        reason = f"{missing} of the roster not registered, {foreign} registered who are not on it."
        got = len(facts.registered)
        yield Verdict(Outcome.FAIL, reason, "registrants", wanted=len(facts.roster), got=got)


@rule(
    "OBSERVER-AT-ZOOM",
    title="The observer can open the meeting in Zoom, and nobody else can",
    origin=Origin.BRIEF,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="Have the observer licensed and active in the college's Zoom account, then schedule again.",
    who=ZOOM_ADMIN,
)
def the_observer_can_open_the_meeting(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    return _NOT_YET if facts.meeting is None else _or_passed(_compared(facts, "OBSERVER-AT-ZOOM"))


@rule(
    "SESSION-APPROVED",
    title="The meeting is at the time and of the length that were approved",
    origin=Origin.GUIDANCE,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Move the session with zoomguard, not in Zoom.",
)
def the_meeting_is_as_approved(facts: MeetingFacts, terms: Terms) -> Verdict | tuple[Verdict, ...]:
    return _NOT_YET if facts.meeting is None else _or_passed(_compared(facts, "SESSION-APPROVED"))


# Postcodes by the form of BS 7666; telephone numbers begin with 0 or +: years and
# course numbers are none.
_PERSONAL = (
    ("a postcode", re.compile(r"\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b")),
    ("a telephone number", re.compile(r"(?<!\w)(?:0\d(?:[ ().-]*\d){8,12}|\+\d(?:[ ().-]*\d){6,13})(?!\w)")),
    ("an e-mail address", re.compile(r"\S@\S+\.\S")),
)


@rule(
    "ID-NOPUBLISH",
    title="Topic and agenda tell nothing about a child",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Use a course code that holds no name, address or number.",
)
def topic_and_agenda_tell_nothing(facts: MeetingFacts, terms: Terms) -> tuple[Verdict, ...]:
    texts = {"topic": facts.plan.topic, "agenda": _agenda(facts)}
    told = [
        failed(f"The {subject} holds {' and '.join(found)}.", subject)
        for subject, text in texts.items()
        if (found := tuple(_personal(_plain(text), facts.roster_names)))
    ]
    return _or_passed((*told, *_compared(facts, "ID-NOPUBLISH")))


def _agenda(facts: MeetingFacts) -> str:
    """The agenda as planned or as read back, without our mark and the words that everybody gets."""
    agenda = facts.meeting.agenda if facts.meeting else str(facts.plan.request()["agenda"])
    first, _, rest = agenda.partition("\n")
    return (rest if read_mark(first) else agenda).replace(AGENDA, "")


def _personal(text: str, names: frozenset[str]) -> Iterator[str]:
    # A course code knows plain letters alone: a name is sought as it is written, and as it would be typed there.
    if any(_word(_plain(name), text) or _typed(name) & _pieces(text) for name in names):
        yield "a name of the roster"
    yield from (what for what, pattern in _PERSONAL if pattern.search(text))


def _word(name: str, text: str) -> bool:
    """Whether the name stands in the text by itself; an underscore parts words as a space does."""
    return len(name) >= 2 and re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None


_UNMARKED = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"}
)


def _letters(text: str) -> str:
    """Without marks above and below letters, blanks, hyphens and apostrophes."""
    parted = unicodedata.normalize("NFKD", _plain(text).translate(_UNMARKED))
    return "".join(c for c in parted if c.isalnum())


def _typed(name: str) -> set[str]:
    """How a name would be typed with plain letters: in one piece."""
    return {letters} if len(letters := _letters(name)) >= 2 else set()


def _pieces(text: str) -> set[str]:
    """The words of a text with plain letters, each alone and joined with up to two that follow."""
    words = [_letters(word) for word in re.split(r"[\W_]+", unicodedata.normalize("NFC", text)) if word]
    return {"".join(words[i : i + n]) for i in range(len(words)) for n in (1, 2, 3)}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


RULES: tuple[Rule[MeetingFacts], ...] = (
    the_meeting_has_its_own_passcode,
    everybody_waits,
    the_session_is_recorded,
    nothing_harmful_comes_in,
    only_the_roster_comes_in,
    the_observer_can_open_the_meeting,
    the_meeting_is_as_approved,
    topic_and_agenda_tell_nothing,
)
