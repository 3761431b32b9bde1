"""The service under its own policy: it suffices for an archive run, and evidence cannot be deleted with it.

moto enforces rights, but not as Amazon does; what it could not show is said here, and is not claimed:
* it asks for s3:HeadBucket and s3:GetObject where Amazon asks for ListBucket and, for a version, GetObjectVersion; so
  those two are added;
* putting a lock, a hold or a tag counts as PutObject, and most looks at the bucket count as ListBucket, so that a
  missing right among them would not be noticed (tests/adapters/test_s3_policies.py compares them with the calls);
* it takes each statement with a condition as a denial, so those on TLS, COMPLIANCE and 400 days are left out;
* it knows no BypassGovernanceRetention.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import settings as moto_settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.adapters.policies import as_policy, statements
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held
from tests.house import Home, a_home
from zoomguard.domain.findings import Outcome

NAME = "zoomguard-sandbox"
MOTO_WANTS = {
    "Effect": "Allow",
    "Action": ["s3:HeadBucket", "s3:GetObject"],
    "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An installation whose S3 keys come by boto3's own chain, as in production."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "before")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "before")
    with a_home(tmp_path / "home", AWS_ACCESS_KEY_ID="by the chain") as opened:
        yield opened


@pytest.fixture
def keys(home: Home, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Keys of a user with the service's policy alone, in a bucket with ours; the service works with them."""
    made = iam_user([*statements("service-policy.json", NAME), MOTO_WANTS])
    unconditional = [s for s in statements("bucket-policy.json", NAME) if "Condition" not in s]
    bucket.s3.put_bucket_policy(Bucket=NAME, Policy=as_policy(unconditional))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["aws_secret_access_key"])
    return made


def iam_user(allowed: list[dict[str, Any]]) -> dict[str, str]:
    """A user whom every moto of this process knows; the sandbox's serves S3 alone."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        url = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
        iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1")
        iam.create_user(UserName="zoomguard")
        iam.put_user_policy(UserName="zoomguard", PolicyName="service", PolicyDocument=as_policy(allowed))
        made = iam.create_access_key(UserName="zoomguard")["AccessKey"]
    finally:
        server.stop()
    return {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}


@contextmanager
def rights_enforced() -> Iterator[None]:
    """moto asks for rights and signatures from now on."""
    before = moto_settings.INITIAL_NO_AUTH_ACTION_COUNT
    moto_settings.INITIAL_NO_AUTH_ACTION_COUNT, ActionAuthenticatorMixin.request_count = 0, 0
    try:
        yield
    finally:
        moto_settings.INITIAL_NO_AUTH_ACTION_COUNT = before


def test_the_service_s_policy_suffices_for_a_lesson_from_zoom_into_a_sealed_bag(
    home: Home, bucket: Bucket, keys: dict[str, str], tmp_path: Path
) -> None:
    held(home, size_bytes=TWO_PARTS)
    with rights_enforced():
        tally = home.app.archive.run()
    assert (tally.exit, tally.copied, tally.sealed) == ("done", 4, 1), tally
    assert len(bucket.bags(tmp_path / "bags")) == 1


def test_without_the_policy_nothing_is_archived(home: Home, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    made = iam_user([MOTO_WANTS])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["aws_secret_access_key"])
    held(home)
    with rights_enforced():
        tally = home.app.archive.run()
    assert (tally.exit, list(tally.postponed.values())) == ("postponed", ["S3_FORBIDDEN"])
    assert bucket.keys() == []


def test_the_service_s_keys_delete_no_evidence(home: Home, bucket: Bucket, keys: dict[str, str]) -> None:
    held(home)
    home.app.archive.run()
    url = home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"]
    theirs = boto3.client("s3", endpoint_url=url, region_name="eu-west-2", **keys)
    before = bucket.versions()
    with rights_enforced():
        for kept in before:
            version = {"VersionId": kept.version_id}
            for more in ({}, version, {**version, "BypassGovernanceRetention": True}):
                with pytest.raises(ClientError) as refusal:
                    theirs.delete_object(Bucket=NAME, Key=kept.key, **more)
                assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert before and bucket.versions() == before  # no delete marker either: versions() refuses one


def test_the_doctor_tries_all_it_needs_with_the_service_s_keys(
    home: Home, bucket: Bucket, keys: dict[str, str]
) -> None:
    with rights_enforced():
        report = home.app.storage.examine()
    found = {p.name: p.outcome for p in report.probes}
    assert report.exit == "kept", report.lines()
    assert found["no_right_to_delete"] is found["lock_refuses_delete"] is found["legal_hold"] is Outcome.PASS
    assert bucket.versions("v1-probe/") == []
