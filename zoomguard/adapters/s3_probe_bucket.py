"""What a bucket says of itself: where it is, whose, and how it is set up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from zoomguard.adapters import s3_bucket
from zoomguard.adapters.s3_probe_bench import (
    UNKNOWN_THERE,
    Bench,
    Verdict,
    failed,
    not_applicable,
    passed,
    warned,
)
from zoomguard.domain.archive import count

MAKE_ONE = "Use a bucket made by scripts/deploy/s3/create-bucket.sh."
# S3 refuses signatures that are 15 minutes off; locks reckoned by a wrong clock end at the wrong time well before.
MOST_SKEW = timedelta(minutes=5)
BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def reachable(bench: Bench) -> Verdict:
    """Whether the bucket is there and takes our keys."""
    answer = bench.s3.call("head_bucket", none_for=("404", "NoSuchBucket"))
    if answer is None:
        return failed(f"There is no bucket {bench.s3.bucket}.", "Check S3_BUCKET, or make it with create-bucket.sh.")
    bench.said = answer
    return passed()


def region(bench: Bench) -> Verdict:
    """Whether the bucket is in the region that the settings name."""
    found = bench.said.get("BucketRegion")
    if not found:
        return not_applicable("The server names no region.")
    if bench.s3.region in (None, found):
        return passed(found)
    return failed(
        f"The bucket is in {found}, the settings say {bench.s3.region}.",
        f"Set S3_REGION={found} if films of children may be kept there; otherwise use another bucket.",
    )


def environment(bench: Bench) -> Verdict:
    """Whether the bucket carries the stamp of our environment."""
    answer = bench.s3.call("get_bucket_tagging", none_for=("NoSuchTagSet", *UNKNOWN_THERE)) or {}
    tags = {tag["Key"]: tag["Value"] for tag in answer.get("TagSet", ())}
    found, ours = tags.get(s3_bucket.STAMP), bench.wanted.environment
    if found == ours:
        return passed(found)
    if found is None:
        return warned(f"The bucket has no tag {s3_bucket.STAMP}.", f"Give it the tag {s3_bucket.STAMP}={ours}.")
    return failed(f"The bucket belongs to another environment than {ours}.", "Set S3_BUCKET to a bucket of ours.")


def tls(bench: Bench) -> Verdict:
    """Whether films travel encrypted."""
    if bench.endpoint_url is None or bench.endpoint_url.startswith("https:"):
        return passed()
    if not bench.wanted.production:
        return not_applicable("A sandbox talks to this machine alone.")
    # The settings refuse this for every address but this machine's own.
    return warned("Films travel without TLS.", "Let S3_ENDPOINT_URL begin with https://.")


def clock(bench: Bench) -> Verdict:
    """Whether S3's clock, by which locks end, agrees with ours, by which they are reckoned."""
    if not bench.wanted.production:
        return not_applicable("A sandbox moves its clock.")
    if bench.server_at is None:
        return not_applicable("The server sends no date.")
    if abs(bench.server_at - bench.wanted.now) <= MOST_SKEW:
        return passed()
    return warned("S3's clock and ours are more than 5 minutes apart.", "Set this machine's clock by NTP.")


def public_access(bench: Bench) -> Verdict:
    """Whether the bucket can be opened to the public."""
    absent = "NoSuchPublicAccessBlockConfiguration"
    answer = bench.s3.call("get_public_access_block", none_for=(absent, *UNKNOWN_THERE))
    if answer is not None and not answer.get("PublicAccessBlockConfiguration"):
        return not_applicable("The server knows no public access block.")
    found: dict[str, Any] = (answer or {}).get("PublicAccessBlockConfiguration", {})
    if all(found.get(name) for name in BLOCKS):
        return passed()
    return warned("Public access is not blocked.", "Block all public access to the bucket.")


def versioning(bench: Bench) -> Verdict:
    """Whether the bucket says that it keeps versions."""
    answer = bench.s3.call("get_bucket_versioning", none_for=UNKNOWN_THERE) or {}
    status = answer.get("Status")
    if status == "Enabled":
        return passed()
    return failed(f"Versioning is {'suspended' if status else 'off'}: what is written over is lost.", MAKE_ONE)


def object_lock(bench: Bench) -> Verdict:
    """Whether the bucket says that it locks objects."""
    if _lock_configuration(bench).get("ObjectLockEnabled") == "Enabled":
        return passed()
    return failed("Object Lock is off: anybody with the keys could delete evidence.", MAKE_ONE)


def default_retention(bench: Bench) -> Verdict:
    """What the bucket does with objects that come without a lock of ours."""
    rule = _lock_configuration(bench).get("Rule", {}).get("DefaultRetention", {})
    days = rule.get("Days", 0) + 365 * rule.get("Years", 0)
    counted = count(days, "day")
    ours = f"ours {bench.wanted.shortest_days} to {bench.wanted.longest_days}"
    if not days:
        return passed("None: only what the archive locks is locked.")
    bench.locks_by_itself = True
    if rule.get("Mode") == "COMPLIANCE":
        return warned(
            f"COMPLIANCE for {counted}: what comes without our lock can be erased by nobody.",
            "Let the bucket's default be GOVERNANCE, so that a lawful erasure stays possible.",
        )
    if days > bench.wanted.shortest_days:
        return warned(
            f"{counted} ({ours}): what comes without our lock outlives its time and cannot be deleted then.",
            f"Let the bucket's default be {count(bench.wanted.shortest_days, 'day')} or fewer.",
        )
    return passed(f"{counted} ({ours}): holds only what comes without our lock, and shortens none.")


def _lock_configuration(bench: Bench) -> dict[str, Any]:
    absent = ("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration", *UNKNOWN_THERE)
    answer = bench.s3.call("get_object_lock_configuration", none_for=absent) or {}
    found: dict[str, Any] = answer.get("ObjectLockConfiguration", {})
    return found
