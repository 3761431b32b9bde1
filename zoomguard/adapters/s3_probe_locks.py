"""Whether versions are really kept and locks really hold, tried on objects of the probes' own."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from zoomguard.adapters import s3_upload
from zoomguard.adapters.s3_probe_bench import LOCK_MODE, Bench, Verdict, failed, named, not_told, passed, warned
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.times import iso

OTHER_SERVER = "Use Amazon S3, or a server that keeps versions and locks them."
# Why there is none is what lock_on_put says: a poor server, or a question that was not answered.
NOT_LOCKED = not_told("Not tried: there is no locked version.", "See lock_on_put.")
FIRST, SECOND = b"the first of two", b"the second of two"


def versions_kept(bench: Bench) -> Verdict:
    """Puts twice under one key: both must be there, each by its own version id."""
    first, second = (bench.put("versions", content) or {} for content in (FIRST, SECOND))
    ids = [answer.get("VersionId") for answer in (first, second)]
    if not all(ids) or "null" in ids:
        return failed("S3 gives no version ids: the second write destroyed the first.", OTHER_SERVER)
    key = f"{bench.prefix}versions"
    for version_id, content in zip(ids, (FIRST, SECOND), strict=True):
        if bench.read((key, str(version_id)))[0] != content:
            return failed("A version does not hold what was written to it.", OTHER_SERVER)
    return passed()


def lock_on_put(bench: Bench) -> Verdict:
    """Whether the lock of a plain PUT comes back by version id."""
    answer = bench.put("locked", b"a locked object", **bench.lock()) or {}
    if not answer.get("VersionId"):
        return failed("S3 takes a lock and gives no version that it could hold.", OTHER_SERVER)
    bench.locked = (f"{bench.prefix}locked", str(answer["VersionId"]))
    return _read_back(bench, bench.head(bench.locked) or {})


def lock_on_multipart(bench: Bench) -> Verdict:
    """Whether the lock of a multipart upload comes back; some servers drop it, and the archive puts it on again."""
    version = _uploaded(bench, bench.key("multipart"), b"one part")
    if _holds(bench, bench.head(version) or {}):
        return passed()
    return _put_on_again(bench, version)


def refuses_delete(bench: Bench) -> Verdict:
    """Whether a locked version withstands a delete by its id, without bypass, by keys that may delete."""
    if bench.locked is None:
        return NOT_LOCKED
    if bench.removed(bench.locked):
        bench.locked = None
        return failed("S3 deleted a locked version.", OTHER_SERVER)
    if _may_delete(bench):
        return passed()
    return not_told(
        "Refused; but these keys may delete nothing here, so the lock itself was not seen to refuse.",
        "Give them s3:DeleteObject and s3:DeleteObjectVersion on v1-probe/* alone (service-policy.json).",
        blocking=False,
    )


def refuses_shortening(bench: Bench) -> Verdict:
    """Whether a lock can be made shorter by keys that do not bypass."""
    if bench.locked is None:
        return NOT_LOCKED
    sooner = bench.until_at - timedelta(hours=12)
    shorter = {"Mode": LOCK_MODE, "RetainUntilDate": sooner}
    refusal = bench.refusal("put_object_retention", **named(bench.locked), Retention=shorter)
    if _holds(bench, bench.head(bench.locked) or {}):
        return passed("" if refusal else "S3 said yes, and did not do it.")
    seen = "A lock can be made shorter by whoever may set one."
    if bench.wanted.production:
        return failed(seen, OTHER_SERVER)
    return warned(seen, "Nothing in a sandbox; in production it is refused.")


def legal_hold(bench: Bench) -> Verdict:
    """Whether a legal hold can be set, is read back, and can be lifted again."""
    answer = bench.put("held", b"an object under hold") or {}
    if not answer.get("VersionId"):
        return not_told("Not tried: S3 gives no versions.", OTHER_SERVER)
    version = (f"{bench.prefix}held", str(answer["VersionId"]))
    try:
        _hold(bench, version, "ON")
        shown = (bench.head(version) or {}).get("ObjectLockLegalHoldStatus")
        stood = not bench.removed(version)
    finally:
        _hold(bench, version, "OFF")
    return _held(bench, version, shown, stood)


def _held(bench: Bench, version: tuple[str, str], shown: str | None, stood: bool) -> Verdict:
    if shown != "ON":
        return failed("S3 takes a legal hold and does not show it.", OTHER_SERVER)
    if not stood:
        return failed("S3 deleted a version under legal hold.", OTHER_SERVER)
    if (bench.head(version) or {}).get("ObjectLockLegalHoldStatus") == "ON":
        return failed("A legal hold cannot be lifted again.", OTHER_SERVER)
    return passed()


def _uploaded(bench: Bench, key: str, content: bytes) -> tuple[str, str]:
    """An object put as the archive puts films."""
    begun = bench.s3.call(
        "create_multipart_upload",
        changes=True,
        Key=key,
        ChecksumAlgorithm=s3_upload.ALGORITHM,
        ChecksumType="FULL_OBJECT",
        **bench.lock(),
        **s3_upload.encryption(bench.kms_key_id),
    )
    upload = s3_upload.S3Upload(bench.s3, key, s3_upload.upload_id_of(begun))
    checksum = s3_upload.checksum_of(content)
    try:
        upload.part(1, content, checksum)
        return key, upload.complete(len(content), checksum)
    except BaseException:
        with suppress(OutsideFailed):
            upload.abort()
        raise


def _may_delete(bench: Bench) -> bool:
    """Whether these keys may delete by version id at all: tried on a delete marker, which no lock protects."""
    try:
        made = bench.s3.call("delete_object", changes=True, Key=bench.key("versions")) or {}
    except OutsideFailed as error:
        if not error.permanent:
            raise
        return False
    marker = (f"{bench.prefix}versions", str(made.get("VersionId")))
    return bool(made.get("DeleteMarker")) and bench.removed(marker)


def _hold(bench: Bench, version: tuple[str, str], status: str) -> None:
    bench.s3.call("put_object_legal_hold", changes=True, **named(version), LegalHold={"Status": status})


def _holds(bench: Bench, shown: dict[str, Any]) -> bool:
    until = shown.get("ObjectLockRetainUntilDate")
    return shown.get("ObjectLockMode") == LOCK_MODE and until is not None and until >= bench.until_at


def _read_back(bench: Bench, shown: dict[str, Any]) -> Verdict:
    until: datetime | None = shown.get("ObjectLockRetainUntilDate")
    if until is None or not _holds(bench, shown):
        said = f"{shown.get('ObjectLockMode')} until {iso(until)}" if until else "no lock"
        return failed(f"Asked for {LOCK_MODE} until {iso(bench.until_at)}, read back {said}.", OTHER_SERVER)
    if until > bench.until_at + timedelta(seconds=1):
        return warned(f"S3 locks longer than asked, until {iso(until)}: nothing can be deleted on time.", OTHER_SERVER)
    return passed()


def _put_on_again(bench: Bench, version: tuple[str, str]) -> Verdict:
    until = {"Mode": LOCK_MODE, "RetainUntilDate": bench.until_at}
    bench.s3.call("put_object_retention", changes=True, **named(version), Retention=until)
    if _holds(bench, bench.head(version) or {}):
        return passed("S3 drops it; the archive puts it on again and reads it back.")
    return failed("S3 drops the lock of a multipart upload, and it cannot be put on again.", OTHER_SERVER)
