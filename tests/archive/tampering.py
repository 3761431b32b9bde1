"""What somebody with rights of their own does to the archive's bucket, or to its database, behind our back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from moto.s3.models import s3_backends

from tests.archive.bucket import Bucket, Kept
from tests.house import DSL, Home
from zoomguard.tables import incidents as incidents_table


def kept(bucket: Bucket, path: str) -> Kept:
    """The one version of the path in the first bag that has it."""
    return next(v for v in bucket.versions() if v.path == path)


def write_over(bucket: Bucket, key: str, content: bytes = b"other bytes") -> str:
    """Another version under a key of the archive; its id."""
    version: str = bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=content)["VersionId"]
    return version


def mark_deleted(bucket: Bucket, key: str) -> str:
    """A delete marker, as `aws s3 rm` leaves it; its id."""
    marker: str = bucket.s3.delete_object(Bucket=bucket.name, Key=key)["VersionId"]
    return marker


def destroy(bucket: Bucket, one: Kept) -> None:
    """Takes a version away for good, past its lock."""
    bucket.s3.delete_object(Bucket=bucket.name, Key=one.key, VersionId=one.version_id, BypassGovernanceRetention=True)


def lock(bucket: Bucket, one: Kept, until: datetime) -> None:
    """Another end of the lock, past the lock that is there."""
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
    named = {"Bucket": bucket.name, "Key": one.key, "VersionId": one.version_id}
    bucket.s3.put_object_retention(**named, Retention=retention, BypassGovernanceRetention=True)


def hold(bucket: Bucket, one: Kept, status: str = "ON") -> None:
    """A legal hold, set by hand."""
    named = {"Bucket": bucket.name, "Key": one.key, "VersionId": one.version_id}
    bucket.s3.put_object_legal_hold(**named, LegalHold={"Status": status})


def retag(bucket: Bucket, one: Kept, tags: dict[str, str]) -> None:
    """Other tags in the place of ours, or none."""
    named = {"Bucket": bucket.name, "Key": one.key, "VersionId": one.version_id}
    if not tags:
        bucket.s3.delete_object_tagging(**named)
        return
    bucket.s3.put_object_tagging(**named, Tagging={"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})


def begin_upload(bucket: Bucket, key: str) -> str:
    """An upload that nobody completes; its id."""
    upload: str = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=key)["UploadId"]
    return upload


def uploads(bucket: Bucket) -> list[str]:
    """Ids of uploads that nobody completed."""
    return [u["UploadId"] for u in bucket.s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads", ())]


def rot(bucket: Bucket, one: Kept, content: bytes) -> None:
    """Other bytes under the same version id, as a failing disk leaves them (moto's own memory, in this process)."""
    (backend,) = (b for regions in s3_backends.values() for b in regions.values() if bucket.name in b.buckets)
    versions = backend.buckets[bucket.name].keys.getlist(one.key)
    (found,) = (v for v in versions if v.version_id == one.version_id)
    found.value = content


def change_row(home: Home, table: str, where: str, **values: Any) -> None:
    """Other values in a row, past every check of ours."""
    changes = ", ".join(f"{name} = :{name}" for name in values)
    with home.house.database.engine.begin() as connection:
        changed = connection.execute(sa.text(f"UPDATE {table} SET {changes} WHERE {where}"), values)
    assert changed.rowcount == 1, (table, where)


def opened(home: Home) -> list[tuple[str, str]]:
    """Kind and subject of every incident that stands open, oldest first."""
    with home.house.database.reading() as tx:
        return [(i.kind.value, i.subject) for i in incidents_table.unclosed(tx)]


def settle_all(home: Home) -> int:
    """A lead closes every open incident; how many."""
    views = home.app.incidents.list(home.who(DSL))
    for view in views:
        home.app.incidents.close(home.who(DSL), view.short_id, "Looked into and settled.")
    return len(views)


def events(home: Home, action: str) -> int:
    """How many events of an action the chain holds."""
    with home.house.database.engine.connect() as connection:
        counted = connection.execute(sa.text("SELECT count(*) FROM audit WHERE action = :a"), {"a": action})
        return int(counted.scalar_one())
