"""A terminal for each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.caller import Terminal


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in [name for name in os.environ if name.startswith("ZOOMGUARD_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    monkeypatch.setenv("ZOOMGUARD_HOME", str(home))
    return Terminal(home, capsys, monkeypatch)
