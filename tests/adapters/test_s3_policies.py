"""The service's policy allows exactly the calls that the adapters make, and the bucket's denies none of them."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.adapters.policies import FOLDER, SERVICE, listed, statements
from tests.adapters.test_s3_probe import ask, probe
from tests.adapters.vaults import raw
from zoomguard.adapters import s3_vault
from zoomguard.domain.findings import Outcome

ADAPTERS = Path(s3_vault.__file__).parent
ASKING = {"call", "look", "pages", "refusal", "send"}
# These pass on what others ask.
PASSING_ON = {"s3_client.py", "s3_connection.py", "s3_wire.py"}
BUCKET = "arn:aws:s3:::vault"
READ = ("GetObjectVersion", "GetObjectRetention", "GetObjectLegalHold")
WRITE = ("PutObject", "PutObjectRetention", "PutObjectTagging")
# What each call needs: docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html, and the pages
# of the calls themselves (a version is read with GetObjectVersion alone; a lock is shown to those who may read it).
ON_THE_BUCKET: dict[str, tuple[str, ...]] = {
    "get_bucket_encryption": ("GetEncryptionConfiguration",),
    "get_bucket_tagging": ("GetBucketTagging",),
    "get_bucket_versioning": ("GetBucketVersioning",),
    "get_object_lock_configuration": ("GetBucketObjectLockConfiguration",),
    "get_public_access_block": ("GetBucketPublicAccessBlock",),
    "head_bucket": ("ListBucket",),
    "list_multipart_uploads": ("ListBucketMultipartUploads",),
    "list_object_versions": ("ListBucketVersions",),
}
ON_OBJECTS: dict[str, tuple[str, ...]] = {
    "abort_multipart_upload": ("AbortMultipartUpload",),
    "complete_multipart_upload": ("PutObject",),
    "create_multipart_upload": WRITE,
    "get_object": ("GetObjectVersion",),
    "get_object_tagging": ("GetObjectVersionTagging",),
    "head_object": READ,
    "put_object": WRITE,
    "put_object_retention": ("PutObjectRetention",),
    "upload_part": ("PutObject",),
}
# What only the probes do, on objects of their own; their uploads go the way of the vault's.
OF_PROBES: dict[str, tuple[str, ...]] = {
    **ON_OBJECTS,
    "delete_object": ("DeleteObject", "DeleteObjectVersion"),
    "put_object_legal_hold": ("PutObjectLegalHold",),
}
# create-bucket.sh makes and stamps the bucket. The probes want to see the third refused, and the nightly comparison
# tries it and says where tags could not be put back.
NOT_THE_SERVICES = {"create_bucket", "put_bucket_tagging", "put_object_tagging"}


def operations(*, of_probes: bool) -> set[str]:
    """Every call of S3 that stands in the adapters."""
    found = set()
    for path in ADAPTERS.glob("s3_*.py"):
        if path.name.startswith("s3_probe") is not of_probes or path.name in PASSING_ON:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING:
                first = node.args[0]
                assert isinstance(first, ast.Constant) or path.name == "s3_probe_bench.py", f"{path.name}: {first}"
                found |= {first.value} if isinstance(first, ast.Constant) else set()
    return found - NOT_THE_SERVICES


def needed() -> set[tuple[str, str]]:
    """Right and place, for every call of the adapters; KeyError for a call whose right nobody wrote down."""
    wanted = set()
    for of_probes, place, known in ((False, "v1/*", ON_OBJECTS), (True, "v1-probe/*", OF_PROBES)):
        for name in operations(of_probes=of_probes) | (set(ON_OBJECTS) if of_probes else set()):
            where, rights = (BUCKET, ON_THE_BUCKET) if name in ON_THE_BUCKET else (f"{BUCKET}/{place}", known)
            wanted |= {(f"s3:{right}", where) for right in rights[name]}
    return wanted


def allowed() -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in statements("service-policy.json", "vault")
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def test_the_service_may_do_what_its_adapters_do_and_nothing_else() -> None:
    assert needed() - allowed() == set(), "a call without a right"
    assert allowed() - needed() == set(), "a right without a call"


def test_the_walk_finds_the_calls_that_keep_evidence() -> None:
    assert {"upload_part", "put_object", "head_object", "list_object_versions"} <= operations(of_probes=False)
    assert {"delete_object", "put_object_legal_hold"} <= operations(of_probes=True) - operations(of_probes=False)


def test_the_bucket_denies_the_service_nothing_that_it_needs() -> None:
    denied = [s for s in statements("bucket-policy.json", "vault") if "Condition" not in s]
    assert denied and all(s["Principal"] == {"AWS": SERVICE} for s in denied)
    for right, place in needed():
        for statement in denied:
            hit = any(fnmatchcase(right, action) for action in listed(statement["Action"]))
            there = any(fnmatchcase(place, resource) for resource in listed(statement["Resource"]))
            assert not (hit and there), (right, place, statement["Sid"])


def test_the_bucket_denies_the_service_every_way_to_lose_evidence() -> None:
    denied = {
        action
        for statement in statements("bucket-policy.json", "vault")
        if "Condition" not in statement
        for action in listed(statement["Action"])
    }
    ways = "DeleteObject DeleteObjectVersion BypassGovernanceRetention PutBucketVersioning PutLifecycleConfiguration"
    assert {f"s3:{way}" for way in f"{ways} PutBucketObjectLockConfiguration DeleteBucketPolicy".split()} <= denied


# The script ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def aws() -> str:
    """The folder of the aws command line."""
    found = shutil.which("aws")
    if found is None:
        pytest.skip("the aws command line is missing (on Debian: apt-get install awscli)")
    return str(Path(found).parent)


def create(aws: str, url: str, bucket: str, *more: str) -> subprocess.CompletedProcess[str]:
    keys = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
    told = ["--bucket", bucket, "--region", "eu-west-2", "--environment", "sandbox", "--service-arn", SERVICE]
    return subprocess.run(
        [str(FOLDER / "create-bucket.sh"), *told, "--endpoint-url", url, *more],
        env={"PATH": f"{aws}:/usr/bin:/bin", "HOME": "/nonexistent", **keys},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_script_says_in_80_columns_how_it_is_used_and_whether_that_was_asked_for() -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([FOLDER / "create-bucket.sh", *words], capture_output=True, text=True, check=False)

    asked = run("--help")
    assert (asked.returncode, asked.stderr) == (0, "") and "[--kms-key-arn ARN]" in asked.stdout
    assert max(map(len, asked.stdout.splitlines())) <= 80
    for wrong in ((), ("--what", "x"), ("--bucket",)):
        refused = run(*wrong)
        assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", asked.stdout)


def test_the_bucket_that_the_script_makes_can_keep_evidence(aws: str, localstack_url: str, bucket: str) -> None:
    done = create(aws, localstack_url, bucket)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Statement"] == statements("service-policy.json", bucket)
    report = ask(localstack_url, bucket, region="eu-west-2")
    assert report.exit == "kept", report.lines()
    passed = {p.name for p in report.probes if p.outcome is Outcome.PASS}
    assert {"region", "environment", "public_access", "default_retention", "lock_refuses_delete"} <= passed
    assert "1 day (ours" in probe(report, "default_retention").seen
    put = json.loads(raw(localstack_url).get_bucket_policy(Bucket=bucket)["Policy"])
    assert put["Statement"] == statements("bucket-policy.json", bucket)


def test_a_bucket_that_is_there_is_not_touched(aws: str, localstack_url: str, bucket: str) -> None:
    raw(localstack_url).create_bucket(Bucket=bucket)
    done = create(aws, localstack_url, bucket)
    assert (done.returncode, done.stdout) == (1, "") and "Nothing was changed" in done.stderr
    assert "Status" not in raw(localstack_url).get_bucket_versioning(Bucket=bucket)


def test_a_key_is_put_into_the_bucket_and_into_one_policy(aws: str, moto_url: str, bucket: str) -> None:
    key = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    done = create(aws, moto_url, bucket, "--kms-key-arn", key)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["Statement"]
    assert found[:-1] == statements("service-policy.json", bucket) and found[-1]["Resource"] == key
    encryption = raw(moto_url).get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key


@pytest.mark.parametrize("wrong", [("--environment", "elsewhere"), ("--bucket", 'a"b'), ("--what", "x"), ("--bucket",)])
def test_what_makes_no_sense_is_refused_before_anything_is_made(aws: str, wrong: tuple[str, ...]) -> None:
    done = create(aws, "http://127.0.0.1:9", "vault", *wrong)
    assert done.returncode == 2 and done.stdout == ""
