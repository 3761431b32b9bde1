"""Writing to S3 with a full-object CRC-64/NVME: the running checksum and the multipart upload."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

from awscrt.checksums import combine_crc64nvme, crc64nvme

from zoomguard.adapters.s3_client import S3Client
from zoomguard.domain.errors import Fault, IntegrityFailed, OutcomeUnknown, OutsideFailed, Throttled

ALGORITHM = "CRC64NVME"
PAUSES_S = (0.0, 1.0)


class Crc64Nvme:
    """A running CRC-64/NVME (docs.aws.amazon.com, "Checking object integrity")."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, content: bytes | memoryview) -> None:
        """Takes in the next bytes."""
        # awscrt takes any buffer, though its hint says bytes.
        self._value = crc64nvme(content, self._value)  # type: ignore[arg-type, unused-ignore]

    def extend(self, other: Crc64Nvme, size: int) -> None:
        """Goes on over the `size` bytes that the other one was made of."""
        self._value = combine_crc64nvme(self._value, other._value, size)

    def text(self) -> str:
        """Base64 of the eight bytes, as S3 writes it."""
        return base64.b64encode(self._value.to_bytes(8, "big")).decode()


def checksum_of(content: bytes) -> str:
    """The CRC-64/NVME of a whole content as S3 writes it."""
    running = Crc64Nvme()
    running.update(content)
    return running.text()


def encryption(kms_key_id: str | None) -> dict[str, Any]:
    """What a write says of encryption: our KMS key, or nothing, which leaves it to the bucket."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}


def version_of(answer: dict[str, Any] | None) -> str:
    """The version id that S3 gave to what was written; IntegrityFailed where it keeps no versions."""
    version_id = (answer or {}).get("VersionId")
    if not version_id or version_id == "null":
        raise IntegrityFailed(
            "S3 stored an object without a version.",
            "Use a bucket with versioning and lock.",
            code="S3_NO_VERSIONS",
        )
    return str(version_id)


def upload_id_of(answer: dict[str, Any] | None) -> str:
    """The id of an upload just begun; OutsideFailed where the server names none."""
    upload_id = (answer or {}).get("UploadId")
    if not upload_id:
        raise OutsideFailed(
            "S3 began an upload without naming it.", "Check S3_ENDPOINT_URL.", code="S3_REFUSED", permanent=True
        )
    return str(upload_id)


@dataclass(frozen=True)
class _Part:
    size: int
    crc: int
    etag: str


class S3Upload:
    """A running multipart upload of one object. Parts may be sent by several threads."""

    def __init__(self, s3: S3Client, key: str, upload_id: str) -> None:
        self.upload_id = upload_id
        self._s3 = s3
        self._target: dict[str, Any] = {"Key": key, "UploadId": upload_id}
        self._parts: dict[int, _Part] = {}

    def part(self, number: int, content: bytes | memoryview, crc64nvme: str) -> None:
        """Sends part `number` (from 1) with its checksum, a few times where the connection fails.

        A part of the same number takes the place of the former one, so a repetition leaves nothing behind.
        """
        etag = self._sent(number, content, crc64nvme)
        crc = int.from_bytes(base64.b64decode(crc64nvme), "big")
        self._parts[number] = _Part(memoryview(content).nbytes, crc, etag)

    def complete(self, size: int, crc64nvme: str) -> str:
        """Completes with size in bytes and checksum of the whole and gives the version id.

        OutcomeUnknown where the answer was lost; Fault where the parts do not add up to the whole.
        """
        self._must_add_up(size, crc64nvme)
        parts = [{"PartNumber": n, "ETag": self._parts[n].etag} for n in sorted(self._parts)]
        answer = self._s3.call(
            "complete_multipart_upload",
            changes=True,
            none_for=("NoSuchUpload",),
            **self._target,
            MultipartUpload={"Parts": parts},
            ChecksumCRC64NVME=crc64nvme,
            ChecksumType="FULL_OBJECT",
            MpuObjectSize=size,
        )
        if answer is None:
            raise OutcomeUnknown(
                "S3 no longer knows the upload: completed earlier, or given up.",
                "Look for the object by its key.",
            )
        return version_of(answer)

    def abort(self) -> None:
        """Gives the upload up; gone already is done."""
        abort(self._s3, self._target["Key"], self.upload_id)

    def _sent(self, number: int, content: bytes | memoryview, crc64nvme: str) -> str:
        for pause_s in PAUSES_S:
            try:
                return self._sent_once(number, content, crc64nvme)
            except Throttled:
                raise
            except OutsideFailed as failed:
                if failed.permanent:
                    raise
            time.sleep(pause_s)
        return self._sent_once(number, content, crc64nvme)

    def _sent_once(self, number: int, content: bytes | memoryview, crc64nvme: str) -> str:
        query = {"partNumber": str(number), "uploadId": self.upload_id}
        headers = {"x-amz-sdk-checksum-algorithm": ALGORITHM, "x-amz-checksum-crc64nvme": crc64nvme}
        answer = self._s3.send("upload_part", "PUT", self._target["Key"], query, headers, content)
        return answer.headers.get("etag", "")

    def _must_add_up(self, size: int, whole: str) -> None:
        sent, crc = 0, 0
        for number in sorted(self._parts):
            part = self._parts[number]
            sent, crc = sent + part.size, combine_crc64nvme(crc, part.crc, part.size)
        if sent != size or base64.b64encode(crc.to_bytes(8, "big")).decode() != whole:
            raise Fault("The parts of an upload do not add up to the whole.")


def abort(s3: S3Client, key: str, upload_id: str) -> None:
    """Gives a multipart upload up; gone already is done."""
    s3.call("abort_multipart_upload", changes=True, none_for=("NoSuchUpload",), Key=key, UploadId=upload_id)
