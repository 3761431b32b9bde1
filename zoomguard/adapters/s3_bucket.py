"""What a bucket must be before anything is archived in it: versioned, lockable, and of our environment."""

from __future__ import annotations

from typing import Any

from zoomguard.adapters.s3_client import S3Client
from zoomguard.adapters.s3_upload import ALGORITHM, abort, checksum_of, upload_id_of
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed, SettingsWrong

STAMP = "zg-environment"
# Nothing is ever stored under this key: uploads to it are given up.
PROBE_KEY = "v1/probe"
# What S3 answers where the bytes are not those of the checksum.
WRONG_CHECKSUM = ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch")
_UNKNOWN = ("NotImplemented", "MethodNotAllowed", "501", "405")
_NO_LOCK = ("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration", *_UNKNOWN)


def prepare(s3: S3Client, environment: str, *, create: bool) -> None:
    """Checks the bucket, creates it with Object Lock where it is absent and `create` holds, and stamps it.

    SettingsWrong where it is absent; IntegrityFailed where it cannot keep evidence or is of another
    environment.
    """
    if s3.call("head_bucket", none_for=("404", "NoSuchBucket")) is None:
        if not create:
            raise SettingsWrong((f"S3_BUCKET: there is no bucket {s3.bucket}; create it with Object Lock.",))
        _create(s3)
    _must_keep_versions(s3)
    _must_lock(s3)
    _stamp(s3, environment)


def verifies_checksums(s3: S3Client) -> bool:
    """Whether S3 refuses a part whose checksum is wrong; some servers take it and echo what they were told.

    Leaves nothing behind: the upload is given up, and so is one whose answers were lost at an earlier try.
    """
    for left in (s3.call("list_multipart_uploads", Prefix=PROBE_KEY) or {}).get("Uploads", ()):
        abort(s3, left["Key"], left["UploadId"])
    begun = s3.call("create_multipart_upload", Key=PROBE_KEY, ChecksumAlgorithm=ALGORITHM, ChecksumType="FULL_OBJECT")
    upload_id = upload_id_of(begun)
    taken = s3.call(
        "upload_part",
        none_for=WRONG_CHECKSUM,
        Key=PROBE_KEY,
        UploadId=upload_id,
        PartNumber=1,
        Body=b"one thing",
        ChecksumAlgorithm=ALGORITHM,
        ChecksumCRC64NVME=checksum_of(b"another thing"),
    )
    abort(s3, PROBE_KEY, upload_id)
    return taken is None


def _create(s3: S3Client) -> None:
    request: dict[str, Any] = {"ObjectLockEnabledForBucket": True}
    if s3.region not in (None, "us-east-1"):
        request["CreateBucketConfiguration"] = {"LocationConstraint": s3.region}
    s3.call("create_bucket", changes=True, none_for=("BucketAlreadyOwnedByYou",), **request)


def _must_keep_versions(s3: S3Client) -> None:
    answer = s3.call("get_bucket_versioning", none_for=_UNKNOWN) or {}
    if answer.get("Status") != "Enabled":
        raise IntegrityFailed(
            f"The bucket {s3.bucket} does not keep versions.",
            "Use a bucket that was created with versioning and Object Lock.",
            code="BUCKET_NOT_VERSIONED",
        )


def _must_lock(s3: S3Client) -> None:
    answer = s3.call("get_object_lock_configuration", none_for=_NO_LOCK) or {}
    if answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
        raise IntegrityFailed(
            f"The bucket {s3.bucket} has no Object Lock.",
            "Use a bucket that was created with versioning and Object Lock.",
            code="BUCKET_NOT_LOCKED",
        )


def _stamp(s3: S3Client, environment: str) -> None:
    answer = s3.call("get_bucket_tagging", none_for=("NoSuchTagSet",)) or {}
    tags: list[dict[str, str]] = answer.get("TagSet", [])
    found = next((tag["Value"] for tag in tags if tag["Key"] == STAMP), None)
    if found == environment:
        return
    if found is not None:
        raise IntegrityFailed(
            f"The bucket {s3.bucket} belongs to another environment than {environment}.",
            "Set S3_BUCKET to a bucket of this environment.",
            code="BUCKET_FOREIGN",
        )
    # S3 replaces all tags at once, so the others are sent again.
    tagging = {"TagSet": [*tags, {"Key": STAMP, "Value": environment}]}
    try:
        s3.call("put_bucket_tagging", changes=True, Tagging=tagging)
    except OutsideFailed as failed:
        if not failed.permanent:
            raise
        raise OutsideFailed(
            f"The bucket {s3.bucket} could not be stamped.",
            f"Give it the tag {STAMP}={environment}, or the service the right to do so.",
            code="BUCKET_NOT_STAMPED",
            permanent=True,
        ) from None
