"""How long a practised person needs, counted from what the hands did: the keystroke-level model.

Card, Moran, Newell: The keystroke-level model for user performance time with interactive systems, Communications of
the ACM 23 (1980), 396-410: K 0.28 s (average non-secretary typist, 40 words a minute; a shift key is a stroke of its
own), P 1.10 s, H 0.40 s, M 1.35 s. B, a mouse button pressed or released, is 0.10 s as in Kieras's guide to the model
(1993), where a click is BB. What the service needs itself comes on top: see scripts/bench.

M is put by the usual heuristics (rules 0 to 4 of that paper): before the name of a command, before each of its
arguments (day and time are two), before each field and each button, and before the key that sends a command off; none
within an argument, and none before a key that is pressed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

SECONDS = {"K": 0.28, "P": 1.10, "B": 0.10, "H": 0.40, "M": 1.35}
SHIFTED = re.compile(r'[A-Z!"£$%^&*()_+{}:@~<>?|]+')  # The same on a British keyboard as they are used here.


def seconds(operators: Iterable[str]) -> float:
    """The model's time for a row of operators, each one letter."""
    return round(sum(SECONDS[o] for o in operators), 2)


def written(operators: Iterable[str]) -> str:
    """The same to be read: "M 18K M P BB"."""
    runs = ((o, len(list(same))) for o, same in groupby(operators))
    return " ".join("BB" * (n // 2) if o == "B" else o if n == 1 else f"{n}{o}" for o, n in runs)


# At a shell ---------------------------------------------------------------------------------------------------------


def typed(*units: str) -> list[str]:
    """A command as it is typed, and Enter: each of its units is thought of by itself."""
    operators = [o for n, unit in enumerate(units) for o in ("M", *_strokes(f" {unit}" if n else unit))]
    return [*operators, "M", "K"]


def _strokes(text: str) -> list[str]:
    """A stroke for each character, and one for each time that shift is pressed."""
    return ["K"] * (len(text) + len(SHIFTED.findall(text)))


def edited(keys: Sequence[str]) -> list[str]:
    """A command of before that is fetched and changed, key by key: "think" stands where a person looks and thinks."""
    return ["M" if key == "think" else "K" for key in keys]


# At a page ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One event that a browser told of: its type, the control (its name or words), and the key or value."""

    event: str
    control: str
    value: str = ""


def inputs(steps: Iterable[Step]) -> list[str]:
    """The controls whose value a person changed, each once."""
    return list(dict.fromkeys(s.control for s in steps if s.event in ("input", "change")))


def presses(steps: Iterable[Step]) -> list[str]:
    """The buttons that sent a form, however they were pressed."""
    return [s.control for s in steps if s.event == "submit"]


def at_page(steps: Iterable[Step]) -> list[str]:
    """What the hands did, which begin at the mouse: pointing before each press of its button, a stroke for each key,
    a way between the two devices, and a thought before each field that is begun and each button."""
    operators: list[str] = []
    hand, thought_of = "mouse", ""
    for step in steps:
        device = {"mousedown": "mouse", "mouseup": "mouse", "keydown": "keys"}.get(step.event)
        if device is None:
            continue
        sends = step.event == "keydown" and step.value == "Enter"
        if step.value not in ("Tab", "Shift") and (step.control != thought_of or sends):
            operators.append("M")
            thought_of = step.control
        operators += ["H"] * (device != hand)
        hand = device
        operators += {"mousedown": ["P", "B"], "mouseup": ["B"], "keydown": ["K"]}[step.event]
    return operators
