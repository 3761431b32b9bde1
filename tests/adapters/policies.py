"""The policies that are shipped for the bucket and for the service, filled in for a bucket of a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "scripts" / "deploy" / "s3"
SERVICE = "arn:aws:iam::123456789012:user/zoomguard"


def statements(name: str, bucket: str, service: str = SERVICE) -> list[dict[str, Any]]:
    """The statements of a policy, as create-bucket.sh fills them in."""
    text = (FOLDER / name).read_text().replace("@BUCKET@", bucket).replace("@SERVICE_ARN@", service)
    document = json.loads(text)
    assert document["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = document["Statement"]
    return found


def as_policy(found: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": found})


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
