"""S3's place: takes objects, counts their bytes and keeps none of them. Signatures are not looked at."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.bench.serving import Handler, Server, serve
from tests.bench.sink_body import count

XML = "http://s3.amazonaws.com/doc/2006-03-01/"
MOMENT, HTTP_MOMENT = "2026-11-23T09:00:00.000Z", "Mon, 23 Nov 2026 09:00:00 GMT"
PART = re.compile(rb"<PartNumber>(\d+)</PartNumber>")


@dataclass
class Bucket:
    """What is known of objects: key -> (bytes, version id); and of uploads: id -> part -> bytes."""

    objects: dict[str, tuple[int, str]] = field(default_factory=dict)
    uploads: dict[str, dict[int, int]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def store(self, key: str, size: int) -> dict[str, str]:
        """Notes an object and gives the headers of the answer."""
        version = f"bench-{next(self.numbers):08d}"
        self.objects[key] = (size, version)
        return {"ETag": _etag(size), "x-amz-version-id": version}


class SinkServer(Server):
    """Holds the one bucket, whatever it is called."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.bucket = Bucket()


class Sink(Handler):
    """As much of S3 as `aws s3 cp`, `rclone copyurl`, `curl -T` and we need."""

    server: SinkServer

    def do_PUT(self) -> None:
        key, query = self._target()
        if not key:  # CreateBucket
            self._take()
            return self.answer(200)
        if "uploadId" not in query:
            return self.answer(200, headers=self.server.bucket.store(key, self._take()))
        parts = self.server.bucket.uploads.get(query["uploadId"])
        size = self._take()
        if parts is None:
            return self._refuse(404, "NoSuchUpload")
        parts[int(query["partNumber"])] = size
        self.answer(200, headers={"ETag": _etag(size)})

    def do_POST(self) -> None:
        key, query = self._target()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        bucket = self.server.bucket
        if "uploads" in query:
            upload = f"upload-{next(bucket.numbers):08d}"
            bucket.uploads[upload] = {}
            return self._xml("InitiateMultipartUploadResult", f"<Key>{key}</Key><UploadId>{upload}</UploadId>")
        parts = bucket.uploads.pop(query.get("uploadId", ""), None)
        if parts is None:
            return self._refuse(404, "NoSuchUpload")
        headers = bucket.store(key, sum(parts[int(number)] for number in PART.findall(body)))
        self._xml("CompleteMultipartUploadResult", f"<Key>{key}</Key><ETag>{headers['ETag']}</ETag>", headers)

    def do_DELETE(self) -> None:
        _, query = self._target()
        known = self.server.bucket.uploads.pop(query.get("uploadId", ""), None)
        self.answer(204) if known is not None else self._refuse(404, "NoSuchUpload")

    def do_HEAD(self) -> None:
        key, _ = self._target()
        if not key:
            return self.answer(200)
        if key not in self.server.bucket.objects:
            return self.answer(404)
        size, version = self.server.bucket.objects[key]
        told = {"ETag": _etag(size), "x-amz-version-id": version, "Content-Type": "video/mp4"}
        self.answer(200, headers=told | {"Content-Length": str(size), "Last-Modified": HTTP_MOMENT})

    def do_GET(self) -> None:
        key, query = self._target()
        if key or "versions" not in query:
            return self._refuse(501, "NotImplemented")
        found = sorted(self.server.bucket.objects.items())
        wanted = (_version(k, *told) for k, told in found if k.startswith(query.get("prefix", "")))
        self._xml("ListVersionsResult", f"<IsTruncated>false</IsTruncated>{''.join(wanted)}")

    def _target(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return unquote(parts.path).removeprefix("/").partition("/")[2], query

    def _take(self) -> int:
        return count(self.rfile, self.headers)  # type: ignore[arg-type]

    def _xml(self, name: str, inner: str, headers: dict[str, str] | None = None) -> None:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{XML}">{inner}</{name}>'
        self.answer(200, text.encode(), {"Content-Type": "application/xml"} | (headers or {}))

    def _refuse(self, status: int, code: str) -> None:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
        self.answer(status, text.encode(), {"Content-Type": "application/xml"})


def _etag(size: int) -> str:
    """In the form of an upload in parts, which nobody takes for the MD5 of the content."""
    return f'"{size:032x}-1"'


def _version(key: str, size: int, version: str) -> str:
    said = f"<Key>{key}</Key><VersionId>{version}</VersionId><IsLatest>true</IsLatest><Size>{size}</Size>"
    return f"<Version>{said}<LastModified>{MOMENT}</LastModified></Version>"


if __name__ == "__main__":
    serve(Sink, SinkServer)
