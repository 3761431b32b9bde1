"""What S3 says of one version: asked by the wire, since a nightly comparison asks it tens of thousands of times.

docs.aws.amazon.com/AmazonS3/latest/API: HeadObject, GetObjectTagging.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from xml.etree import ElementTree

from zoomguard.adapters.s3_client import S3Client
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.times import parse_iso

LOCK = "x-amz-object-lock-"
META = "x-amz-meta-"
SIZE = re.compile(r"[0-9]{1,18}")
CHECKSUM = "x-amz-checksum-crc64nvme"
NO_VERSION = ("NoSuchVersion", "NoSuchKey", "MethodNotAllowed")
_HELD = {"ON": True, "OFF": False}


def headers_of(s3: S3Client, key: str, version_id: str) -> Mapping[str, str] | None:
    """The answer to HEAD, names in small letters; None where there is no such version, or it is a delete marker."""
    none_for = ("404", "405", *NO_VERSION)
    answer = s3.look("head_object", "HEAD", key, {"versionId": version_id}, none_for=none_for)
    if answer is None:
        # The answer to HEAD has no body, so a bucket that is gone looks like an object that is gone.
        s3.call("head_bucket")
        return None
    return answer.headers


def size_in(headers: Mapping[str, str]) -> int:
    """Content-Length; OutsideFailed where the answer has none."""
    text = headers.get("content-length", "")
    if SIZE.fullmatch(text) is None:
        raise _unusable()
    return int(text)


def retain_until_in(headers: Mapping[str, str]) -> datetime | None:
    """The end of the lock, aware UTC."""
    text = headers.get(f"{LOCK}retain-until-date")
    try:
        return parse_iso(text) if text else None
    except ValueError:
        raise _unusable() from None


def legal_hold_in(headers: Mapping[str, str]) -> bool | None:
    """Whether a legal hold is on; None where S3 does not tell."""
    return _HELD.get(headers.get(f"{LOCK}legal-hold", ""))


def metadata_in(headers: Mapping[str, str]) -> dict[str, str]:
    """What was stored with the object."""
    return {name.removeprefix(META): said for name, said in headers.items() if name.startswith(META)}


def tags_of(s3: S3Client, key: str, version_id: str) -> dict[str, str] | None:
    """The tags of one version, or None where there is no such version."""
    query = {"tagging": "", "versionId": version_id}
    answer = s3.look("get_object_tagging", "GET", key, query, none_for=NO_VERSION)
    if answer is None:
        return None
    try:
        # As boto3 reads it: the answer is capped, and expat itself bounds what entities may grow to.
        root = ElementTree.fromstring(answer.body)  # noqa: S314
    except ElementTree.ParseError:
        raise _unusable() from None
    return {tag.findtext("{*}Key", ""): tag.findtext("{*}Value", "") for tag in root.iter() if _is_tag(tag)}


def _is_tag(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] == "Tag"


def _unusable() -> OutsideFailed:
    return OutsideFailed("S3's answer about an object cannot be read.", "Check S3_ENDPOINT_URL.", code="S3_ANSWER")
