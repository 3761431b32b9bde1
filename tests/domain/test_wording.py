import time

import pytest

from zoomguard.domain.wording import Manner, noticed, readable


def manners(text: str) -> list[Manner]:
    return [n.manner for n in noticed(text)]


IN_PLACE = """
Solve 3x + 5 = x
Find x
Please find x.
Solve for x!
Plot y against x
What is 2 x 3?
Differentiate x x
f xx = 3
If x > 3 then n <3
Let u = 3 and v = 4
cos x and sin x
Chapter xx and Part XX
The answer is 5 x
Dear all,/Expand (x+1)(x+2)./Find x
Well done./Mr Wren
The GCSE paper is from AQA; NATO and UNESCO are in it
The NASA ESA BBC report
The Hun at the city of Ur
Bloody Sunday and Bloody Mary
Moby Dick, arsenic, Arsenal, Scunthorpe, pass, class, the ass and the donkey
Read The Secret Garden to page 30
The signal on line 5 of the graph
The telegram of 1917
The steam engine and my line of thought
Please call me Mr Wren
We meet on 2026-12-01 16:00 as always, or on 01.12.2026 10 30
Numbers 0 1 2 3 4 5 6 7 8 9 10 11 12
0.123456789012 and 1234567890123 and 0123 456
See page 3:) and the times 1:30 and 2:45
The code 01-23-45-67
x
Segment X
A keepsake; it was between us and the sea
"""


@pytest.mark.parametrize("text", IN_PLACE.strip().splitlines())
def test_what_a_lesson_says_is_left_alone(text: str):
    assert manners(text.replace("/", "\n")) == []


OUT_OF_PLACE = {
    Manner.KISSES: "Thanks x|Thanks x x|Love, x|See you tomorrow! x|See you xx|Good work xxx|xoxo|Good XXX"
    "|Well done/x|Well done/Anna x|Well done/Mr Wren X.",
    Manner.EMOJI: "Great 😀|Great ❤️|Great 👍🏽|Great :)|Great ;-)|love this <3|🇬🇧|1\ufe0f",
    Manner.SLANG: "lol|gonna be late|r u there|see u|u ok|hey hun|that was lit innit|thx",
    Manner.RUDE: "shit|this is bloody hard|You idiot|SHUT UP|what the Fuck|arsehole",
    Manner.CAPITALS: "DON'T BE LATE|HURRY UP!|Please DON'T EVER BE late|WHERE ARE YOU?|so, I TOLD YOU!",
    Manner.SECRECY: "Keep this between us|keep it to yourself|Don't tell your mum|don\u2019t tell anyone|DO NOT TELL"
    "|never mention it to your parents|It is our little secret|nobody needs to know|no one must know"
    "|just between you and me|without telling anybody|delete these messages|Can you keep a secret, keep the secret",
    Manner.ELSEWHERE: "I am on WhatsApp|what's app me|Ｗｈａｔｓａｐｐ|wh\u200batsapp|add me on snap|on Discord|text me"
    "|my personal email|what is your number|my telegram|meet me alone",
    Manner.NUMBER: "07700 900123|+44 (0)7700 900123|(01865) 000001|(555) 123-4567|0049 30 1234567",
    Manner.HANDLE: "find @wren_t|wren@gmail.com|T.Wren+x@Hotmail.co.uk",
}


@pytest.mark.parametrize(
    ("manner", "text"), [(manner, text) for manner, texts in OUT_OF_PLACE.items() for text in texts.split("|")]
)
def test_what_is_out_of_place_is_noticed(manner: Manner, text: str):
    assert manner in manners(text.replace("/", "\n"))


def test_each_manner_has_its_examples():
    assert set(OUT_OF_PLACE) == set(Manner)


def test_the_words_themselves_are_shown_to_the_writer():
    (slang, number) = noticed("Bring it, lol. Ring 07700 900123.")
    assert (slang.words, number.words) == ("lol", "07700 900123")


def test_the_colleges_own_numbers_are_no_private_ones():
    known = ("01865 000000", "0808 800 5000")
    for text in ("Ring 01865 000000", "ring +44 1865 000000", "+44 (0)1865 000000", "NSPCC: 0808 8005000"):
        assert noticed(text, known) == ()
    (found,) = noticed("Ring 01865 000000 or 07700 900123", known)
    assert found.words == "07700 900123"


def test_secrecy_and_other_ways_to_get_in_touch_are_for_the_lead_and_tone_is_not():
    found = noticed("lol, don't tell your mum, WhatsApp 07700 900123 x")
    assert {n.manner: n.for_the_lead for n in found} == {
        Manner.SLANG: False,
        Manner.SECRECY: True,
        Manner.ELSEWHERE: True,
        Manner.NUMBER: False,
    }


READ = ("Hello", "Đọc trang 3", "", "1 + 2", "Solve for α: x")
NOT_READ = ("Привет, x", "你好")


@pytest.mark.parametrize(("text", "read"), [*((t, True) for t in READ), *((t, False) for t in NOT_READ)])
def test_only_texts_in_latin_letters_are_looked_through(text: str, read: bool):
    assert readable(text) is read


@pytest.mark.parametrize("text", ["x " * 20_000, "0 " * 20_000, "A" * 40_000, "keep this " * 4_000, "0" * 40_000])
def test_a_long_text_is_looked_through_in_a_moment(text: str):
    began = time.thread_time()
    noticed(text)
    assert time.thread_time() - began < 2
