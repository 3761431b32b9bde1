"""What a browser says to pages, and what people read on them."""

import re
from urllib.parse import urlencode

from tests.web.serving import Reply, Site

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
FORM = {"Content-Type": "application/x-www-form-urlencoded", **BROWSER}
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


def look(site: Site, path: str, cookie: str = "") -> Reply:
    """A page, as a browser asks for it; `cookie` is the token of a sign-in."""
    return site.ask("GET", path, headers=BROWSER | as_cookie(cookie))


def send(site: Site, path: str, fields: dict[str, str], cookie: str = "", **headers: str) -> Reply:
    """A form, as a browser sends it."""
    said = FORM | as_cookie(cookie) | {name.replace("_", "-"): value for name, value in headers.items()}
    return site.ask("POST", path, urlencode(fields).encode(), headers=said)


def as_cookie(token: str) -> dict[str, str]:
    """The header of a browser that is signed in."""
    return {"Cookie": f"zg={token}"} if token else {}


def csrf_of(reply: Reply) -> str:
    """What the forms of a page carry, which is the same in each."""
    (found,) = set(CSRF.findall(reply.body.decode()))
    return str(found)


def words(reply: Reply) -> str:
    """What stands in the middle of a page, without its mark-up."""
    main = reply.body.decode().partition("<main")[2].partition("</main>")[0]
    main = main.replace("<wbr>", "")
    return " ".join(re.sub(r"<[^>]*>", " ", f"<{main}").split())
