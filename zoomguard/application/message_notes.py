"""What a person types into a mail: looked at before it is taken in, never rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from zoomguard.domain import wording
from zoomguard.domain.errors import BadInput, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.messages import LONGEST_NOTE, Audience
from zoomguard.rules.facts import MessageFacts
from zoomguard.rules.messages import the_tone_is_professional
from zoomguard.rules.terms import Terms


def check_note(terms: Terms, text: str) -> tuple[Finding, ...]:
    """The warnings about a note to families (none for ""): to be shown, and to be acknowledged or mended.

    BadInput for one that is too long or not plain, Refused where it asks for secrecy or leads out of our sight.
    """
    if len(text) > LONGEST_NOTE or not text.isprintable():
        raise BadInput(
            f"A note is one line of at most {LONGEST_NOTE} characters.",
            "Shorten it, without line breaks.",
            code="BAD_NOTE",
        )
    findings = tuple(f for f in _findings(terms, text) if f.verdict in (Outcome.FAIL, Outcome.UNKNOWN))
    if any(noticed.for_the_lead for noticed in wording.noticed(text, _known_numbers(terms))):
        raise Refused(findings)
    return findings


def _findings(terms: Terms, text: str) -> Iterator[Finding]:
    """The tone alone is judged here: no moment and no reader is asked about."""
    facts = MessageFacts(
        audience=Audience.GUARDIAN,
        template="",
        free_text=text,
        now=datetime(1970, 1, 1, tzinfo=UTC),
        office=terms.office,
        college_zone=terms.zone,
        home_zone="",
        organisational_sender=None,
        recipient_may_be_contacted=None,
        designated=False,
    )
    return the_tone_is_professional.ask(facts, terms)


def _known_numbers(terms: Terms) -> tuple[str, ...]:
    return (terms.contacts.safeguarding_phone, terms.contacts.office_phone, terms.contacts.nspcc)
