"""The make-believe Zoom's doors: one port for OAuth, the API and downloads, one for the CDN."""

import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from zoomguard.sandbox import (
    zoom_live,
    zoom_meetings,
    zoom_past,
    zoom_recordings,
    zoom_registrants,
    zoom_users,
)
from zoomguard.sandbox.calls import Calls
from zoomguard.sandbox.clock import SandboxClock
from zoomguard.sandbox.downloads import CDN, DOWNLOAD, Downloads, ExpiredTokens
from zoomguard.sandbox.faults import Faults
from zoomguard.sandbox.people import STAFF
from zoomguard.sandbox.play import Stage
from zoomguard.sandbox.portal import Portal
from zoomguard.sandbox.quirks import Quirks
from zoomguard.sandbox.school import zoom_users as school_users
from zoomguard.sandbox.strikes import Strikes
from zoomguard.sandbox.webhooks import Webhooks
from zoomguard.sandbox.wire import Answer, Ask, RouteTable, Wire, html_answer, json_answer
from zoomguard.sandbox.zoom_errors import ZoomRefusal, daily_limit, per_second_limit
from zoomguard.sandbox.zoom_oauth import TokenDoor, Tokens
from zoomguard.sandbox.zoom_state import Call, Route, ZoomState, stamp

TOPICS = (zoom_users, zoom_meetings, zoom_registrants, zoom_live, zoom_past, zoom_recordings)
ROUTES: tuple[Route, ...] = tuple(route for topic in TOPICS for route in topic.ROUTES)
PEOPLE_PAGES = ("/j/", "/w/", "/s/", "/rec/play/", "/meeting/register/")
PAGE = "<!doctype html><title>Sandbox</title><p>Here Zoom would open. This is a sandbox: nobody meets.</p>"


class Zoom:
    """A Zoom account on loopback. Its users are the staff of the sandbox's school."""

    def __init__(self, clock: SandboxClock, faults: Faults, record_to: Path | None = None) -> None:
        users = zoom_users.users_from(school_users(), clock.now() - timedelta(days=400))
        owner = next(one.email for one in STAFF if "operator" in one.roles)
        self.state = ZoomState(clock, faults, users, owner)
        self.state.tokens = Tokens(clock)
        self.state.webhooks = Webhooks(clock, faults, self.state.account_id)
        self.state.scopes = {route.scope for route in ROUTES}
        self.calls = Calls(clock, record_to)
        self.token_door = TokenDoor(self.state)
        self.stage, self.portal, self.quirks = Stage(self.state), Portal(self.state), Quirks(self.state)
        expired = ExpiredTokens(self.state)
        downloads = Downloads(self.state, expired)
        self.front = Wire(_FrontDesk(self, downloads, expired), clock)
        self.cdn = Wire(_CdnDesk(self, downloads), clock)
        self.state.origin, self.state.cdn_origin = self.front.origin, self.cdn.origin

    @property
    def webhooks(self) -> Webhooks:
        return self.state.webhooks

    def start(self) -> None:
        self.front.start()
        self.cdn.start()
        self.webhooks.start()

    def stop(self) -> None:
        self.webhooks.stop()
        self.front.stop()
        self.cdn.stop()


class _Desk:
    """Keeps the list of calls and lets connections break, round whatever a port answers."""

    port = ""

    def __init__(self, zoom: Zoom) -> None:
        self._zoom, self._faults = zoom, zoom.state.faults

    def hangs_up(self, head: Ask) -> bool:
        fault = self._faults.take("cut_connection", head.method, head.path)
        if fault:
            self._zoom.calls.note(self.port, head, None, fault.name)
        return fault is not None

    def answer(self, ask: Ask) -> Answer:
        answer = self._answer(ask)
        fault = self._faults.take("answer_lost", ask.method, ask.path)
        if fault:
            answer = replace(answer, lost=True)
        self._zoom.calls.note(self.port, ask, answer, fault.name if fault else answer.fault or None)
        return answer

    def _answer(self, ask: Ask) -> Answer:
        raise NotImplementedError


class _FrontDesk(_Desk):
    port = "zoom"

    def __init__(self, zoom: Zoom, downloads: Downloads, expired: ExpiredTokens) -> None:
        super().__init__(zoom)
        self._downloads, self._expired, self._strikes = downloads, expired, Strikes(zoom.state)
        self._routes: RouteTable[Route] = RouteTable()
        for route in ROUTES:
            self._routes.add(route.method, route.template, route)

    def _answer(self, ask: Ask) -> Answer:
        if ask.path.startswith("/v2/"):
            return self._api(ask)
        if (ask.method, ask.path) == ("POST", "/oauth/token"):
            return self._zoom.token_door.answer(ask)
        if ask.method in ("GET", "HEAD") and ask.path.startswith(DOWNLOAD):
            with self._zoom.state.lock:
                return self._downloads.redirect(ask)
        if ask.method == "GET" and ask.path.startswith(PEOPLE_PAGES):
            return html_answer(200, PAGE)
        return json_answer(404, {"code": 404, "message": "There is nothing here."})

    def _api(self, ask: Ask) -> Answer:
        found = self._routes.find(ask.method, ask.path)
        if found is None:
            return json_answer(404, {"code": 2300, "message": "This API endpoint is not recognized."})
        route, params = found
        try:
            self._limits(ask)
            with self._zoom.state.lock:
                answer = self._strikes.before(ask) or self._done(route, params, ask)
        except ZoomRefusal as refusal:
            answer = refusal.answer()
        return replace(answer, headers={**answer.headers, "X-RateLimit-Category": route.label.capitalize()})

    def _done(self, route: Route, params: dict[str, str], ask: Ask) -> Answer:
        state = self._zoom.state
        token = state.tokens.check_scope(ask.bearer, route.scope)
        self._expired.check(ask.method, ask.path, token)
        state.catch_up()
        return self._strikes.after(ask, route.handler(state, Call(ask, params, _body(ask))))

    def _limits(self, ask: Ask) -> None:
        if self._faults.take("rate_limited", ask.method, ask.path):
            raise per_second_limit()
        now = self._zoom.state.clock.now()
        fault = self._faults.see("daily_limit", ask.method, ask.path)
        if fault and fault.since_at.date() < now.date():
            self._faults.switch("daily_limit", on=False)  # midnight has passed
        elif fault and self._faults.take("daily_limit", ask.method, ask.path):
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            raise daily_limit(stamp(midnight))


class _CdnDesk(_Desk):
    port = "cdn"

    def __init__(self, zoom: Zoom, downloads: Downloads) -> None:
        super().__init__(zoom)
        self._downloads = downloads

    def _answer(self, ask: Ask) -> Answer:
        if ask.method not in ("GET", "HEAD") or not ask.path.startswith(CDN):
            return json_answer(404, {"message": "There is nothing here."})
        with self._zoom.state.lock:
            return self._downloads.deliver(ask)


def _body(ask: Ask) -> dict[str, Any]:
    if not ask.body:
        return {}
    try:
        document = json.loads(ask.body)
    except ValueError:
        raise ZoomRefusal(400, 300, "Request Body should be a valid JSON object.") from None
    if not isinstance(document, dict):
        raise ZoomRefusal(400, 300, "Request Body should be a valid JSON object.")
    return document
