"""Where the trials of a bucket are made: a prefix of their own, what was put there, and how it is taken away."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from zoomguard.adapters import s3_bucket, s3_upload
from zoomguard.adapters.s3_client import S3Client
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.findings import Outcome
from zoomguard.domain.ids import ulid
from zoomguard.domain.storage import LeftObject, StorageWanted

PREFIX = "v1-probe/"
LOCK_MODE = "GOVERNANCE"
# S3 counts retention by the moment, so a day is enough to see a lock at work and soon gone.
LOCK = timedelta(days=1)
# What a server answers to an operation that it does not know.
UNKNOWN_THERE = ("NotImplemented", "MethodNotAllowed", "501", "405")


@dataclass(frozen=True)
class Verdict:
    """What a probe found; `blocking` None leaves the weight to the probe's name."""

    outcome: Outcome
    seen: str = ""
    remedy: str = ""
    blocking: bool | None = None


def passed(note: str = "") -> Verdict:
    """It holds; a note says what else was seen."""
    return Verdict(Outcome.PASS, note, blocking=False)


def failed(seen: str, remedy: str = "") -> Verdict:
    """Evidence cannot be kept so."""
    return Verdict(Outcome.FAIL, seen, remedy, blocking=True)


def warned(seen: str, remedy: str = "") -> Verdict:
    """It does not hold, and evidence can be kept all the same."""
    return Verdict(Outcome.FAIL, seen, remedy, blocking=False)


def not_told(seen: str, remedy: str = "", *, blocking: bool | None = None) -> Verdict:
    """It could not be asked; never a pass."""
    return Verdict(Outcome.UNKNOWN, seen, remedy, blocking)


def not_applicable(seen: str) -> Verdict:
    """There is nothing to ask here."""
    return Verdict(Outcome.NOT_APPLICABLE, seen, blocking=False)


@dataclass
class Bench:
    """One run of the probes: the bucket, what it is held against, and every key put so far.

    `said` is what S3 answered first; `locked` and `content` are versions (key, version id) that later probes look at,
    None until they were made; `may_bypass` is set once the keys were seen to set a lock aside, and `locks_by_itself`
    where the bucket locks whatever comes without a lock: then the probes lock all that they put, for their one day.
    """

    s3: S3Client
    wanted: StorageWanted
    kms_key_id: str | None
    endpoint_url: str | None
    said: dict[str, Any] = field(default_factory=dict)
    locked: tuple[str, str] | None = None
    content: tuple[str, str] | None = None
    may_bypass: bool = False
    locks_by_itself: bool = False
    _keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prefix = f"{PREFIX}{ulid(self.wanted.now)}/"

    @property
    def server_at(self) -> datetime | None:
        """S3's clock, from the Date header of its first answer (RFC 9110, 6.6.1)."""
        date = self.said.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")
        try:
            return parsedate_to_datetime(date).astimezone(UTC)
        except (TypeError, ValueError):
            return None

    @property
    def until_at(self) -> datetime:
        """Until when the probes lock: a day by the later of S3's clock and ours, which a sandbox moves about."""
        latest = max(self.wanted.now, self.server_at or self.wanted.now)
        return (latest + LOCK).replace(microsecond=0)

    def lock(self) -> dict[str, Any]:
        """The headers of the probes' lock, with a tag, which the archive sends too."""
        return {
            "ObjectLockMode": LOCK_MODE,
            "ObjectLockRetainUntilDate": self.until_at,
            "Tagging": "zg-class=probe",
        }

    def key(self, name: str) -> str:
        """A key of ours, noted to be taken away at the end, whatever comes of it."""
        self._keys.append(self.prefix + name)
        return self._keys[-1]

    def put(self, name: str, content: bytes, **more: Any) -> dict[str, Any] | None:
        """Puts an object of ours as the archive does; None where S3 refuses the checksum."""
        lock = self.lock() if self.locks_by_itself else {}
        request = {"Body": content, **_checksum(content), **s3_upload.encryption(self.kms_key_id), **lock, **more}
        return self.s3.call(
            "put_object", changes=True, none_for=s3_bucket.WRONG_CHECKSUM, Key=self.key(name), **request
        )

    def head(self, version: tuple[str, str]) -> dict[str, Any] | None:
        """What S3 says of a version; None where it is gone."""
        gone = ("404", "405", "NoSuchVersion", "NoSuchKey", "MethodNotAllowed")
        return self.s3.call("head_object", none_for=gone, **named(version), ChecksumMode="ENABLED")

    def read(self, version: tuple[str, str], **more: Any) -> tuple[bytes, dict[str, Any]]:
        """The bytes of a version, and the answer."""
        answer = self.s3.call("get_object", **named(version), **more) or {}
        with closing(answer["Body"]) as body:
            content: bytes = body.read()
        return content, answer

    def refusal(self, operation: str, **request: Any) -> str:
        """The code with which S3 says no to a change; empty where it does it."""
        try:
            self.s3.call(operation, changes=True, **request)
        except OutsideFailed as error:
            if not error.permanent:
                raise
            return error.code
        return ""

    def removed(self, version: tuple[str, str], **more: Any) -> bool:
        """Deletes a version of ours; whether it is gone."""
        return not self.refusal("delete_object", **named(version), **more) and self.head(version) is None

    def clear(self) -> tuple[LeftObject, ...]:
        """Takes away all that stands under our prefix, by version id; gives what had to stay."""
        try:
            pages = list(self.s3.pages("list_object_versions", Prefix=self.prefix))
        except OutsideFailed:
            return tuple(LeftObject(key, "", None) for key in dict.fromkeys(self._keys) if not self._dropped(key))
        found = [v for page in pages for kind in ("Versions", "DeleteMarkers") for v in page.get(kind, ())]
        versions = [(str(v["Key"]), str(v["VersionId"])) for v in found]
        return tuple(LeftObject(*v, self._locked_until(v)) for v in versions if not self._cleared(v))

    def _cleared(self, version: tuple[str, str]) -> bool:
        more = {"BypassGovernanceRetention": True} if self.may_bypass else {}
        try:
            return self.removed(version, **more)
        except OutsideFailed:
            return False

    def _dropped(self, key: str) -> bool:
        """For a server that lists no versions, and so has none: the key is ours alone."""
        try:
            return not self.refusal("delete_object", Key=key)
        except OutsideFailed:
            return False

    def _locked_until(self, version: tuple[str, str]) -> datetime | None:
        try:
            return (self.head(version) or {}).get("ObjectLockRetainUntilDate")
        except OutsideFailed:
            return None


def named(version: tuple[str, str]) -> dict[str, Any]:
    """Key and version id as boto3 takes them."""
    return {"Key": version[0], "VersionId": version[1]}


def _checksum(content: bytes) -> dict[str, Any]:
    return {"ChecksumAlgorithm": s3_upload.ALGORITHM, "ChecksumCRC64NVME": s3_upload.checksum_of(content)}
