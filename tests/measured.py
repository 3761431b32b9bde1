"""What a run with --cov measures, and how much of the code it must reach."""

import os
from collections.abc import Generator
from io import StringIO
from typing import Any

import pytest
from coverage import Coverage

# Coverage slows a test down by half. Those that look at the whole from outside, in a browser, by killing or over a
# second database or bucket, and those that run through what others have run through, are run without it.
UNMEASURED = ("outside", "again", "deep", "needs_chromium", "needs_postgres", "needs_localstack")
# By these coverage measures every Python process that a measured test starts (coverage.readthedocs.io, subprocess).
FOR_PROCESSES = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
INNER = ("zoomguard/domain/*", "zoomguard/rules/*")
LIMITS = (("everything", None, 95.0), ("domain and rules", INNER, 100.0))  # per cent of lines and branches


class Measuring:
    """A plugin beside pytest-cov's; a run that reaches too little fails."""

    def __init__(self) -> None:
        self.reports: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if not any(item.get_closest_marker(name) for name in UNMEASURED):
            return (yield)
        controller = item.config.pluginmanager.getplugin("_cov").cov_controller
        for_processes = {name: os.environ.pop(name) for name in FOR_PROCESSES if name in os.environ}
        controller.pause()
        try:
            return (yield)
        finally:
            controller.resume()
            os.environ.update(for_processes)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest-cov's, which puts the workers' figures together
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        done = yield
        if not hasattr(session.config, "workerinput"):
            session.testsfailed += sum(not self._reaches(*limit) for limit in LIMITS)
        return done

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for report in self.reports:
            terminalreporter.section(report.partition("\n")[0])
            terminalreporter.write(report.partition("\n")[2])

    def _reaches(self, what: str, include: tuple[str, ...] | None, limit: float) -> bool:
        table = StringIO()
        measured = Coverage()
        measured.load()
        reached = measured.report(include=include, file=table)
        verdict = "" if reached >= limit else ": TOO LITTLE"
        self.reports.append(f"coverage of {what}: {reached:.1f} % of at least {limit:g}{verdict}\n{table.getvalue()}")
        return reached >= limit
