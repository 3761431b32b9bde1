"""How fast recordings may be copied: a cap by day, none by night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from zoomguard.domain.times import zone

BITS_OF_A_BYTE, MEGA = 8, 1_000_000


@dataclass(frozen=True)
class Bandwidth:
    """`megabits_per_second` in all (0: no cap), and the hours of the college's zone in which there is none.

    Where both hours are the same, the cap always holds.
    """

    megabits_per_second: int = 200
    full_speed_from: time = time(20)
    full_speed_until: time = time(7)

    def bytes_per_second(self, now: datetime, college_zone: str) -> float | None:
        """The cap at this moment (aware), or None where there is none."""
        if not self.megabits_per_second or self._is_free(now.astimezone(zone(college_zone)).time()):
            return None
        return self.megabits_per_second * MEGA / BITS_OF_A_BYTE

    def _is_free(self, at: time) -> bool:
        start, end = self.full_speed_from, self.full_speed_until
        return start <= at < end if start < end else (at >= start or at < end) and start != end
