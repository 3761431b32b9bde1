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

    def of_meeting(self, number: int, but: frozenset[str]) -> Attendance | None:
        """Who was there at all instances of a meeting but these; None where Zoom knows no such meeting.

        Zoom names nobody where one person was alone, and whoever only waited was not there.
        """
        try:
            found = self._calls.items(f"/past_meetings/{number}/instances", "meetings")
            instances = {str(i.get("uuid", "")) for i in found}
            visitors = {uuid: self._of_instance(uuid) for uuid in sorted(instances - but)}
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
