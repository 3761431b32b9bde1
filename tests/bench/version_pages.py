"""S3's place for listings: ListObjectVersions over made-up bags, a thousand a page, and a count of all requests.

A bucket `recordings-N-LABEL` holds the bags of N recordings. GET /-/BUCKET gives its counts as JSON.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.bench.bags import Keys, size_of, version_id
from tests.bench.serving import Handler, Server, serve

BUCKET = re.compile(r"recordings-(\d+)-\w+")
PAGE_KEYS = 1000
XML = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
# The form of an answer of S3's as recorded: order of elements, quotes of ETag, owner, storage class.
VERSION = (
    "<Version><Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>true</IsLatest>"
    "<LastModified>2026-11-23T09:00:00.000Z</LastModified><ETag>&quot;{tag:032x}-19&quot;</ETag>"
    "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>{size}</Size>"
    "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>"
    "<StorageClass>STANDARD</StorageClass></Version>"
)
PARTS = {
    "tagging": "<Tagging {xml}><TagSet><Tag><Key>zg-class</Key><Value>routine</Value></Tag>"
    "<Tag><Key>zg-retain-until</Key><Value>{until}</Value></Tag></TagSet></Tagging>",
    "retention": "<Retention {xml}><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>",
    "uploads": "<ListMultipartUploadsResult {xml}><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>",
    "legal-hold": "<LegalHold {xml}><Status>OFF</Status></LegalHold>",
}


class PageServer(Server):
    """Holds the counts: bucket -> kind of request -> how many."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)


class Pages(Handler):
    """Listings, and what may be asked of one object without reading it."""

    server: PageServer

    def do_GET(self) -> None:
        bucket, key, query = self._target()
        if bucket == "-":
            return self.answer(200, json.dumps(self.server.counts[key]).encode())
        known = BUCKET.fullmatch(bucket)
        kind = "versions" if not key and "versions" in query else next((part for part in PARTS if part in query), "")
        self.server.counts[bucket][f"{self.command} {kind}".strip()] += 1
        if known is None or not kind:
            return self._xml(501, "<Error><Code>NotImplemented</Code></Error>")
        keys = Keys(int(known[1]))
        if kind == "versions":
            return self._xml(200, page(bucket, keys, query))
        if kind != "uploads" and not keys.has(key):
            return self._xml(404, "<Error><Code>NoSuchKey</Code></Error>")
        self._xml(200, PARTS[kind].format(xml=XML, until=keys.kept_until()))

    def do_HEAD(self) -> None:
        bucket, key, _ = self._target()
        known = BUCKET.fullmatch(bucket)
        self.server.counts[bucket]["HEAD"] += 1
        if known is None or not Keys(int(known[1])).has(key):
            return self.answer(404)
        until = Keys(int(known[1])).kept_until()
        lock = {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": until}
        told = {"Content-Length": str(size_of(key)), "x-amz-version-id": version_id(key), "ETag": '"0-1"'}
        self.answer(200, headers=told | lock | {"Last-Modified": "Mon, 23 Nov 2026 09:00:00 GMT"})

    def _target(self) -> tuple[str, str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        return bucket, key, query

    def _xml(self, status: int, inner: str) -> None:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{inner}'
        self.answer(status, text.encode(), {"Content-Type": "application/xml"})


def page(bucket: str, keys: Keys, query: dict[str, str]) -> str:
    """One page: the versions under `prefix` after `key-marker`."""
    wanted, marker = query.get("prefix", ""), query.get("key-marker", "")
    most = min(int(query.get("max-keys", PAGE_KEYS)), PAGE_KEYS)
    first = max(bisect_left(keys, wanted), bisect_right(keys, marker) if marker else 0)
    end = bisect_left(keys, wanted + "\U0010ffff") if wanted else len(keys)
    last = min(first + most, end)
    found = [keys[at] for at in range(first, last)]
    more = last < end
    url = quote if query.get("encoding-type") == "url" else escape
    head = f"<Name>{bucket}</Name><Prefix>{url(wanted)}</Prefix><KeyMarker>{url(marker)}</KeyMarker>"
    head += f"<VersionIdMarker>{escape(query.get('version-id-marker', ''))}</VersionIdMarker>"
    if more:
        head += f"<NextKeyMarker>{url(found[-1])}</NextKeyMarker>"
        head += f"<NextVersionIdMarker>{version_id(found[-1])}</NextVersionIdMarker>"
    head += f"<MaxKeys>{most}</MaxKeys>" + ("<EncodingType>url</EncodingType>" if url is quote else "")
    rows = (VERSION.format(key=url(k), version=version_id(k), tag=size_of(k), size=size_of(k)) for k in found)
    truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
    return f"<ListVersionsResult {XML}>{head}{truncated}{''.join(rows)}</ListVersionsResult>"


if __name__ == "__main__":
    serve(Pages, PageServer)
