"""The vault against moto and LocalStack: written once, locked, read back."""

import hashlib
import itertools
import uuid
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.adapters.vaults import (
    KEY,
    LOCK,
    MIB,
    PREFIX,
    UNTIL,
    copy_in_parts,
    crc_of,
    head,
    new_name,
    raw,
    read,
    some_bytes,
    vault_at,
)
from zoomguard.adapters import s3_listing, s3_vault
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.domain.errors import Conflict, Fault, IntegrityFailed, OutcomeUnknown, OutsideFailed


def test_the_checksum_is_the_published_crc_64_nvme() -> None:
    # The check value of CRC-64/NVME for "123456789" is ae8b14860a799888 (NVM Express, reveng catalogue).
    running = vault_at("http://127.0.0.1:1").checksum()
    running.update(b"1234")
    running.update(memoryview(b"56789"))
    assert running.text() == "rosUhgp5mIg="


def test_a_small_object_carries_its_lock_metadata_tags_and_type(vault: S3Vault, url: str, bucket: str) -> None:
    version_id = vault.put(KEY, b"bytes", LOCK)
    stored = head(vault, KEY, version_id)
    assert (stored.size, stored.metadata) == (5, LOCK.metadata)
    assert (stored.lock_mode, stored.retain_until_at) == ("GOVERNANCE", UNTIL)
    tags = raw(url).get_object_tagging(Bucket=bucket, Key=KEY, VersionId=version_id)["TagSet"]
    assert tags == [{"Key": "zg-class", "Value": "routine"}]
    assert raw(url).head_object(Bucket=bucket, Key=KEY)["ContentType"] == "video/mp4"
    assert read(vault, KEY, version_id) == b"bytes"


def test_a_locked_version_cannot_be_deleted(vault: S3Vault, url: str, bucket: str) -> None:
    version_id = vault.put(KEY, b"bytes", LOCK)
    with pytest.raises(ClientError, match="AccessDenied"):
        raw(url).delete_object(Bucket=bucket, Key=KEY, VersionId=version_id)


def test_twelve_mib_in_parts_come_back_with_the_same_sha_256(vault: S3Vault) -> None:
    content = some_bytes(12 * MIB)
    version_id = copy_in_parts(vault, content)
    stored = head(vault, KEY, version_id)
    assert (stored.size, stored.metadata) == (len(content), LOCK.metadata)
    with vault.read(KEY, version_id, 0, None) as chunks:
        digest, longest = hashlib.sha256(), 0
        for chunk in chunks:
            digest.update(chunk)
            longest = max(longest, len(chunk))
    assert digest.digest() == hashlib.sha256(content).digest()
    assert longest <= s3_vault.CHUNK_BYTES


def test_a_lock_that_is_missing_after_a_multipart_upload_is_seen_and_repaired(
    vault: S3Vault, url: str, bucket: str
) -> None:
    version_id = copy_in_parts(vault, b"media" * 100)
    vault.relock(KEY, version_id, UNTIL)
    stored = head(vault, KEY, version_id)
    assert (stored.lock_mode, stored.retain_until_at) == ("GOVERNANCE", UNTIL)
    with pytest.raises(ClientError, match="AccessDenied"):
        raw(url).delete_object(Bucket=bucket, Key=KEY, VersionId=version_id)


def test_moto_drops_the_lock_and_head_says_so(moto_vault: S3Vault) -> None:
    stored = head(moto_vault, KEY, copy_in_parts(moto_vault, b"media"))
    assert (stored.lock_mode, stored.retain_until_at) == (None, None)


def test_relock_never_shortens_a_lock(vault: S3Vault) -> None:
    version_id = vault.put(KEY, b"bytes", LOCK)
    vault.relock(KEY, version_id, UNTIL - timedelta(days=30))
    assert head(vault, KEY, version_id).retain_until_at == UNTIL
    vault.relock(KEY, version_id, UNTIL + timedelta(days=30))
    assert head(vault, KEY, version_id).retain_until_at == UNTIL + timedelta(days=30)


def test_relock_refuses_a_version_that_is_not_there(moto_vault: S3Vault) -> None:
    with pytest.raises(IntegrityFailed):
        moto_vault.relock(KEY, str(uuid.uuid4()), UNTIL)


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, None), (0, 1), (10, 20), (999_990, None), (999_990, 2_000_000), (5, 5), (1_000_000, None)],
)
def test_a_range_reads_what_a_slice_gives(vault: S3Vault, start: int, stop: int | None) -> None:
    content = some_bytes(1_000_000)
    version_id = vault.put(KEY, content, LOCK)
    assert read(vault, KEY, version_id, start, stop) == content[start:stop]


def test_the_older_version_is_still_read_by_its_id(vault: S3Vault, url: str, bucket: str) -> None:
    version_id = vault.put(KEY, b"ours", LOCK)
    raw(url).put_object(Bucket=bucket, Key=KEY, Body=b"behind our back")
    raw(url).delete_object(Bucket=bucket, Key=KEY)
    assert read(vault, KEY, version_id) == b"ours"
    assert head(vault, KEY, version_id).size == 4


def test_an_unknown_version_is_not_there(vault: S3Vault) -> None:
    version_id = vault.put(KEY, b"bytes", LOCK)
    assert vault.head(PREFIX + "bagit.txt", version_id) is None
    with pytest.raises(OutsideFailed) as failed, vault.read(PREFIX + "bagit.txt", version_id, 0, None):
        pass
    assert failed.value.permanent


def test_a_bucket_that_is_gone_is_not_taken_for_a_missing_object(url: str) -> None:
    with pytest.raises(OutsideFailed) as failed:
        vault_at(url, new_name()).head(KEY, str(uuid.uuid4()))
    assert failed.value.permanent


# Written once


def test_a_taken_key_is_not_written_again(vault: S3Vault) -> None:
    version_id = vault.put(KEY, b"first", LOCK)
    with pytest.raises(Conflict) as refusal:
        vault.put(KEY, b"second", LOCK)
    assert refusal.value.code == "ALREADY_THERE"
    assert [v.version_id for v in vault.versions(PREFIX)] == [version_id]


def test_versions_come_on_all_pages_oldest_first_without_delete_markers(
    vault: S3Vault, url: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_listing, "PAGE_KEYS", 2)
    other = PREFIX + "bagit.txt"
    written = {other: [vault.put(other, b"x", LOCK)], KEY: [vault.put(KEY, b"1", LOCK)]}
    for size in (2, 3, 4):
        answer = raw(url).put_object(Bucket=bucket, Key=KEY, Body=b"x" * size)
        written[KEY].append(answer["VersionId"])
    raw(url).delete_object(Bucket=bucket, Key=KEY)
    raw(url).put_object(Bucket=bucket, Key="v1/elsewhere", Body=b"x")
    found = vault.versions(PREFIX)
    listed = {k: [v.version_id for v in vs] for k, vs in itertools.groupby(found, key=lambda v: v.key)}
    assert listed == written
    assert [v.size for v in found if v.key == KEY] == [1, 2, 3, 4]


def test_unfinished_uploads_are_found_and_given_up(vault: S3Vault) -> None:
    upload = vault.begin(KEY, LOCK)
    vault.begin("v1/2027/elsewhere", LOCK)
    found = vault.unfinished(PREFIX)
    assert [(u.key, u.upload_id) for u in found] == [(KEY, upload.upload_id)]
    vault.abort(found[0])
    vault.abort(found[0])
    upload.abort()
    assert vault.unfinished(PREFIX) == ()


def test_completing_an_upload_that_was_given_up_is_unknown(vault: S3Vault) -> None:
    upload = vault.begin(KEY, LOCK)
    upload.part(1, b"bytes", crc_of(vault, b"bytes"))
    upload.abort()
    with pytest.raises(OutcomeUnknown):
        upload.complete(5, crc_of(vault, b"bytes"))


@pytest.mark.parametrize(("size", "said"), [(5, b"wrong"), (4, b"bytes")])
def test_parts_that_do_not_add_up_are_never_completed(moto_vault: S3Vault, size: int, said: bytes) -> None:
    upload = moto_vault.begin(KEY, LOCK)
    upload.part(1, b"bytes", crc_of(moto_vault, b"bytes"))
    with pytest.raises(Fault):
        upload.complete(size, crc_of(moto_vault, said))
    assert moto_vault.versions(PREFIX) == ()


# Checksums


def test_a_checksum_that_the_server_only_repeats_is_not_believed(
    moto_vault: S3Vault, moto_url: str, bucket: str
) -> None:
    lie = crc_of(moto_vault, b"other")
    version_id = raw(moto_url).put_object(
        Bucket=bucket, Key=KEY, Body=b"bytes", ChecksumAlgorithm="CRC64NVME", ChecksumCRC64NVME=lie
    )["VersionId"]
    told = raw(moto_url).head_object(Bucket=bucket, Key=KEY, ChecksumMode="ENABLED")
    assert told["ChecksumCRC64NVME"] == lie
    assert head(moto_vault, KEY, version_id).crc64nvme is None
    assert crc_of(moto_vault, read(moto_vault, KEY, version_id)) != lie
    assert moto_vault.unfinished("") == ()


def test_a_server_that_verifies_is_believed_and_refuses_a_wrong_part(localstack_url: str, bucket: str) -> None:
    vault = vault_at(localstack_url, bucket)
    vault.prepare("sandbox", create=True)
    content = some_bytes(6 * MIB)
    for version_id in (copy_in_parts(vault, content), vault.put(PREFIX + "bagit.txt", content, LOCK)):
        key = next(v.key for v in vault.versions(PREFIX) if v.version_id == version_id)
        assert head(vault, key, version_id).crc64nvme == crc_of(vault, content)
    with pytest.raises(OutsideFailed) as refused:
        vault.begin(KEY, LOCK).part(1, b"bytes", crc_of(vault, b"other"))
    assert refused.value.permanent
    assert [u.key for u in vault.unfinished("")] == [KEY]
