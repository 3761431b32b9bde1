"""The policy's clauses as data: what each asks, and what holds it. A rule has the id of its clause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from zoomguard.rules.rule import Level, Origin


class Held(StrEnum):
    """What holds a clause."""

    RULE = "rule"
    BUILT_IN = "built in"
    NOT_YET = "not yet"
    OUTSIDE = "outside software"


@dataclass(frozen=True)
class Clause:
    """One clause. `how` says what holds or will hold it, how far, or why software cannot; `level` is None
    where nothing can be asked."""

    id: str
    asks: str
    origin: Origin = Origin.SEED
    level: Level | None = Level.ENFORCE
    held: Held = Held.RULE
    how: str = ""


BRIEF, GUIDANCE = Origin.BRIEF, Origin.GUIDANCE
WARN, EVIDENCE = Level.WARN, Level.EVIDENCE


def _built_in(id: str, asks: str, how: str) -> Clause:
    return Clause(id, asks, held=Held.BUILT_IN, how=how)


def _not_yet(id: str, asks: str, how: str, level: Level = Level.ENFORCE) -> Clause:
    return Clause(id, asks, level=level, held=Held.NOT_YET, how=how)


def _outside(id: str, asks: str, how: str, level: Level | None = None) -> Clause:
    return Clause(id, asks, level=level, held=Held.OUTSIDE, how=how)


CLAUSES: tuple[Clause, ...] = (
    Clause("VC-PASSCODE", "Video sessions need a passcode, so that outsiders stay out"),
    Clause("VC-WAITING", "People are let in one at a time", BRIEF),
    Clause("VC-IDENTITY", "Nobody comes in under a child's or colleague's name"),
    Clause(
        "VC-CONTENT",
        "Third parties cannot put harmful things before children",
        how="Settings that a meeting carries. Those of the account (screen sharing) are not read yet.",
    ),
    _not_yet(
        "VC-PRIVCHAT",
        "Nobody can write to a child privately",
        "The look at the Zoom account: chat is a setting of account and host, not of a meeting.",
    ),
    Clause(
        "VC-RECORD",
        "Every session is recorded, for quality and openness",
        how="Recording is set to begin by itself and read back; whether it ran on is not watched yet.",
    ),
    _built_in(
        "VC-REC-PURPOSE",
        "Recordings serve quality and openness, nothing else",
        "A fetch needs a purpose from a fixed list and a reason; both go into the audit.",
    ),
    Clause(
        "VC-OBSERVER",
        "A further member of staff may be there; here one must be",
        BRIEF,
        how="Somebody fit and free is named, and can open the meeting. Whether both came is not watched yet.",
    ),
    _built_in(
        "VC-PARENT-INVITE",
        "Parents are welcome to be present, and need not be",
        "Each guardian who may be written to is invited; presence is welcome and never a condition. MSG-RECIPIENT"
        " keeps every mail from those who may not be written to.",
    ),
    Clause(
        "CON-CHANNEL",
        "Parents approve before we reach their child by video or any other means",
        how="For video, child by child, on the day of the session. Mail to a child: MSG-RECIPIENT.",
    ),
    Clause("CON-RECORD", "Recording is permitted for each child"),
    _built_in(
        "CON-PUBLISH",
        "Pictures of a child are published only with a permission of their own",
        "zoomguard publishes nothing and has no way to share a recording with the public.",
    ),
    Clause("ID-NOPUBLISH", "No address, school or telephone number of a child is shown in public"),
    _not_yet(
        "ACC-PASSWORD",
        "Accounts are protected by passwords",
        "The look at the Zoom account: everybody signs in with a second factor or the college's own sign-in.",
        EVIDENCE,
    ),
    _not_yet(
        "ACC-TWO-STAFF",
        "At least two members of staff can get into each account",
        "The look at the Zoom account counts administrators with a sign-in of their own.",
        EVIDENCE,
    ),
    _not_yet(
        "ACC-TWO-MONITORS",
        "At least two designated members of staff watch the account",
        "The monitors' digest, which two different people acknowledge.",
        EVIDENCE,
    ),
    Clause("ACC-NO-PERSONAL", "Staff use no personal account with children"),
    Clause(
        "ACC-ORG-PARENTS",
        "Parents are written to by formal means of the organisation",
        how="Guardians and children are written to by mail from the organisation's address, and in no other way.",
    ),
    Clause(
        "MSG-VIA-DESIGNATED",
        "Messages to children go through the designated staff",
        how="Words that somebody typed to a child wait until a designated person releases them.",
    ),
    Clause(
        "MSG-HOURS",
        "Children get no messages outside office hours",
        how="Mail to a child waits for office hours that are daytime (07:00 to 21:00) where the child lives.",
    ),
    Clause(
        "MSG-TONE",
        "Messages keep a professional tone",
        level=WARN,
        how="What people typed is looked through for kisses, slang, secrecy and the like, in English; it warns only.",
    ),
    _built_in(
        "COMMS-NODELETE",
        "Staff delete no message to or from the organisation's accounts",
        "No command or page deletes a message or a recording.",
    ),
    _outside(
        "MOD-REMOVE",
        "Bad posts are removed, explained, and those affected and their parents told",
        "Posts stand on social media, which zoomguard does not reach. People do this and keep a note of it.",
        EVIDENCE,
    ),
    _built_in(
        "CHILD-INFORMED",
        "Children know who runs the accounts and whom to tell",
        "Each invitation names the staff of the session and whom to tell about a worry.",
    ),
    _not_yet(
        "DSL-ADVICE",
        "Staff ask the safeguarding lead when in doubt",
        "Concerns: a confidential question to the lead. Software can offer this and count it, not see doubt.",
        EVIDENCE,
    ),
    Clause("TRAIN-ONLINE", "Staff do the online-safety training offered"),
    Clause("POL-ACK", "Staff know the policy and act by it"),
    _not_yet(
        "POL-REVIEW",
        "The policy carries a date and is kept up to date",
        "The register of documents, with a warning when a review is due.",
        WARN,
    ),
    _not_yet(
        "POL-COMPANION",
        "Child protection, e-safeguarding, privacy and online teaching have documents of their own",
        "The register of documents: whether each of the four is named and reviewed.",
        WARN,
    ),
    _not_yet(
        "REPORT-ROUTE",
        "A concern raised online is handled as one told face to face",
        "Concerns: one way for all, which holds the recording and tells the lead at once.",
    ),
    _not_yet(
        "REPORT-DSL",
        "Concerns go to the named person",
        "Concerns: sent to lead and deputy, and again until somebody acknowledges.",
    ),
    _built_in(
        "REPORT-NSPCC",
        "The NSPCC's helpline is made known",
        "The number stands in the terms and in every mail to a guardian or child.",
    ),
    _not_yet(
        "CONDUCT-IMAGES",
        "Nobody sends obscene pictures",
        "The look at the Zoom account: nobody can send files. What a camera shows, people judge.",
    ),
    _outside(
        "BOUND-FRIEND",
        "Staff keep no ties to children from personal accounts",
        "Personal accounts are out of reach, and must be. Staff attest to it; colleagues speak up.",
    ),
    _outside(
        "PUBLIC-ACCURATE",
        "What staff post in public is accurate and fit for children",
        "Posts on social media are out of reach, and what is fit is for people to judge.",
    ),
    Clause("STAFF-SUITABLE", "Only vetted staff teach and observe", GUIDANCE),
    Clause("SESSION-APPROVED", "Sessions are timetabled and approved", GUIDANCE),
)
