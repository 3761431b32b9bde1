"""Whether a bucket can keep evidence, asked of real servers: good ones, poor ones and two that lie."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from tests.adapters.policies import statements
from tests.adapters.poor_storage import (
    deletes_in_spite_of_locks,
    forgets_locks,
    knows_no_parts,
    never_lets_go,
    worsened,
)
from tests.adapters.vaults import SECRET, raw, vault_at
from tests.adapters.wire import canned
from tests.archive.s3_proxy import COMPLETE, S3Proxy
from tests.servers import rclone, s3rver
from tests.servers.shared import free_port
from zoomguard.adapters.s3_client import S3Client
from zoomguard.adapters.s3_probe import S3Probes
from zoomguard.domain.errors import SettingsWrong
from zoomguard.domain.findings import Outcome
from zoomguard.domain.storage import Probe, StorageReport, StorageWanted

RIGHTS = {"no_right_to_delete", "no_right_to_tag", "no_right_to_bypass"}
# What moto lets pass; none of it keeps evidence from being kept in a sandbox.
MOTO_ALLOWS = {"checksum_whole", "checksum_part", "checksum_echo", "lock_refuses_shortening", "public_access"}


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def ask(url: str, bucket: str, *, kms: str | None = None, **change: Any) -> StorageReport:
    keys = {"access_key": "AKIATEST", "secret_key": SECRET, "region": "us-east-1"}
    keys |= {name: change.pop(name) for name in list(change) if name in keys}
    client = S3Client(bucket, endpoint_url=url, guard=lambda: None, clock=RealClock(), **keys)
    wanted = StorageWanted("sandbox", False, datetime.now(UTC), 14, 90)
    return S3Probes(client, kms, url).ask(replace(wanted, **change))


class Liar:
    """A bucket at a server that says more than it does."""

    def __init__(self, url: str, bucket: str, access_key: str, secret_key: str) -> None:
        self.url, self.bucket = url, bucket
        self.keypair = {"access_key": access_key, "secret_key": secret_key}
        self.s3 = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
        )
        self.s3.create_bucket(Bucket=bucket)

    def ask(self, **change: Any) -> StorageReport:
        return ask(self.url, self.bucket, **{**self.keypair, **change})

    def keys(self) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())]


def probe(report: StorageReport, name: str) -> Probe:
    return next(p for p in report.probes if p.name == name)


def named(report: StorageReport, outcome: Outcome, *, blocking: bool) -> set[str]:
    return {p.name for p in report.probes if p.outcome is outcome and p.blocking is blocking}


def standing(url: str, bucket: str) -> list[tuple[str, str]]:
    answer = raw(url).list_object_versions(Bucket=bucket)
    return [(v["Key"], v["VersionId"]) for kind in ("Versions", "DeleteMarkers") for v in answer.get(kind, ())]


@pytest.fixture
def good(url: str, bucket: str) -> str:
    vault_at(url, bucket).prepare("sandbox", create=True)
    return bucket


@pytest.fixture
def on_moto(moto_url: str, bucket: str) -> str:
    vault_at(moto_url, bucket).prepare("sandbox", create=True)
    return bucket


def test_localstack_can_keep_evidence_and_only_its_rights_are_to_be_looked_at(localstack_url: str, bucket: str) -> None:
    vault_at(localstack_url, bucket).prepare("sandbox", create=True)
    report = ask(localstack_url, bucket)
    assert report.exit == "kept", report.lines()
    assert {p.name for p in report.probes if p.outcome in (Outcome.FAIL, Outcome.UNKNOWN)} == RIGHTS


def test_moto_will_do_for_a_sandbox_and_all_that_it_lets_pass_is_named(moto_url: str, on_moto: str) -> None:
    report = ask(moto_url, on_moto)
    assert report.exit == "kept", report.lines()
    assert {p.name for p in report.probes if p.outcome in (Outcome.FAIL, Outcome.UNKNOWN)} == RIGHTS | MOTO_ALLOWS


def test_the_probes_take_away_what_they_made_and_touch_nothing_else(url: str, good: str) -> None:
    other = raw(url).put_object(Bucket=good, Key="v1/film", Body=b"evidence")
    assert ask(url, good).left == ()
    assert standing(url, good) == [("v1/film", other["VersionId"])]
    assert "Uploads" not in raw(url).list_multipart_uploads(Bucket=good)


def test_a_dropped_lock_of_a_multipart_upload_is_put_on_again_and_said(moto_url: str, on_moto: str) -> None:
    found = probe(ask(moto_url, on_moto), "lock_on_multipart")
    assert found.outcome is Outcome.PASS and "puts it on again" in found.seen


def test_a_bucket_without_lock_or_versions_is_refused_by_name(url: str, bucket: str) -> None:
    made = raw(url)
    made.create_bucket(Bucket=bucket)
    report = ask(url, bucket)
    assert report.exit == "refused"
    assert {"versioning", "object_lock", "versions_kept"} <= named(report, Outcome.FAIL, blocking=True)
    made.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    report = ask(url, bucket)
    assert report.exit == "refused"
    assert probe(report, "versions_kept").outcome is Outcome.PASS
    assert "object_lock" in named(report, Outcome.FAIL, blocking=True)
    made.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    report = ask(url, bucket)
    assert "suspended" in probe(report, "versioning").seen
    assert "versions_kept" in named(report, Outcome.FAIL, blocking=True)


def test_a_bucket_in_another_region_is_refused_with_both_names(moto_url: str, bucket: str) -> None:
    vault_at(moto_url, bucket, region="eu-west-2").prepare("sandbox", create=True)
    report = ask(moto_url, bucket, region="eu-west-1")
    assert named(report, Outcome.FAIL, blocking=True) == {"region"}
    assert "eu-west-2" in probe(report, "region").seen and "eu-west-1" in probe(report, "region").seen
    assert ask(moto_url, bucket, region="eu-west-2").exit == "kept"


def test_a_bucket_of_another_environment_is_refused_and_one_without_a_stamp_is_not(moto_url: str, bucket: str) -> None:
    raw(moto_url).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    report = ask(moto_url, bucket)
    assert (report.exit, probe(report, "environment").word) == ("kept", "warning")
    vault_at(moto_url, bucket).prepare("production", create=False)
    report = ask(moto_url, bucket)
    assert named(report, Outcome.FAIL, blocking=True) == {"environment"}


@pytest.mark.parametrize(
    ("mode", "days", "word", "says"),
    [
        ("GOVERNANCE", 3, "pass", "shortens none"),
        ("GOVERNANCE", 14, "pass", "shortens none"),
        ("GOVERNANCE", 15, "warning", "outlives its time"),
        ("COMPLIANCE", 1, "warning", "erased by nobody"),
    ],
)
def test_a_default_retention_is_held_against_our_own(
    url: str, good: str, mode: str, days: int, word: str, says: str
) -> None:
    rule = {"DefaultRetention": {"Mode": mode, "Days": days}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    raw(url).put_object_lock_configuration(Bucket=good, ObjectLockConfiguration=configuration)
    report = ask(url, good)
    found = probe(report, "default_retention")
    assert (report.exit, found.word) == ("kept", word) and says in found.seen
    assert probe(report, "lock_on_put").outcome is Outcome.PASS
    assert report.left == () and standing(url, good) == []  # nothing of ours took the default's lock


def test_a_server_that_cannot_be_reached_is_asked_no_further() -> None:
    report = ask(f"http://127.0.0.1:{free_port()}", "vault")
    assert (report.exit, [p.name for p in report.probes]) == ("unknown", ["bucket_reachable"])
    assert "S3_UNREACHABLE" in report.probes[0].seen and report.verdict().startswith("Whether")


def test_a_bucket_that_is_not_there_is_refused_and_not_made(url: str, bucket: str) -> None:
    report = ask(url, bucket)
    assert (report.exit, len(report.probes)) == ("refused", 1)
    assert bucket not in [b["Name"] for b in raw(url).list_buckets()["Buckets"]]


def test_a_sandbox_without_an_endpoint_never_asks_amazon() -> None:
    client = S3Client(
        "x", endpoint_url=None, region=None, access_key="a", secret_key="b", guard=fail, clock=RealClock()
    )
    with pytest.raises(SettingsWrong, match="S3_ENDPOINT_URL"):
        S3Probes(client, None, None).ask(StorageWanted("sandbox", False, datetime.now(UTC), 14, 90))


def fail() -> None:
    raise AssertionError("S3 was asked")


@pytest.fixture
def at_rclone(rclone_url: str, bucket: str) -> Liar:
    return Liar(rclone_url, bucket, rclone.ACCESS_KEY, rclone.SECRET_KEY)


@pytest.fixture
def at_s3rver(s3rver_url: str, bucket: str) -> Liar:
    return Liar(s3rver_url, bucket, s3rver.ACCESS_KEY, s3rver.SECRET_KEY)


def test_a_server_without_versions_that_repeats_every_lock_is_refused(at_rclone: Liar) -> None:
    report = at_rclone.ask()
    assert report.exit == "refused"
    wrong = {"versioning", "object_lock", "versions_kept", "lock_on_put"}
    assert named(report, Outcome.FAIL, blocking=True) == wrong
    assert "version" in probe(report, "versions_kept").seen
    assert report.left == () and at_rclone.keys() == []


def test_a_server_that_ignores_every_lock_is_refused(at_s3rver: Liar) -> None:
    report = at_s3rver.ask()
    assert report.exit == "refused"
    assert {"object_lock", "lock_on_put"} <= named(report, Outcome.FAIL, blocking=True)
    assert "lock" in probe(report, "lock_on_put").seen
    assert report.left == () and at_s3rver.keys() == []


def test_a_wrong_secret_is_told_as_such_where_the_server_looks(at_rclone: Liar) -> None:
    report = at_rclone.ask(secret_key="wrong")
    assert (report.exit, len(report.probes)) == ("unknown", 1)
    assert "S3_FORBIDDEN" in report.probes[0].seen and "keys" in report.probes[0].remedy


def test_a_key_that_s3_does_not_use_is_seen(moto_url: str, on_moto: str, at_rclone: Liar) -> None:
    key = "1234abcd-12ab-34cd-56ef-1234567890ab"
    assert probe(ask(moto_url, on_moto, kms=key), "encryption").outcome is Outcome.PASS
    found = probe(at_rclone.ask(kms=key), "encryption")
    assert (found.outcome, found.blocking) == (Outcome.FAIL, True)


def test_a_server_that_keeps_versions_and_forgets_locks_is_refused(on_moto: str) -> None:
    with worsened(forgets_locks) as url:
        report = ask(url, on_moto)
    wrong = {"lock_on_put", "lock_on_multipart", "lock_refuses_delete", "legal_hold"}
    assert named(report, Outcome.FAIL, blocking=True) == wrong
    assert "read back no lock" in probe(report, "lock_on_put").seen
    assert report.left == ()


def test_a_lock_that_is_shown_and_does_not_hold_is_no_lock(on_moto: str) -> None:
    with worsened(deletes_in_spite_of_locks) as url:
        report = ask(url, on_moto)
    assert probe(report, "lock_on_put").outcome is Outcome.PASS
    assert "lock_refuses_delete" in named(report, Outcome.FAIL, blocking=True)


def test_a_hold_that_cannot_be_lifted_is_refused_and_what_it_keeps_is_named(on_moto: str) -> None:
    with worsened(never_lets_go) as url:
        report = ask(url, on_moto)
    assert named(report, Outcome.FAIL, blocking=True) == {"legal_hold"}
    assert [one.key.rpartition("/")[2] for one in report.left] == ["held"]


def test_a_server_without_parts_and_conditions_will_do_and_both_are_said(on_moto: str) -> None:
    with worsened(knows_no_parts) as url:
        report = ask(url, on_moto)
    assert report.exit == "kept"
    assert {"range_reads", "conditional_write"} <= named(report, Outcome.FAIL, blocking=False)


@pytest.mark.parametrize(
    ("ours", "outcome"),
    [
        ("1234abcd", Outcome.PASS),
        ("arn:aws:kms:eu-west-2:1:key/1234abcd", Outcome.PASS),
        ("alias/films", Outcome.PASS),
        ("abcd", Outcome.FAIL),
        ("arn:aws:kms:eu-west-2:2:key/1234abcd", Outcome.FAIL),
    ],
)
def test_another_key_than_ours_is_seen(ours: str, outcome: Outcome) -> None:
    used = "arn:aws:kms:eu-west-2:1:key/1234abcd"
    says = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": used}
    with canned(200, says) as server:
        assert probe(ask(server.url, "vault", kms=ours), "encryption").outcome is outcome


def test_production_asks_for_more(moto_url: str, on_moto: str) -> None:
    raw(moto_url).put_bucket_tagging(
        Bucket=on_moto, Tagging={"TagSet": [{"Key": "zg-environment", "Value": "production"}]}
    )
    report = ask(moto_url, on_moto, environment="production", production=True)
    assert named(report, Outcome.FAIL, blocking=True) == {"lock_refuses_shortening"}
    assert {"tls", "encryption"} <= named(report, Outcome.FAIL, blocking=False)
    assert probe(report, "clock").outcome is Outcome.PASS
    late = datetime.now(UTC) + timedelta(hours=1)
    assert probe(ask(moto_url, on_moto, production=True, now=late), "clock").word == "warning"


@pytest.fixture
def proxy(moto_port: int) -> Iterator[S3Proxy]:
    made = S3Proxy(moto_port)
    yield made
    made.close()


def test_an_answer_that_was_lost_is_unknown_and_what_it_left_is_taken_away(proxy: S3Proxy, on_moto: str) -> None:
    proxy.lose(COMPLETE)
    report = ask(proxy.url, on_moto)
    assert proxy.lost and probe(report, "lock_on_multipart").outcome is Outcome.UNKNOWN
    assert report.exit == "unknown" and report.left == ()
    assert standing(proxy.url, on_moto) == []


def test_a_policy_that_wants_tls_is_named_as_a_cause_and_no_other_server_is_advised(
    moto_url: str, on_moto: str
) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{on_moto}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    raw(moto_url).put_bucket_policy(Bucket=on_moto, Policy=policy)
    report = ask(moto_url, on_moto)
    refused = probe(report, "lock_on_put")
    assert refused.outcome is Outcome.UNKNOWN and "[S3_FORBIDDEN]" in refused.seen
    assert "wants TLS" in refused.remedy and "https://" in refused.remedy
    for name in ("lock_refuses_delete", "lock_refuses_shortening"):
        assert (probe(report, name).outcome, probe(report, name).remedy) == (Outcome.UNKNOWN, "See lock_on_put.")


def test_the_right_to_be_taken_away_is_the_one_that_the_service_does_not_need(moto_url: str, on_moto: str) -> None:
    said = probe(ask(moto_url, on_moto), "no_right_to_tag")
    assert "s3:PutObjectVersionTagging away" in said.remedy and "s3:PutObjectTagging stays" in said.remedy
    granted = {a for s in statements("service-policy.json", on_moto) for a in s["Action"]}
    assert "s3:PutObjectTagging" in granted and "s3:PutObjectVersionTagging" not in granted
