"""From facts to HTML: one set of templates, one policy of what a page may load."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from zoomguard.web.pages import assets, notices, standing, words

# For staff: this service alone, no inline style or script. For doors: not even a script.
STAFF_CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
DOOR_CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# What stands in the navigation of staff pages: address and name.
PLACES = (("/", "My day"),)


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("zoomguard.web"),
        autoescape=True,  # By file name it would leave some templates out.
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({**words.FILTERS, **standing.FILTERS, **notices.FILTERS})
    made.globals["asset"] = assets.address
    drawn = made.get_template("icons.html").module
    made.globals.update({name: getattr(drawn, name) for name in ("icon", "state", "tel", "to_tell", "mark")})
    return made


TEMPLATES = _environment()


def render(
    request: Request, template: str, status: int = 200, *, headers: Mapping[str, str] | None = None, **facts: object
) -> HTMLResponse:
    """A page. Staff pages give their `visitor`; a name that a template wants and nobody gave is an error."""
    application = request.app.state.application
    terms = application.installation.terms
    always = {
        "contacts": terms.contacts,
        "organisation": terms.organisation,
        "zone": terms.zone,
        "sandbox": application.environment == "sandbox",
        "places": PLACES,
        "here": request.url.path,
        "visitor": None,
    }
    page = TEMPLATES.get_template(template).render(**{**always, **facts})
    return HTMLResponse(page, status, {"Content-Security-Policy": STAFF_CSP, **(headers or {})})
