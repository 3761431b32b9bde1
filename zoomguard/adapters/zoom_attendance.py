"""Who was at a meeting that is over: developers.zoom.us/docs/api/meetings, "past meetings"."""

from __future__ import annotations

from zoomguard.adapters.zoom_calls import Json, ZoomCalls, uuid_segment
from zoomguard.application.ports import Attendance
from zoomguard.domain.errors import OutsideFailed

NOT_KNOWN = frozenset({"ZOOM_NO_MEETING", "ZOOM_NOT_FOUND"})


class ZoomAttendance:
    """Counts visitors of past meetings."""

    def __init__(self, calls: ZoomCalls) -> None:
        self._calls = calls

    def of_meeting(self, number: int) -> Attendance | None:
        """Who was there over all instances of a meeting; None where Zoom knows no such meeting.

        Zoom names nobody where one person was alone, and whoever only waited was not there.
        """
        try:
            instances = list(self._calls.items(f"/past_meetings/{number}/instances", "meetings"))
            visitors = sum(self._of_instance(str(i.get("uuid", ""))) for i in instances)
        except OutsideFailed as error:
            if error.code in NOT_KNOWN:
                return None
            raise
        return Attendance(len(instances), visitors)

    def _of_instance(self, uuid: str) -> int:
        path = f"/past_meetings/{uuid_segment(uuid)}/participants"
        return sum(map(_is_visitor, self._calls.items(path, "participants")))


def _is_visitor(row: Json) -> bool:
    """Whoever Zoom does not call one of the account counts, also where it says nothing of that."""
    return row.get("status") != "in_waiting_room" and row.get("internal_user") is not True
