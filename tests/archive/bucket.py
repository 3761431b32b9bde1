"""The archive's bucket as anybody sees it: through boto3, and through the stock BagIt library."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import bagit  # type: ignore[import-untyped]
import boto3
from moto.backends import get_backend


@dataclass(frozen=True)
class Kept:
    """One version in the bucket."""

    key: str
    version_id: str
    size: int
    at: datetime

    @property
    def path(self) -> str:
        """The path within the bag."""
        return self.key.split("/", 5)[5]


class Bucket:
    """What stands in a bucket, read by version id."""

    def __init__(self, url: str, name: str = "zoomguard-sandbox") -> None:
        self.name = name
        self.s3: Any = boto3.client(
            "s3", endpoint_url=url, region_name="eu-west-2", aws_access_key_id="x", aws_secret_access_key="x"
        )

    def versions(self, prefix: str = "v1/") -> list[Kept]:
        """Every version under the prefix, by key."""
        answer = self.s3.list_object_versions(Bucket=self.name, Prefix=prefix)
        assert not answer["IsTruncated"] and not answer.get("DeleteMarkers")
        found = [Kept(v["Key"], v["VersionId"], v["Size"], v["LastModified"]) for v in answer.get("Versions", ())]
        return sorted(found, key=lambda v: v.key)

    def keys(self, prefix: str = "v1/") -> list[str]:
        return [v.key for v in self.versions(prefix)]

    def unfinished(self) -> list[str]:
        """Keys of uploads that nobody completed."""
        answer = self.s3.list_multipart_uploads(Bucket=self.name)
        return [u["Key"] for u in answer.get("Uploads", ())]

    def stored(self, kept: Kept) -> Any:
        """How moto keeps a version in this process: whoever changes it does what no request can."""
        versions = get_backend("s3")["123456789012"]["aws"].buckets[self.name].keys.getlist(kept.key)
        return next(v for v in versions if v.version_id == kept.version_id)

    def head(self, kept: Kept) -> dict[str, Any]:
        answer: dict[str, Any] = self.s3.head_object(Bucket=self.name, Key=kept.key, VersionId=kept.version_id)
        return answer

    def tags(self, kept: Kept) -> dict[str, str]:
        answer = self.s3.get_object_tagging(Bucket=self.name, Key=kept.key, VersionId=kept.version_id)
        return {t["Key"]: t["Value"] for t in answer["TagSet"]}

    def read(self, kept: Kept) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.name, Key=kept.key, VersionId=kept.version_id)["Body"].read()
        return body

    def bags(self, folder: Path, under: str = "v1/") -> dict[str, bagit.Bag]:
        """Every bag of the bucket, or those under a prefix, fetched into the folder and found valid, by its prefix."""
        prefixes: set[str] = set()
        for kept in self.versions(under):
            prefix = "/".join(kept.key.split("/", 5)[:5])
            prefixes.add(prefix)
            place = folder / prefix / kept.path
            assert not place.exists(), f"two versions of {kept.key}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self.read(kept))
        bags = {prefix: bagit.Bag(str(folder / prefix)) for prefix in sorted(prefixes)}
        for bag in bags.values():
            bag.validate()
        return bags

    def sealed(self) -> list[str]:
        """Keys of the commit marks of bags."""
        return [k for k in self.keys() if k.endswith("/tagmanifest-sha256.txt")]
