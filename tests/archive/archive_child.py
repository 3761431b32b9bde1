"""`archive` in a process of its own, to be killed: says its progress, and at the end its memory, as JSON lines."""

import json
import os
from pathlib import Path

from zoomguard.bootstrap import load_settings, open_house


def peak_kb() -> int:
    """The peak of this process alone: getrusage would begin with the parent's."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("VmHWM:")))


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    with open_house(load_settings(os.environ)) as house:
        idle = peak_kb()
        tally = house.app.archive.run(progress=lambda name, done, total: say(name=name, done=done))
        say(exit=tally.exit, wrong=tally.wrong, postponed=tally.postponed, idle_kb=idle, peak_kb=peak_kb())


if __name__ == "__main__":
    main()
