"""Schedules in a process of its own and says, as JSON, what came of it and the most memory it took."""

import json
import os
import sys

from tests.archive.archive_child import peak_kb
from zoomguard.bootstrap import load_settings, open_house
from zoomguard.domain.errors import ZoomguardError
from zoomguard.domain.sessions import ScheduleAsk


def main() -> None:
    ask = json.loads(sys.argv[2])
    with open_house(load_settings(os.environ)) as house:
        who = house.app.access.who(house.app.access.issue(sys.argv[1]).token)
        code = ""
        try:
            house.app.sessions.schedule(who, ScheduleAsk(**{**ask, "children": tuple(ask["children"])}))
        except ZoomguardError as error:
            code = error.code
        print(json.dumps({"code": code, "peak_mb": peak_kb() / 1000}))


if __name__ == "__main__":
    main()
