"""Runs commands as a person would, against a scripted service on loopback."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zoomguard.cli.commands import run


@dataclass
class Said:
    """What a run of the program gave back."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class Terminal:
    """Somebody's machine: a HOME of its own and nothing else of this process's settings."""

    home: Path
    capsys: pytest.CaptureFixture[str]
    environ: pytest.MonkeyPatch

    def points_to(self, url: str, token: str = "zgt_of-this-test") -> Terminal:
        self.environ.setenv("ZOOMGUARD_SERVER", url)
        if token:
            self.environ.setenv("ZOOMGUARD_TOKEN", token)
        return self

    def types(self, *lines: str) -> Terminal:
        """Somebody sits there, and answers questions so."""
        self.environ.setattr("zoomguard.cli.asking.on_terminal", lambda: True)
        self.environ.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return self

    def run(self, *arguments: str) -> Said:
        self.capsys.readouterr()
        code = run(arguments)
        captured = self.capsys.readouterr()
        return Said(code, captured.out, captured.err)
