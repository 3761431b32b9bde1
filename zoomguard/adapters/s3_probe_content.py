"""Whether bytes are compared with their checksums, written once, encrypted, and read in parts."""

from __future__ import annotations

from zoomguard.adapters import s3_bucket, s3_upload
from zoomguard.adapters.s3_probe_bench import (
    UNKNOWN_THERE,
    Bench,
    Verdict,
    failed,
    not_applicable,
    not_told,
    passed,
    warned,
)
from zoomguard.domain.errors import Conflict

CONTENT = b"0123456789"
READ_AGAIN = "Nothing: every copy is read again instead."


def encryption(bench: Bench) -> Verdict:
    """Whether our KMS key encrypts what we put; without one, what the bucket does by itself."""
    if bench.kms_key_id is None:
        return _by_default(bench)
    answer = bench.put("encrypted", CONTENT) or {}
    used = str(answer.get("SSEKMSKeyId", ""))
    if answer.get("ServerSideEncryption") == "aws:kms" and _same_key(used, bench.kms_key_id):
        return passed()
    return failed(
        "S3 does not encrypt with the key that S3_KMS_KEY_ID names.", "Check the key, and the rights to use it."
    )


def checksum_whole(bench: Bench) -> Verdict:
    """Whether a PUT whose CRC-64/NVME is wrong is refused."""
    wrong = s3_upload.checksum_of(b"something else")
    if bench.put("wrong", CONTENT, ChecksumCRC64NVME=wrong) is None:
        return passed()
    return warned("S3 takes bytes whose checksum is wrong.", READ_AGAIN)


def checksum_part(bench: Bench) -> Verdict:
    """Whether a part whose CRC-64/NVME is wrong is refused."""
    if s3_bucket.verifies_checksums(bench.s3):
        return passed()
    return warned("S3 takes a part whose checksum is wrong.", READ_AGAIN)


def checksum_echo(bench: Bench) -> Verdict:
    """Whether S3 names the checksum of the whole object afterwards."""
    version = _readable(bench)
    if version is None:
        return not_told("Not tried: S3 gives no versions.")
    shown = bench.head(version) or {}
    right = shown.get("ChecksumCRC64NVME") == s3_upload.checksum_of(CONTENT)
    if right and shown.get("ChecksumType") == "FULL_OBJECT":
        return passed()
    said = "with another type than FULL_OBJECT" if right else "not at all, or wrongly"
    return warned(f"S3 names the checksum {said}.", READ_AGAIN)


def conditional_write(bench: Bench) -> Verdict:
    """Whether `If-None-Match: *` keeps a key from being written twice."""
    if _readable(bench) is None:
        return not_told("Not tried: S3 gives no versions.")
    try:
        bench.put("content", b"written over", IfNoneMatch="*")
    except Conflict:
        return passed()
    return warned("S3 writes a key twice though asked not to.", "Nothing to do: the archive looks before it writes.")


def range_reads(bench: Bench) -> Verdict:
    """Whether a part of an object can be read."""
    version = _readable(bench)
    if version is None:
        return not_told("Not tried: S3 gives no versions.")
    content, answer = bench.read(version, Range="bytes=2-4")
    if content == CONTENT[2:5] and str(answer.get("ContentRange", "")).startswith("bytes 2-4/"):
        return passed()
    return warned("S3 does not answer for parts of an object: films cannot be wound forward.", "Use another server.")


def _readable(bench: Bench) -> tuple[str, str] | None:
    """A version that holds CONTENT, put when first asked for."""
    if bench.content is None:
        version_id = (bench.put("content", CONTENT) or {}).get("VersionId")
        bench.content = (f"{bench.prefix}content", str(version_id)) if version_id else None
    return bench.content


def _by_default(bench: Bench) -> Verdict:
    absent = "ServerSideEncryptionConfigurationNotFoundError"
    answer = bench.s3.call("get_bucket_encryption", none_for=(absent, *UNKNOWN_THERE)) or {}
    rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    kinds = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
    if any(str(kind).startswith("aws:kms") for kind in kinds):
        return passed("By the bucket's own KMS key.")
    if not bench.wanted.production:
        return not_applicable("A sandbox holds no film of a child.")
    return warned("No KMS key encrypts the films.", "Name one in S3_KMS_KEY_ID, or as the bucket's default.")


def _same_key(used: str, ours: str) -> bool:
    """S3 names the key by its ARN; ours may be the ARN, the id at its end, or an alias, which cannot be compared."""
    return "alias/" in ours or used == ours or used.endswith(f"/{ours}")
