"""A process that schedules, cancels or works, until it comes to the point at which a test wants it killed.

Told by its arguments: what to do, as whom, and with what; by the environment: where, and at which point.
"""

import json
import os
import sys
from typing import Any

from zoomguard.bootstrap import House, load_settings, open_house
from zoomguard.domain.errors import ZoomguardError
from zoomguard.domain.sessions import ScheduleAsk
from zoomguard.worker.runner import Runner


def act(house: House, what: str, email: str, said: dict[str, Any]) -> None:
    """Does it once; what goes wrong outside is left to whoever comes next."""
    app = house.app
    if what == "work":
        runner = Runner(app, house.claims, house.clock)
        for _ in sys.stdin:  # each line is a round
            print(runner.run_due(tuple(said["kinds"])), flush=True)
        return
    who = app.access.who(app.access.issue(email).token)
    if what == "cancel":
        app.sessions.cancel(who, said["session"])
    else:
        app.sessions.schedule(who, ScheduleAsk(**{**said, "children": tuple(said["children"])}))


if __name__ == "__main__":
    with open_house(load_settings(os.environ)) as opened:
        try:
            act(opened, sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
        except ZoomguardError as error:
            print(error.code)
