"""Somebody of the staff at the pages: their sign-in, their forms, and whether anything has changed."""

import hashlib
import re
import sqlite3
from dataclasses import dataclass
from html import unescape

from tests.house import Home
from tests.web.browsing import csrf_of, look, send, words
from tests.web.serving import Reply, Site

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass
class Desk:
    """One visitor, signed in."""

    site: Site
    cookie: str
    csrf: str

    def look(self, path: str) -> Reply:
        return look(self.site, path, self.cookie)

    def read(self, path: str) -> str:
        """What stands on a page that is there."""
        reply = self.look(path)
        assert reply.status == 200, words(reply)
        return unescape(words(reply))

    def send(self, path: str, **fields: str) -> Reply:
        """A form of ours."""
        return send(self.site, path, {"csrf": self.csrf, **fields}, self.cookie)


def at_desk(home: Home, site: Site, email: str) -> Desk:
    """Signs somebody in."""
    token = home.app.access.sign_in(email).token
    return Desk(site, token, csrf_of(look(site, "/", token)))


def second_press(reply: Reply, button: str) -> dict[str, str]:
    """The hidden fields of the form in which a button stands, without what proves that it is ours."""
    forms = [f for f in re.findall(r"<form.*?</form>", reply.body.decode(), re.DOTALL) if f">{button}</button>" in f]
    assert len(forms) == 1, words(reply)
    return {name: value for name, value in HIDDEN.findall(forms[0]) if name != "csrf"}


def everything(home: Home) -> str:
    """A digest of all that is kept, and of all that was changed at Zoom."""
    with sqlite3.connect(home.path / "zoomguard.db") as kept:
        # Our own token at Zoom is fetched anew whenever somebody looks.
        rows = "\n".join(line for line in kept.iterdump() if '"zoom_token"' not in line)
    changed = [call for call in home.zoom_calls("meetings") if not call.startswith("GET")]
    return hashlib.sha256(f"{rows}{changed}".encode()).hexdigest()


def question(home: Home, person: str, course: str) -> str:
    """The path of the newest link by which somebody was asked to observe a course."""
    home.do_due("send_message")
    mails = [m for m in home.sandbox.mail() if m["to"] == person and course in m["subject"]]
    found = [link for m in mails for link in re.findall(r"/o/[\w-]+", m["text"])]
    return str(found[-1])
