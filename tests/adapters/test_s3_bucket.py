"""What a bucket must be, on moto and LocalStack."""

import pytest
from botocore.exceptions import ClientError

from tests.adapters.vaults import raw, vault_at
from tests.adapters.wire import canned
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.domain.errors import IntegrityFailed, OutsideFailed, SettingsWrong


def test_a_bucket_is_made_with_lock_and_stamp_and_prepared_again(url: str, bucket: str) -> None:
    vault = vault_at(url, bucket)
    with pytest.raises(SettingsWrong, match="S3_BUCKET"):
        vault.prepare("sandbox", create=False)
    vault.prepare("sandbox", create=True)
    vault.prepare("sandbox", create=False)
    made = raw(url)
    assert made.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert made.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "zg-environment", "Value": "sandbox"}]


def test_a_bucket_of_another_environment_is_refused(vault: S3Vault) -> None:
    with pytest.raises(IntegrityFailed) as refusal:
        vault.prepare("production", create=False)
    assert refusal.value.code == "BUCKET_FOREIGN"
    vault.prepare("sandbox", create=False)


def test_a_bucket_without_versions_or_lock_is_refused_and_not_stamped(url: str, bucket: str) -> None:
    made = raw(url)
    made.create_bucket(Bucket=bucket)
    for code in ("BUCKET_NOT_VERSIONED", "BUCKET_NOT_LOCKED"):
        with pytest.raises(IntegrityFailed) as refusal:
            vault_at(url, bucket).prepare("sandbox", create=True)
        assert refusal.value.code == code
        made.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        made.get_bucket_tagging(Bucket=bucket)


def test_other_tags_of_the_bucket_stay(url: str, bucket: str) -> None:
    made = raw(url)
    made.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    made.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "it"}]})
    vault_at(url, bucket).prepare("sandbox", create=False)
    tags = {t["Key"]: t["Value"] for t in made.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    assert tags == {"owner": "it", "zg-environment": "sandbox"}


def test_a_bucket_is_made_in_its_region(moto_url: str, bucket: str) -> None:
    vault_at(moto_url, bucket, region="eu-west-2").prepare("sandbox", create=True)
    assert raw(moto_url).get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-2"


def test_a_bucket_that_may_not_be_stamped_says_what_to_do() -> None:
    good = b"<Answer><Status>Enabled</Status><ObjectLockEnabled>Enabled</ObjectLockEnabled><TagSet></TagSet></Answer>"
    with canned(200, {}, good) as server:
        server.forbids = "PUT"
        with pytest.raises(OutsideFailed) as failed:
            vault_at(server.url).prepare("sandbox", create=False)
    assert (failed.value.code, failed.value.permanent) == ("BUCKET_NOT_STAMPED", True)
    assert "zg-environment=sandbox" in failed.value.remedy
