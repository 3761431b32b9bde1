"""The page server of the bench: boto3 finds every version in order, and each other request is counted."""

import json
import urllib.request
from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from tests.bench.bags import KEPT_UNTIL, Keys, prefix, size_of, version_id
from tests.bench.serving import running
from zoomguard.domain.bag import KEY

BUCKET, RECORDINGS = "recordings-400-test", 400


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with running("tests.bench.version_pages") as address:
        yield address


@pytest.fixture
def s3(endpoint: str):
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "eu-west-2"}
    return boto3.client("s3", endpoint_url=endpoint, config=Config(s3={"addressing_style": "path"}), **keys)


def _listed(s3, **asked: str) -> list[tuple[str, str, int]]:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, **asked)
    return [(v["Key"], v["VersionId"], v["Size"]) for page in pages for v in page.get("Versions", ())]


def test_every_version_is_listed_once_in_the_order_of_s3(s3) -> None:
    found = _listed(s3)
    assert found == [(key, version_id(key), size_of(key)) for key in Keys(RECORDINGS)]
    keys = [key.encode() for key, _, _ in found]
    assert keys == sorted(keys) and len({version for _, version, _ in found}) == len(found) == 2400
    assert all(KEY.fullmatch(key.decode()) for key in keys)


def test_a_prefix_lists_one_bag(s3) -> None:
    assert [key for key, _, _ in _listed(s3, Prefix=prefix(7))] == list(Keys(RECORDINGS))[42:48]


def test_other_requests_are_answered_and_counted(s3, endpoint: str) -> None:
    bucket, key = "recordings-400-counted", prefix(3) + "data/video.mp4"
    head = s3.head_object(Bucket=bucket, Key=key)
    assert head["ObjectLockRetainUntilDate"] == KEPT_UNTIL and head["VersionId"] == version_id(key)
    assert s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"][0]["Value"] == "routine"
    assert s3.get_object_retention(Bucket=bucket, Key=key)["Retention"]["RetainUntilDate"] == KEPT_UNTIL
    with pytest.raises(s3.exceptions.ClientError):
        s3.head_object(Bucket=bucket, Key=f"{key}.no")
    s3.list_object_versions(Bucket=bucket)
    with urllib.request.urlopen(f"{endpoint}/-/{bucket}", timeout=30) as answer:
        counts = json.load(answer)
    assert counts == {"HEAD": 2, "GET tagging": 1, "GET retention": 1, "GET versions": 1}
