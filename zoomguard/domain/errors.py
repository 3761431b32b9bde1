"""Every error that zoomguard raises on purpose, with a stable code.

The tree (HTTP status and exit code are tables at the edges, `web/errors.py` and `cli/show.py`):

    ZoomguardError
    ├── BadInput              the ask is malformed
    │   ├── UnknownReference  it names a person, child or thing that is not on record
    │   └── SettingsWrong     the service is set up wrongly and does not start
    ├── Refused               the rules say no; carries the findings
    ├── Conflict              the thing is in a state that does not allow this
    ├── NotAllowed            this person may not do this
    │   ├── NotSignedIn       no token, or one that has ended
    │   └── NotThere          it does not exist, or not for this person: both answer alike
    ├── OutsideFailed         Zoom, S3 or the mail server failed or could not tell
    │   ├── OutcomeUnknown    the answer was lost: it may or may not have happened
    │   ├── Throttled         the other side wants us to wait, with the moment to go on
    │   └── Busy              our own service is full for now
    ├── IntegrityFailed       evidence does not agree with itself
    └── Fault                 a defect of ours

A message says what happened, a remedy what to do. Neither holds a secret, a link with a token, or a
child's name.
"""

from __future__ import annotations

from datetime import datetime

from zoomguard.domain.findings import Finding


class ZoomguardError(Exception):
    """An error with a stable `code`, a `message` (what happened) and a `remedy` (what to do)."""

    code = "ERROR"

    def __init__(self, message: str, remedy: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if code is not None:
            self.code = code


class BadInput(ZoomguardError):
    """The ask is malformed: exit 2."""

    code = "BAD_INPUT"


class UnknownReference(BadInput):
    """The ask names somebody or something that is not on record."""

    code = "UNKNOWN_REF"


class SettingsWrong(BadInput):
    """The service does not start: `lines` holds one clear line for each wrong setting."""

    code = "SETTINGS"

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines), "Correct the settings named above and start again.")
        self.lines = lines


class Refused(ZoomguardError):
    """The rules say no. `findings` says which and what to do; `zoom_writes` what was written at Zoom."""

    code = "REFUSED"

    def __init__(self, findings: tuple[Finding, ...], *, zoom_writes: int = 0, session: object = None) -> None:
        super().__init__(f"{len(findings)} thing(s) are in the way.", "See the findings.")
        self.findings = findings
        self.zoom_writes = zoom_writes
        self.session = session


class Conflict(ZoomguardError):
    """The thing is in a state that does not allow this: exit 1."""

    code = "CONFLICT"


class NotAllowed(ZoomguardError):
    """This person may not do this: exit 3."""

    code = "NOT_ALLOWED"


class NotSignedIn(NotAllowed):
    """No token, or one that has ended."""

    code = "NOT_SIGNED_IN"


class NotThere(NotAllowed):
    """It does not exist, or not for this person; both answer alike so that nothing can be guessed."""

    code = "NOT_THERE"


class OutsideFailed(ZoomguardError):
    """Zoom, S3 or the mail server failed or could not tell: exit 4. `permanent` says that waiting does not help."""

    code = "OUTSIDE_FAILED"

    def __init__(
        self, message: str, remedy: str = "Try again later.", *, code: str | None = None, permanent: bool = False
    ) -> None:
        super().__init__(message, remedy, code=code)
        self.permanent = permanent


class OutcomeUnknown(OutsideFailed):
    """The answer to a change was lost: it may or may not have happened. Look before repeating."""

    code = "OUTCOME_UNKNOWN"


class Throttled(OutsideFailed):
    """The other side wants us to wait until `retry_at` (aware UTC, or None where it did not say)."""

    code = "THROTTLED"

    def __init__(self, message: str, retry_at: datetime | None, *, code: str | None = None) -> None:
        super().__init__(message, "Nothing to do: zoomguard goes on by itself later.", code=code)
        self.retry_at = retry_at


class Busy(OutsideFailed):
    """Our own service is full, or its database cannot be reached, for now."""

    code = "BUSY"


class IntegrityFailed(ZoomguardError):
    """Evidence does not agree with itself: exit 5."""

    code = "INTEGRITY"


class Fault(ZoomguardError):
    """A defect of ours: exit 70."""

    code = "FAULT"
