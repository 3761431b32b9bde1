"""What a run asks of Zoom and S3 when nothing is new: by hosts and days, however large the archive is."""

from collections import defaultdict
from pathlib import Path

import sqlalchemy as sa

from tests.archive.lessons import held, wait
from tests.archive.s3_proxy import proxied_moto
from tests.house import Home, a_home
from zoomguard.domain import ids

SIZES = (10, 1_000, 100_000)
COPIED = {
    "recording": "id, short_id, uuid",
    "bag": "recording_id, prefix",
    "recording_file": "id, recording_id, key",
}


def fill(home: Home, recordings: int) -> None:
    """Copies of the one archived recording under ids of their own; nothing else in them differs."""
    numbers = [(ids.ulid(home.clock.now()), n) for n in range(recordings)]
    with home.house.database.engine.begin() as connection:
        for table, own in COPIED.items():
            columns = [c["name"] for c in sa.inspect(connection).get_columns(table)]
            values = {"id": ":id", "recording_id": ":id", "short_id": ":n", "uuid": ":n", "prefix": ":n", "key": ":n"}
            said = ", ".join(values[c] if c in own.split(", ") else c for c in columns)
            row = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {said} FROM {table} WHERE rowid = 1"
            connection.execute(sa.text(row), [{"id": i, "n": f"made-{n}"} for i, n in numbers])


def test_a_run_with_nothing_new_asks_by_hosts_and_days_and_not_by_the_archives_size(tmp_path: Path) -> None:
    zoom, s3 = defaultdict[int, list[int]](list), list[int]()
    for size in SIZES:
        with proxied_moto() as proxy, a_home(tmp_path / f"{size}", ZOOMGUARD_S3_ENDPOINT_URL=proxy.url) as home:
            held(home)
            assert home.app.archive.run().sealed == 1
            fill(home, size - 1)
            for days in (1, 40):
                wait(home, days=days)
                asked, before = len(proxy.asked), len(home.zoom_calls("/v2/"))
                assert home.app.archive.run().exit == "done"
                zoom[days].append(len(home.zoom_calls("/v2/")) - before)
                s3.append(len(proxy.asked) - asked)
    assert set(s3) == {0}
    # Two hosts; Zoom lists 28 days at a time, from three days before the last run to tomorrow. The lesson whose day is
    # over is asked for once: how often was it begun.
    lists = {days: 2 * -(-(days + 3 + 2) // 28) for days in (1, 40)}
    assert zoom == {1: [lists[1] + 1] * len(SIZES), 40: [lists[40]] * len(SIZES)}
