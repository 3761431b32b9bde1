"""What every test may ask for: real servers and a browser where this machine has them.

ZOOMGUARD_TEST_NO_SKIP=1 turns every skip into a failure; ZOOMGUARD_TEST_DEEP=1 runs deep tests whole.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from tests.measured import Measuring
from tests.servers import localstack, postgres, rclone, s3rver
from tests.servers.shared import Missing, address, stop_all

# boto3 reads its descriptions of S3 anew for each client, which took more than all else that an installation needs to
# begin. They do not change: once for each process is enough.
botocore.session.create_loader = cache(botocore.session.create_loader)
# SQLAlchemy compiles each statement once for each engine, and every home has one of its own: a sixth of all that the
# tests' processes do. Engines to the same kind of database compile to the same, so they share what is compiled.
COMPILED: LRUCache[Any, Any] = LRUCache(2000)
Engine._compiled_cache = property(lambda _: COMPILED, lambda _, __: None)
DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)
DefaultDialect.__hash__ = lambda one: hash(type(one))

SHARED = pytest.StashKey[Path]()
OWNER = pytest.StashKey[int]()
MARK_OF = {
    "new_postgres_database": "needs_postgres",
    "localstack_url": "needs_localstack",
    "rclone_url": "needs_rclone",
    "rclone_tls": "needs_rclone",
    "s3rver_url": "needs_s3rver",
    "chromium_path": "needs_chromium",
}
DEEP = os.environ.get("ZOOMGUARD_TEST_DEEP") == "1"
NO_SKIP = os.environ.get("ZOOMGUARD_TEST_NO_SKIP") == "1"

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("sample", unhurried, max_examples=50, derandomize=True, database=None)
settings.register_profile("deep", unhurried, max_examples=2000, print_blob=True)
settings.load_profile("deep" if DEEP else "sample")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands that run in the tests' own process set logging up for themselves, onto a stream that is closed after."""
    root = logging.getLogger()
    level, formatters = root.level, [(handler, handler.formatter) for handler in root.handlers]
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)
    for handler, formatter in formatters:
        handler.setFormatter(formatter)


@pytest.fixture(scope="session")
def deep() -> bool:
    """Whether a test marked deep should try everything, not a sample."""
    return DEEP


@pytest.fixture(scope="session")
def new_postgres_database(pytestconfig: pytest.Config) -> Callable[..., str]:
    """`new_postgres_database(template="template1")` gives the address of an empty database, or of a copy."""
    return partial(postgres.create_database, server(pytestconfig, "postgres", postgres.start))


@pytest.fixture
def postgres_url(new_postgres_database: Callable[..., str]) -> str:
    """The address of an empty PostgreSQL database that this test has to itself."""
    return new_postgres_database()


@pytest.fixture(scope="session")
def localstack_url(pytestconfig: pytest.Config) -> str:
    """The address of LocalStack's S3; every worker sees the same buckets, so give yours a name of its own."""
    return server(pytestconfig, "localstack", localstack.start)


@pytest.fixture(scope="session")
def rclone_url(pytestconfig: pytest.Config) -> str:
    """The address of rclone's S3, which takes `rclone.ACCESS_KEY` alone; every worker sees the same buckets."""
    return server(pytestconfig, "rclone", rclone.start)


@pytest.fixture(scope="session")
def s3rver_url(pytestconfig: pytest.Config) -> str:
    """The address of s3rver, which takes `s3rver.ACCESS_KEY` alone; every worker sees the same buckets."""
    return server(pytestconfig, "s3rver", s3rver.start)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The path of a Chromium for Playwright's `executable_path`."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("Chromium is missing (on Debian: apt-get install chromium)")


def server(config: pytest.Config, name: str, start: Callable[[int], Any]) -> str:
    try:
        return address(config.stash[SHARED], name, partial(start, config.stash[OWNER]))
    except Missing as missing:
        pytest.skip(str(missing))


def pytest_configure(config: pytest.Config) -> None:
    told: dict[str, Any] = getattr(config, "workerinput", {})
    config.stash[SHARED] = Path(told.get("shared") or tempfile.mkdtemp(prefix="zoomguard-tests-"))
    config.stash[OWNER] = told.get("owner") or os.getpid()
    if config.pluginmanager.hasplugin("_cov"):
        config.pluginmanager.register(Measuring())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each of pytest-xdist's workers where the servers of this run are noted, and how long they live."""
    node.workerinput["shared"] = str(node.config.stash[SHARED])
    node.workerinput["owner"] = node.config.stash[OWNER]


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        stop_all(config.stash[SHARED])


# Towns of real processes that are looked at from outside alone; the demo is measured, for nothing else runs it whole.
OUTSIDE, MEASURED = Path(__file__).parent / "e2e", ("test_demo.py",)
# Processes that are killed write no figures, and one of these tests walks through every operation anew.
UNMEASURED = frozenset(
    {"test_crash_points.py", "test_archive_crashes.py", "test_archive_after_a_kill.py", "test_slow_and_frozen.py"}
)
# What others run through already, found by a run with --cov-context=test: without these, which took two fifths of the
# time, coverage falls by less than a half per cent, and in domain and rules by nothing.
AGAIN = frozenset(
    f"{folder}/test_{name}.py"
    for folder, names in {
        "application": "called_off contacts faults_answers faults_creating incidents mail_races messages_desk "
        "observers_pool observers_released observers_suggested rechecks rechecks_events refusals reminders schedule "
        "schedule_statements short_asks",
        "archive": "archive_bag archive_calls copies disk_full far_ends few_files hosts late_reads missing "
        "missing_again reconcile reconcile_at_zoom reconcile_index reconcile_locks replaced_accounts reviewing "
        "service_policy stock_bagit strange_recordings verify zoom_faults",
        "web": "api_shapes doors quick_schedule",
    }.items()
    for name in names.split()
)


# Thousands of tests that take no time: run last, so that no worker is left with slow ones when the others end.
QUICK = frozenset({"cli", "domain", "rules", "settings", "test_architecture.py"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.relative_to(Path(__file__).parent).parts[0] in QUICK)
    for item in items:
        from_outside = OUTSIDE in item.path.parents and item.path.name not in MEASURED
        if from_outside or item.path.name in UNMEASURED:
            item.add_marker("outside")
        if f"{item.path.parent.name}/{item.path.name}" in AGAIN:
            item.add_marker("again")
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in MARK_OF:
                item.add_marker(MARK_OF[fixture])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    refuse_a_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_a_skip(report)
    return report


def refuse_a_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Nothing may be skipped here (ZOOMGUARD_TEST_NO_SKIP=1). {reason}"
