"""Every version under a prefix, page after page, in S3's order.

boto3's paginator takes ten times the processor time for the same pages; they are parsed here by expat, which is told
to refuse a document type, so that no entity is ever expanded. Nothing of a page is given before all of it was looked
at, and a list that cannot be whole is an error, never a short list.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import unquote_plus
from xml.parsers import expat

from zoomguard.adapters.s3_client import S3Client
from zoomguard.application.ports import ListedVersion
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.times import parse_iso

PAGE_KEYS = 1000
_WHETHER = {"true": True, "false": False}


def versions_under(s3: S3Client, prefix: str) -> Iterator[ListedVersion]:
    """Keys ascending by their UTF-8 bytes, for each the newest first, delete markers among them.

    OutsideFailed S3_LIST where an answer is no list, or is out of order, or would go round in circles.
    """
    marker, last, landmark, pages = ("", ""), "", ("", ""), 0
    while True:
        page = _page(s3, prefix, marker)
        # The order of code points, by which Python compares, is the order of UTF-8 bytes.
        for version in page.in_order():
            again = version.key == last and version.is_latest
            if version.key < last or again or not version.key.startswith(prefix):
                raise _no_list("out of order", permanent=True)
            last = version.key
            yield version
        if not page.truncated():
            return
        following, pages = page.following(), pages + 1
        # Brent's way of finding a circle in constant memory: a landmark that is moved ever more seldom.
        if following == landmark:
            raise _no_list("without end", permanent=True)
        if pages & (pages - 1) == 0:
            landmark = following
        marker = following


def _page(s3: S3Client, prefix: str, marker: tuple[str, str]) -> _Page:
    query = {"versions": "", "encoding-type": "url", "max-keys": str(PAGE_KEYS), "prefix": prefix}
    if marker[0]:
        query["key-marker"] = marker[0]
    if marker[1]:
        query["version-id-marker"] = marker[1]
    page = _Page()
    page.read(s3.send("list_object_versions", "GET", "", query).body)
    return page


class _Page:
    """A ListVersionsResult (docs.aws.amazon.com, ListObjectVersions): its entries as they stand, and what it tells."""

    def __init__(self) -> None:
        self._entries: list[dict[str, str]] = []
        self._told: dict[str, str] = {}
        self._depth, self._text = 0, ""
        self._entry: dict[str, str] = {}

    def read(self, body: bytes) -> None:
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._say
        parser.EndElementHandler = self._end
        try:
            parser.Parse(body, True)
        except expat.ExpatError:
            raise _no_list("that is no XML") from None

    def truncated(self) -> bool:
        return self._whether(self._told, "IsTruncated")

    def following(self) -> tuple[str, str]:
        """Where the next page begins: after this key and version id. They must be told."""
        if not self._told.get("NextKeyMarker"):
            raise _no_list("without its end", permanent=True)
        try:
            return self._decoded(self._told["NextKeyMarker"]), self._told.get("NextVersionIdMarker", "")
        except ValueError:
            raise _no_list("without its end", permanent=True) from None

    def in_order(self) -> Iterator[ListedVersion]:
        """As S3 writes them; moto and LocalStack write all versions and then all markers, which are merged."""
        listed = [self._listed(entry) for entry in self._entries]
        if _interleaved(listed):
            return iter(listed)
        versions = [version for version in listed if not version.is_marker]
        markers = [version for version in listed if version.is_marker]
        return heapq.merge(versions, markers, key=_place)

    def _start(self, name: str, _: object) -> None:
        self._depth += 1
        self._text = ""
        if self._depth == 2:
            self._entry = {}
        elif self._depth == 1 and name != "ListVersionsResult":
            raise _no_list("that is something else")

    def _say(self, text: str) -> None:
        self._text += text

    def _end(self, name: str) -> None:
        if self._depth == 3:
            self._entry[name] = self._text
        elif self._depth == 2 and name in ("Version", "DeleteMarker"):
            self._entry["is"] = name
            self._entries.append(self._entry)
        elif self._depth == 2:
            self._told[name] = self._text
        self._depth -= 1
        self._text = ""

    def _listed(self, entry: dict[str, str]) -> ListedVersion:
        is_marker = entry["is"] == "DeleteMarker"
        try:
            listed = ListedVersion(
                key=self._decoded(entry["Key"]),
                version_id=entry["VersionId"],
                size=0 if is_marker else int(entry["Size"]),
                is_marker=is_marker,
                is_latest=self._whether(entry, "IsLatest"),
                stored_at=parse_iso(entry["LastModified"]),
            )
        except (KeyError, ValueError):
            raise _no_list("with a version that lacks something") from None
        if not listed.key or not listed.version_id:
            raise _no_list("with a version that has no name")
        return listed

    def _decoded(self, text: str) -> str:
        return unquote_plus(text, errors="strict") if self._told.get("EncodingType") == "url" else text

    def _whether(self, told: dict[str, str], name: str) -> bool:
        if told.get(name) not in _WHETHER:
            raise _no_list(f"without {name}")
        return _WHETHER[told[name]]


def _interleaved(listed: list[ListedVersion]) -> bool:
    """Whether the order is S3's own: keys ascend, and only the first of a key may be its latest."""
    return all(one.key < two.key or (one.key == two.key and not two.is_latest) for one, two in pairwise(listed))


def _place(version: ListedVersion) -> tuple[str, bool, float]:
    return version.key, not version.is_latest, -version.stored_at.timestamp()


def _refuse(*_: object) -> None:
    raise _no_list("with a document type", permanent=True)


def _no_list(what: str, *, permanent: bool = False) -> OutsideFailed:
    return OutsideFailed(
        f"S3 answered list_object_versions with a list {what}.",
        "Check S3_ENDPOINT_URL." if permanent else "Try again later.",
        code="S3_LIST",
        permanent=permanent,
    )
