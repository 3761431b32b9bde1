"""What a professional would not write to a child: noticed in words that somebody typed, never rewritten.

English alone, by lists and patterns: a hint for the writer and the safeguarding lead, not a judgement. Words that
lessons use (x in an equation, the Hun, Bloody Sunday, The Secret Garden) are left alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Manner(StrEnum):
    """What was noticed, as it is told to the writer."""

    KISSES = "kisses"
    EMOJI = "emoji"
    SLANG = "slang"
    RUDE = "rude words"
    CAPITALS = "words in capital letters"
    SECRECY = "words that ask for secrecy"
    ELSEWHERE = "another way to get in touch"
    NUMBER = "a telephone number"
    HANDLE = "a personal address"


FOR_THE_LEAD = frozenset({Manner.SECRECY, Manner.ELSEWHERE})


@dataclass(frozen=True)
class Noticed:
    """One thing noticed and the words in which it was; these are for the writer's eyes, never for a log."""

    manner: Manner
    words: str

    @property
    def for_the_lead(self) -> bool:
        """Whether this is more than tone: the safeguarding lead should know."""
        return self.manner in FOR_THE_LEAD


def noticed(text: str, known_numbers: Iterable[str] = ()) -> tuple[Noticed, ...]:
    """What is out of place in a text, each kind with its first words; the college's `known_numbers` are not."""
    plain = _plain(text)
    found = {
        Manner.KISSES: _kisses(plain),
        Manner.EMOJI: _first(_EMOJI, plain),
        Manner.SLANG: _first(_SLANG, plain),
        Manner.RUDE: _first(_RUDE, plain),
        Manner.CAPITALS: _capitals(plain),
        Manner.SECRECY: _first(_SECRECY, plain),
        Manner.ELSEWHERE: _first(_ELSEWHERE, plain),
        Manner.NUMBER: next(_numbers(plain, {_digits(n) for n in known_numbers}), ""),
        Manner.HANDLE: _first(_HANDLE, plain),
    }
    return tuple(Noticed(manner, words) for manner, words in found.items() if words)


def readable(text: str) -> bool:
    """Whether the text is in Latin letters, which alone are looked at; a text without any letter is."""
    letters = [c for c in text if c.isalpha()]
    return 2 * sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) >= len(letters)


def _plain(text: str) -> str:
    """Wide and styled letters as plain ones, one kind of apostrophe, hidden characters gone (emoji selectors stay)."""
    composed = unicodedata.normalize("NFKC", text).replace("\u2019", "'").replace("\u02bc", "'")
    return "".join(c for c in composed if unicodedata.category(c) != "Cf")


def _any_of(*patterns: str, flags: int = re.IGNORECASE | re.MULTILINE) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{p})" for p in patterns), flags)


def _words(words: str, flags: int = re.IGNORECASE) -> str:
    """Whole words; a word in which capitals count is matched in small letters alone."""
    listed = "|".join(words.split())
    return rf"\b(?:{listed})\b" if flags else rf"\b(?-i:{listed})\b"


_FAREWELL = "thanks thank bye love cheers soon tomorrow later week luck night care regards wishes you then done"
_MATHS = (
    "find solve plot draw calculate expand let for simplify evaluate differentiate factorise factorize isolate"
    " integrate define compute eliminate substitute determine sketch label of in is and or than times by"
)
_NO_NUMERAL = "".join(rf"(?<!{word} )" for word in ("chapter", "part", "volume", "unit", "page", "section", "book"))
_KISSES = _any_of(
    r"\b(?:xo){2,}x?\b",
    rf"{_NO_NUMERAL}(?<![\w=+*/^(-])(?<![=+*/^(-] )(?-i:x(?:x+|(?: x){{2,}}))(?![\w=+*/^)-]| [=+*/^])",
    rf"{_NO_NUMERAL}\bX{{2,}}[ .!]*$",
    r"[.!?] *\bx(?: x)*[ .!]*$",
    rf"\b(?:{'|'.join(_FAREWELL.split())})[,!.]? x(?: x)*[ .!]*$",
)
_SIGNED = re.compile(r"(?:[A-Z][\w'.-]* ){1,3}[xX][ .!]*")
_EMOJI = _any_of(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u263a\u2639\u263b\u2665\u2764\u2763\u2728\u270c\u261d\u270b\u2b50]",
    r"\S\ufe0f",
    r"(?<!\S)[:;]['-]?[()DPp*](?!\w)",
    r"\b(?:you|this|it|all|love|lesson|class)[.!]? ?<3(?!\w)",
)
_SLANG = _any_of(
    _words("lol lmao rofl omg wtf gonna wanna gotta dunno cya ttyl brb thx plz m8 babe babes luv bae bruv innit"),
    _words("dude sweetie hunny bestie cutie wassup kinda sorta hottie"),
    _words("hun ur bro yeah", flags=0),
    r"\b(?:r|c|see|thank|love|miss|are|do|can|for|tell) u\b(?! *[=+*/^])",
    r"\bu (?:r|ok|okay|there|can|are|know|should|need|got)\b",
)
_RUDE = _any_of(
    r"\b(?:mother)?fuck\w*",
    r"\b(?:bull)?shit(?:s|ty|e|ting)?\b",
    r"\bbitch(?:es|y|ing)?\b",
    r"\b(?:cunt|wank|wanker|twat|tosser|slut|whore|bastard|idiot|moron|retard)s?\b",
    r"\bpiss(?:ed|ing)?\b",
    r"\b(?:arses?|(?:arse|ass)holes?)\b",
    _words("bollocks bugger crap crappy damn sexy stupid shut.up dumbass"),
    _words("bloody dick dickhead", flags=0),
)
_SECRECY = _any_of(
    r"\bkeep (?:this|it|that|all this)\b.{0,20}\b(?:between|to yourself|to ourselves|secret|private|quiet)\b",
    r"\bjust between (?:us|you and me|ourselves|the two of us)\b",
    r"\bbetween you and me\b",
    r"\b(?:don'?t|do not|never|mustn'?t|must not|shouldn'?t|should not|not to|no need to)(?: ever)? tell\b",
    r"\b(?:don'?t|do not|never)(?: ever)? (?:mention|show|say)\b.{0,30}\b(?:any(?:one|body)|mum|dad|parents?|else)\b",
    r"\bour (?:little |own )?secret\b",
    r"\bkeep (?:a|our|my|the) secret\b",
    r"\b(?:no ?one|nobody)(?: else)? (?:needs|has|must|should|is) to know\b|\b(?:no ?one|nobody)(?: else)? must know\b",
    r"\bwithout (?:telling|your (?:mum|dad|parents?|mother|father|guardians?) (?:knowing|there))\b",
    r"\bdelete (?:this|these|our|my|the) (?:message|mail|e-?mail|chat|text)s?\b",
)
_ELSEWHERE = _any_of(
    _words("what'?s?.?app snapchat instagram insta tiktok facebook facetime imessage wechat viber onlyfans"),
    r"\b(?:on|via|over) (?:snap|discord|telegram|signal|messenger|skype|kik|roblox)\b",
    r"\b(?:my|your) (?:snap|discord|telegram|kik|skype)\b",
    r"\b(?:text|ring|call|phone|dm|pm|whatsapp|snap|add|follow|friend) me\b(?! (?:a |an |the |mr|mrs|ms|miss|dr))",
    r"\bmy (?:own|personal|private) (?:e-?mail|mail|number|phone|mobile|account|address|page)\b",
    r"\b(?:what'?s|what is|send me|give me) your (?:mobile|phone|number)\b",
    r"\bmeet (?:me|up)? ?(?:alone|in private|outside (?:of )?(?:the )?(?:lesson|school|class)s?)\b",
)
_HANDLE = _any_of(
    r"(?<![\w.@])@[a-z0-9_][a-z0-9_.]+\b(?!\()",
    r"\b[\w.+-]+@(?:gmail|googlemail|hotmail|outlook|live|yahoo|icloud|me|aol|proton|protonmail|gmx)\.[a-z.]+\b",
)
_NUMBER = _any_of(r"(?<![\w.,])\(?(?:\+|0)\d[\d ()./-]{7,20}\d(?!\w)", r"(?<![\w.,])\(?\d{3}\)?[ -]\d{3}-\d{4}(?!\w)")
_DATE = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4})\b")
_SHOUTED = re.compile(r"\b[A-Z']{2,}(?:[ ,]+(?:[A-Z']{2,}|[AI]\b))+[!?]*")


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[0].strip() if match else ""


def _kisses(text: str) -> str:
    return _first(_KISSES, text) or _signed_with_one(text)


def _signed_with_one(text: str) -> str:
    """An x on a last line of its own, or behind the name there: a kiss, where it is no task such as "Find x"."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return ""
    last = lines[-1]
    if last.rstrip(" .!").casefold() == "x":
        return last
    words = last.casefold().split()
    return last if _SIGNED.fullmatch(last) and not set(words).intersection(_MATHS.split()) else ""


def _capitals(text: str) -> str:
    """Words shouted one after the other; abbreviations (GCSE, NATO) stand alone or are short."""
    for match in _SHOUTED.finditer(text):
        words = re.findall(r"[A-Z']+", match[0])
        letters, longest = sum(map(len, words)), max(map(len, words))
        loud = match[0].endswith(("!", "?")) or match[0] == text.strip(" .\n")
        if (loud and longest >= 4 and letters >= 6) or (longest >= 5 and len(words) >= 3):
            return match[0]
    return ""


def _numbers(text: str, known: set[str]) -> Iterator[str]:
    for match in _NUMBER.finditer(_DATE.sub(";", text)):
        digits = _digits(match[0])
        if 9 <= len(digits) <= 15 and digits not in known:
            yield match[0].strip()


def _digits(text: str) -> str:
    """The digits as dialled at home: +44 1865 and 01865 are one number."""
    digits = re.sub(r"\(0\)|\D", "", text)
    return "0" + digits[2:] if text.strip().startswith("+44") else digits
