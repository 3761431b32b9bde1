"""The archive's bucket: versioned, locked, written once (S3 or a server that speaks it)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from zoomguard.adapters import s3_bucket, s3_errors, s3_facts, s3_listing, s3_upload
from zoomguard.adapters.s3_client import S3Client
from zoomguard.application.ports import Clock, ListedVersion, Lock, StoredObject, UnfinishedUpload
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed

# Each chunk to a viewer is handed from thread to loop, which took a third more CPU for all at a quarter of this.
CHUNK_BYTES = 1024 * 1024
LOCK_MODE = "GOVERNANCE"
_LOCKING = (LOCK_MODE, "COMPLIANCE")


class S3Vault:
    """ports.Vault on boto3 and a wire beside it. Safe between threads; only parts of an upload are repeated."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint_url: str | None,
        region: str | None,
        kms_key_id: str | None,
        access_key: str | None,
        secret_key: str | None,
        guard: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._s3 = S3Client(
            bucket,
            endpoint_url=endpoint_url,
            region=region,
            access_key=access_key,
            secret_key=secret_key,
            guard=guard,
            clock=clock,
        )
        self._kms_key_id = kms_key_id
        self._verifies: bool | None = None

    def put(self, key: str, content: bytes, lock: Lock) -> str:
        """Puts a small object with its lock and gives the version id.

        Conflict ALREADY_THERE where the server sees that the key is taken (not every server looks).
        """
        request = {
            **self._headers(key, lock),
            "Body": content,
            "ChecksumAlgorithm": s3_upload.ALGORITHM,
            "ChecksumCRC64NVME": s3_upload.checksum_of(content),
        }
        answer = self._s3.call(
            "put_object", changes=True, none_for=("NotImplemented", "501"), IfNoneMatch="*", **request
        )
        if answer is None:  # this server knows no conditional writes
            answer = self._s3.call("put_object", changes=True, **request)
        return s3_upload.version_of(answer)

    def begin(self, key: str, lock: Lock) -> s3_upload.S3Upload:
        """Begins a multipart upload with a full-object CRC64NVME."""
        request = {
            **self._headers(key, lock),
            "ChecksumAlgorithm": s3_upload.ALGORITHM,
            "ChecksumType": "FULL_OBJECT",
        }
        answer = self._s3.call("create_multipart_upload", changes=True, **request)
        return s3_upload.S3Upload(self._s3, key, s3_upload.upload_id_of(answer))

    def head(self, key: str, version_id: str) -> StoredObject | None:
        """What S3 says of one version; None where it has none, or a delete marker.

        The checksum is None where the server would repeat whatever it was told: then only reading proves.
        """
        headers = s3_facts.headers_of(self._s3, key, version_id)
        if headers is None:
            return None
        return StoredObject(
            key=key,
            version_id=version_id,
            size=s3_facts.size_in(headers),
            crc64nvme=self._believed(headers.get(s3_facts.CHECKSUM)),
            lock_mode=headers.get(f"{s3_facts.LOCK}mode"),
            retain_until_at=s3_facts.retain_until_in(headers),
            metadata=s3_facts.metadata_in(headers),
            legal_hold=s3_facts.legal_hold_in(headers),
        )

    def listing(self, prefix: str) -> Iterator[ListedVersion]:
        """Every version and delete marker under a prefix, page by page: keys by their UTF-8 bytes, newest first."""
        return s3_listing.versions_under(self._s3, prefix)

    def versions(self, prefix: str) -> tuple[StoredObject, ...]:
        """Every version under a prefix (without checksums, locks and delete markers), oldest first for each key."""
        found = (version for version in self.listing(prefix) if not version.is_marker)
        by_key = (reversed(list(versions)) for _, versions in groupby(found, attrgetter("key")))
        return tuple(_stored(version) for versions in by_key for version in versions)

    def tags(self, key: str, version_id: str) -> dict[str, str] | None:
        """The tags of one version, or None where there is no such version."""
        return s3_facts.tags_of(self._s3, key, version_id)

    def retag(self, key: str, version_id: str, tags: dict[str, str]) -> None:
        """Puts these tags in the place of all that the version had. OutcomeUnknown where the answer was lost."""
        tag_set = [{"Key": name, "Value": said} for name, said in tags.items()]
        self._s3.call("put_object_tagging", changes=True, Key=key, VersionId=version_id, Tagging={"TagSet": tag_set})

    def relock(self, key: str, version_id: str, retain_until_at: datetime) -> None:
        """Puts the GOVERNANCE lock on a version that came out without it, and reads it back.

        A lock that reaches further stays. IntegrityFailed where the lock does not hold.
        """
        if self._locked(key, version_id, retain_until_at):
            return
        self._s3.call(
            "put_object_retention",
            changes=True,
            Key=key,
            VersionId=version_id,
            Retention={"Mode": LOCK_MODE, "RetainUntilDate": retain_until_at},
        )
        if not self._locked(key, version_id, retain_until_at):
            raise IntegrityFailed(
                "S3 accepted a lock and does not show it.",
                "Use a server with Object Lock.",
                code="S3_NO_LOCK",
            )

    @contextmanager
    def read(self, key: str, version_id: str, start: int, stop: int | None) -> Iterator[Iterator[bytes]]:
        """Streams the bytes of one version from `start` to `stop` (exclusive; None: the end), like a slice.

        OutsideFailed when the stream is cut, or permanently where there is no such version.
        """
        if stop is not None and stop <= start:
            yield iter(())
            return
        wanted: dict[str, Any] = {"Key": key, "VersionId": version_id}
        if start or stop is not None:
            wanted["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
        answer = self._s3.call("get_object", none_for=("InvalidRange", "416"), **wanted)
        if answer is None:
            yield iter(())
            return
        with closing(answer["Body"]) as body:
            _must_begin_at(start, answer)
            yield self._chunks(body, None if stop is None else stop - start)

    def unfinished(self, prefix: str) -> tuple[UnfinishedUpload, ...]:
        """Uploads under a prefix that nobody completed."""
        pages = self._s3.pages("list_multipart_uploads", Prefix=prefix)
        found = (upload for page in pages for upload in page.get("Uploads", ()))
        return tuple(UnfinishedUpload(upload["Key"], upload["UploadId"]) for upload in found)

    def abort(self, upload: UnfinishedUpload) -> None:
        """Gives one of them up; gone already is done."""
        s3_upload.abort(self._s3, upload.key, upload.upload_id)

    def checksum(self) -> s3_upload.Crc64Nvme:
        """A fresh CRC-64/NVME over bytes."""
        return s3_upload.Crc64Nvme()

    def prepare(self, environment: str, *, create: bool) -> None:
        """Checks versioning, lock and the stamp of our environment; creates the bucket where allowed."""
        s3_bucket.prepare(self._s3, environment, create=create)

    def _headers(self, key: str, lock: Lock) -> dict[str, Any]:
        headers: dict[str, Any] = {
            "Key": key,
            "ContentType": lock.content_type,
            "Metadata": lock.metadata,
            "ObjectLockMode": LOCK_MODE,
            "ObjectLockRetainUntilDate": lock.retain_until_at,
        }
        if lock.tags:
            headers["Tagging"] = urlencode(lock.tags)
        return headers | s3_upload.encryption(self._kms_key_id)

    def _believed(self, crc64nvme: str | None) -> str | None:
        if crc64nvme is None:
            return None
        if self._verifies is None:
            try:
                self._verifies = s3_bucket.verifies_checksums(self._s3)
            except OutsideFailed:
                # Could not be tried just now: not believed this time, tried again at the next look.
                return None
        return crc64nvme if self._verifies else None

    def _locked(self, key: str, version_id: str, until_at: datetime) -> bool:
        stored = self.head(key, version_id)
        if stored is None:
            raise IntegrityFailed("The version to be locked is not there.", code="S3_VERSION_GONE")
        shown_at = stored.retain_until_at
        return stored.lock_mode in _LOCKING and shown_at is not None and shown_at >= until_at

    def _chunks(self, body: Any, limit: int | None) -> Iterator[bytes]:
        try:
            for chunk in body.iter_chunks(CHUNK_BYTES):
                yield chunk if limit is None else chunk[:limit]
                if limit is not None:
                    limit -= len(chunk)
                    if limit <= 0:
                        return
        except s3_errors.RAISED as error:
            raise self._s3.error(error, "get_object") from None


def _stored(version: ListedVersion) -> StoredObject:
    return StoredObject(
        key=version.key,
        version_id=version.version_id,
        size=version.size,
        crc64nvme=None,
        lock_mode=None,
        retain_until_at=None,
        metadata={},
    )


def _must_begin_at(start: int, answer: dict[str, Any]) -> None:
    # Without Content-Range the whole has come, which begins at 0.
    if not str(answer.get("ContentRange", "bytes 0-")).startswith(f"bytes {start}-"):
        raise OutsideFailed(
            "S3 does not answer for parts of an object.",
            "Use a server that honours Range.",
            code="S3_NO_RANGE",
            permanent=True,
        )
