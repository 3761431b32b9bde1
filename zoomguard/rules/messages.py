"""Rules about what is written, to whom, when and by whom."""

from __future__ import annotations

from zoomguard.domain import office_hours, wording
from zoomguard.domain.errors import BadInput
from zoomguard.domain.findings import Verdict, failed, not_applicable, passed, unknown
from zoomguard.domain.times import spoken
from zoomguard.rules.facts import MessageFacts
from zoomguard.rules.rule import Level, Origin, Override, Rule, rule
from zoomguard.rules.terms import Terms

LEAD = "the safeguarding lead"
OFFICE = "the enrolment office"
CHILD, GUARDIAN, STAFF = "child", "guardian", "staff"
SENDER, RECIPIENT, TEXT = "sender", "recipient", "text"


@rule(
    "ACC-ORG-PARENTS",
    title="Guardians and children are written to from the organisation's address",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="Set the address that mail comes from to one of the organisation's.",
    who="the operator",
)
def the_sender_is_the_organisation(message: MessageFacts, terms: Terms) -> Verdict:
    if message.audience == STAFF:
        return not_applicable("This goes to a member of staff.", SENDER)
    if message.organisational_sender is None:
        return unknown("Whose address this mail comes from could not be told.", SENDER)
    if not message.organisational_sender:
        return failed("This mail would come from an address that is not the organisation's.", SENDER)
    return passed(subject=SENDER)


@rule(
    "MSG-VIA-DESIGNATED",
    title="What somebody typed to a child is released by a designated person first",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="It waits: a designated person releases or drops it.",
    who="the designated staff",
)
def words_to_a_child_are_released(message: MessageFacts, terms: Terms) -> Verdict:
    if message.audience != CHILD:
        return not_applicable("This goes to no child.", TEXT)
    if message.free_text.strip():
        return passed(subject=TEXT) if message.designated else failed("Nobody designated has released it yet.", TEXT)
    if not message.template:
        return unknown("It is not known what is sent.", TEXT)
    return passed(subject=TEXT)


@rule(
    "MSG-HOURS",
    title="A message to a child leaves in office hours, and by day where the child lives",
    origin=Origin.SEED,
    level=Level.ENFORCE,
    override=Override.DSL,
    remedy="It waits, and leaves by itself.",
    who=LEAD,
)
def a_child_is_written_to_by_day(message: MessageFacts, terms: Terms) -> Verdict:
    if message.audience != CHILD:
        return not_applicable("This goes to no child.")
    try:
        sendable = office_hours.earliest(message.now, message.office, message.college_zone, message.home_zone)
    except BadInput:
        return unknown("The child's time zone is not on record.", remedy="Put the child's time zone on record.")
    if sendable.at > message.now:
        until = spoken(sendable.at, message.college_zone)
        return failed("These are no office hours, or night where the child lives.", remedy=f"It waits until {until}.")
    return passed(_NEVER_BY_DAY if sendable.reason == office_hours.TZ_EXCEPTION else "")


_NEVER_BY_DAY = "Office hours are never by day where the child lives; these are the nearest to the morning."


@rule(
    "MSG-TONE",
    title="What people type is professional: no kisses, slang, secrecy, or other ways to get in touch",
    origin=Origin.SEED,
    level=Level.WARN,
    override=Override.NONE,
    remedy="Write it as to a colleague: only what the family must know of this lesson.",
    who=LEAD,
)
def the_tone_is_professional(message: MessageFacts, terms: Terms) -> Verdict:
    if message.audience == STAFF or not message.free_text.strip():
        return not_applicable("Nobody typed anything to a guardian or child.", TEXT)
    contacts = terms.contacts
    known = (contacts.safeguarding_phone, contacts.office_phone, contacts.nspcc)
    noticed = wording.noticed(message.free_text, known)
    if noticed:
        return failed(f"The text has {_listed(tuple(n.manner.value for n in noticed))}.", TEXT)
    if not wording.readable(message.free_text):
        return unknown("The text is in letters that are not looked through.", TEXT, "Let somebody else read it first.")
    return passed(subject=TEXT)


def _listed(kinds: tuple[str, ...]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"


@rule(
    "MSG-RECIPIENT",
    title="Nobody is written to who may not be: guardians by order, children without permission for mail",
    origin=Origin.GUIDANCE,
    level=Level.ENFORCE,
    override=Override.NONE,
    remedy="This mail is not sent; the enrolment office knows more.",
    who=OFFICE,
)
def the_recipient_may_be_written_to(message: MessageFacts, terms: Terms) -> Verdict:
    if message.recipient_may_be_contacted is None:
        return unknown("Whether this person may be written to could not be told.", RECIPIENT)
    if not message.recipient_may_be_contacted:
        return failed("This person may not be written to.", RECIPIENT)
    return passed(subject=RECIPIENT)


RULES: tuple[Rule[MessageFacts], ...] = (
    the_sender_is_the_organisation,
    words_to_a_child_are_released,
    a_child_is_written_to_by_day,
    the_tone_is_professional,
    the_recipient_may_be_written_to,
)
