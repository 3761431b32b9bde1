"""Zoom's refusals: a status and a body {code, message, errors?}."""

from collections.abc import Iterable, Mapping

from zoomguard.sandbox.wire import Answer, json_answer


class ZoomRefusal(Exception):
    """Zoom says no. `code` is Zoom's own number, independent of the HTTP status."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: Iterable[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}/{code}")
        self.status, self.code, self.message = status, code, message
        self.errors, self.headers = list(errors), headers or {}

    def answer(self) -> Answer:
        document: dict[str, object] = {"code": self.code, "message": self.message}
        if self.errors:
            document["errors"] = self.errors
        return json_answer(self.status, document, self.headers)


def invalid(*fields: str, why: str = "Invalid field.") -> ZoomRefusal:
    """400/300 naming the fields."""
    return ZoomRefusal(400, 300, "Validation Failed.", [{"field": name, "message": why} for name in fields])


def bad_token(message: str = "Invalid access token.") -> ZoomRefusal:
    return ZoomRefusal(401, 124, message)


def missing_scope(scope: str) -> ZoomRefusal:
    return ZoomRefusal(400, 4711, f"Invalid access token, does not contain scopes:[{scope}].")


def unknown_user(user: str) -> ZoomRefusal:
    return ZoomRefusal(404, 1001, f"User does not exist: {user}.")


def unknown_meeting(number: object) -> ZoomRefusal:
    return ZoomRefusal(404, 3001, f"Meeting does not exist: {number}.")


def no_recording() -> ZoomRefusal:
    return ZoomRefusal(404, 3301, "This recording does not exist.")


def per_second_limit() -> ZoomRefusal:
    message = "You have reached the maximum per-second rate limit for this API. Try again later."
    headers = {
        "X-RateLimit-Type": "QPS",
        "X-RateLimit-Limit": "30",
        "X-RateLimit-Remaining": "0",
        "Retry-After": "1",
    }
    return ZoomRefusal(429, 429, message, headers=headers)


def daily_limit(again_at: str) -> ZoomRefusal:
    """429 for the account's day; Retry-After is an ISO datetime, as Zoom sends it."""
    message = (
        "You have reached the maximum daily rate limit for this API. Refer to the response header for "
        "details on when you can make another request."
    )
    headers = {
        "X-RateLimit-Type": "Daily-limit",
        "X-RateLimit-Limit": "60000",
        "X-RateLimit-Remaining": "0",
        "Retry-After": again_at,
    }
    return ZoomRefusal(429, 429, message, headers=headers)


def user_day_limit(limit: int, what: str, who: str) -> ZoomRefusal:
    """429 for one user's or registrant's day; only its text tells it from the others."""
    message = f"You have exceeded the daily rate limit ({limit}) of {what} API requests permitted for {who}."
    return ZoomRefusal(429, 429, message)
