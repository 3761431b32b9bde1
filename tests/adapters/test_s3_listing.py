"""The list of versions: in S3's own form from a scripted server, and as moto and LocalStack give it."""

import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.scripted_server import Asked, Reply, Scripted, in_turn, scripted
from tests.adapters.vaults import KEY, LOCK, PREFIX, raw, vault_at
from tests.adapters.wire import AnswerLosing, canned
from zoomguard.adapters import s3_connection, s3_listing
from zoomguard.adapters.s3_vault import S3Vault
from zoomguard.application.ports import ListedVersion, UnfinishedUpload
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed, Throttled

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
ROOT = '<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
OWNER = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f8e7faeebf76c078efc7c6caea54ba06a</ID></Owner>"


def version(key: str, version_id: str, size: int = 1, *, latest: bool = True, at: datetime = AT) -> ListedVersion:
    return ListedVersion(key, version_id, size, False, latest, at)


def marker(key: str, version_id: str, *, latest: bool = True, at: datetime = AT) -> ListedVersion:
    return ListedVersion(key, version_id, 0, True, latest, at)


def element(listed: ListedVersion) -> str:
    """One entry as S3 writes it (docs.aws.amazon.com, ListObjectVersions, its sample answers)."""
    moment = listed.stored_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    named = (
        f"<Key>{quote_plus(listed.key, safe='/')}</Key><VersionId>{listed.version_id}</VersionId>"
        f"<IsLatest>{str(listed.is_latest).lower()}</IsLatest><LastModified>{moment}</LastModified>"
    )
    if listed.is_marker:
        return f"<DeleteMarker>{named}{OWNER}</DeleteMarker>"
    return (
        f"<Version>{named}<ETag>&quot;fba9dede5f27731c9771645a39863328&quot;</ETag><Size>{listed.size}</Size>{OWNER}"
        "<StorageClass>STANDARD</StorageClass><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus></Version>"
    )


def page(listed: Sequence[ListedVersion], following: tuple[str, str] | None = None, told: str | None = None) -> bytes:
    end = f"<IsTruncated>{'true' if following else 'false'}</IsTruncated>" if told is None else told
    if following:
        end += f"<NextKeyMarker>{quote_plus(following[0], safe='/')}</NextKeyMarker>"
        end += f"<NextVersionIdMarker>{following[1]}</NextVersionIdMarker>"
    entries = "".join(element(one) for one in listed)
    return f"{ROOT}<Name>vault</Name><EncodingType>url</EncodingType>{end}{entries}</ListVersionsResult>".encode()


def bucket_of(everything: Sequence[ListedVersion]) -> Callable[[Asked], Reply]:
    """A server that lists these, as many at once as it is asked for, after the markers that it is given."""

    def answer(asked: Asked) -> Reply:
        said = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
        names = [(one.key, one.version_id) for one in everything]
        start = names.index((said["key-marker"], said["version-id-marker"])) + 1 if "key-marker" in said else 0
        stop = start + int(said["max-keys"])
        return Reply(body=page(everything[start:stop], names[stop - 1] if stop < len(names) else None))

    return answer


def listing(server: Scripted, prefix: str = "") -> list[ListedVersion]:
    return list(vault_at(server.url).listing(prefix))


def failure(server: Scripted, prefix: str = "") -> tuple[OutsideFailed, list[ListedVersion]]:
    """How a listing fails, and what it gave before that."""
    before: list[ListedVersion] = []
    with pytest.raises(OutsideFailed) as failed:
        before.extend(vault_at(server.url).listing(prefix))
    return failed.value, before


# In S3's own form


def test_markers_stand_between_versions_where_s3_puts_them_even_within_a_second() -> None:
    everything = [
        marker("v1/a", "a3", at=AT),
        version("v1/a", "a2", 7, latest=False, at=AT),
        # A multipart upload bears the time of its beginning, so a newer version may seem older.
        version("v1/a", "a1", 5, latest=False, at=AT + timedelta(seconds=9)),
        version("v1/b", "b3", 2, at=AT),
        marker("v1/b", "b2", latest=False, at=AT),
        version("v1/b", "b1", 3, latest=False, at=AT),
        version("v1/c", "null", 0, at=AT),
    ]
    with scripted(bucket_of(everything)) as server:
        assert listing(server) == everything


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 3500])
def test_every_page_is_read_however_the_pages_fall(count: int) -> None:
    everything = [version(f"v1/{number // 3:06}", f"id-{number}", latest=not number % 3) for number in range(count)]
    with scripted(bucket_of(everything)) as server:
        assert listing(server) == everything
        assert len(server.asked) == max(1, -(-count // 1000))


def test_any_key_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_listing, "PAGE_KEYS", 2)
    letters = st.characters(exclude_categories=("Cs",))

    with scripted(bucket_of([])) as server:
        vault = vault_at(server.url)

        @given(keys=st.sets(st.text(letters, min_size=1, max_size=12), max_size=7))
        def try_keys(keys: set[str]) -> None:
            everything = [version(key, "1") for key in sorted(keys, key=str.encode)]
            server.script = bucket_of(everything)
            assert list(vault.listing("")) == everything

        try_keys()


def test_a_prefix_travels_as_it_is() -> None:
    with scripted(lambda _: Reply(body=page([]))) as server:
        assert listing(server, "v1/ü +&%41/") == []
        query = parse_qs(urlsplit(server.asked[0].path).query, keep_blank_values=True)
    assert query == {"versions": [""], "encoding-type": ["url"], "max-keys": ["1000"], "prefix": ["v1/ü +&%41/"]}


def test_a_server_that_encodes_nothing_is_not_decoded() -> None:
    body = page([version("v1/a+b%41", "1")]).replace(b"<EncodingType>url</EncodingType>", b"")
    with canned(body=body.replace(b"v1/a%2Bb%2541", b"v1/a+b%41")) as server:
        assert [one.key for one in vault_at(server.url).listing("")] == ["v1/a+b%41"]


def test_versions_are_asked_for_page_by_page_as_they_are_used() -> None:
    everything = [version(f"v1/{number:06}", "1") for number in range(2500)]
    with scripted(bucket_of(everything)) as server:
        versions = vault_at(server.url).listing("")
        assert list(itertools.islice(versions, 1000)) == everything[:1000]
        assert len(server.asked) == 1
        assert list(versions) == everything[1000:]
        assert len(server.asked) == 3


# Never short, never in a circle, never out of order


ENDLESS = {
    "the next page is not named": [page([version("a", "1")], told="<IsTruncated>true</IsTruncated>")],
    "the next page is the same": [page([], ("a", "1"))],
    "the next page is an earlier one": [page([version("b", "1")], ("b", "1")), page([], ("a", "1"))],
    "two pages in turn": [page([], ("a", "1")), page([], ("a", "2"))] * 9,
    "three pages in turn": [page([], ("a", "1")), page([], ("a", "2")), page([], ("a", "3"))] * 9,
}


@pytest.mark.parametrize("pages", ENDLESS.values(), ids=ENDLESS)
def test_a_list_without_end_is_noticed(pages: list[bytes]) -> None:
    with scripted(in_turn(*(Reply(body=one) for one in pages))) as server:
        failed, _ = failure(server)
    assert (failed.code, failed.permanent) == ("S3_LIST", True)
    assert len(server.asked) < 20


DISORDER = {
    "a page": ([page([version("b", "1"), version("a", "1")])], 0),
    "pages": ([page([version("b", "1")], ("b", "1")), page([version("a", "1")])], 1),
    "bytes": ([page([version("\U0001f3a5", "1"), version("\uffff", "1")])], 0),
    "two newest": ([page([version("a", "2"), version("a", "1")])], 1),
    "a page twice": ([page([version("a", "1")], ("a", "1")), page([version("a", "1")])], 1),
    "another prefix": ([page([version("v1/a", "1"), version("v2/a", "1")])], 0),
}


@pytest.mark.parametrize(("pages", "given_before"), DISORDER.values(), ids=DISORDER)
def test_nothing_is_given_out_of_order(pages: list[bytes], given_before: int) -> None:
    with scripted(in_turn(*(Reply(body=one) for one in pages))) as server:
        failed, before = failure(server, "v1/" if b"v2/" in pages[0] else "")
    assert (failed.code, failed.permanent) == ("S3_LIST", True)
    assert before == sorted(before, key=lambda one: one.key.encode())


GOOD = page([version("a", "1")])
NO_LIST = {
    "a page to sign in": b"<html>sign in",
    "another answer": b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
    "an error": b"<Error><Code>InternalError</Code></Error>",
    "nothing": b"",
    "no XML": b"{}",
    "half": GOOD[:-40],
    "not whether there is more": page([], told=""),
    "neither yes nor no": page([], told="<IsTruncated>maybe</IsTruncated>"),
    "no version id": GOOD.replace(b"<VersionId>1</VersionId>", b""),
    "an empty version id": GOOD.replace(b"<VersionId>1</VersionId>", b"<VersionId></VersionId>"),
    "no key": GOOD.replace(b"<Key>a</Key>", b""),
    "no size": GOOD.replace(b"<Size>1</Size>", b""),
    "a size of letters": GOOD.replace(b"<Size>1</Size>", b"<Size>one</Size>"),
    "no time": GOOD.replace(b"<LastModified>2026-11-23T09:00:00.000Z", b"<LastModified>"),
    "a time without a zone": GOOD.replace(b"09:00:00.000Z", b"09:00:00.000"),
    "a key of no letters": GOOD.replace(b"<Key>a</Key>", b"<Key>%FF</Key>"),
}


@pytest.mark.parametrize("body", NO_LIST.values(), ids=NO_LIST)
def test_what_is_no_list_is_not_taken_for_an_empty_one(body: bytes) -> None:
    with scripted(lambda _: Reply(body=body)) as server:
        failed, before = failure(server)
    assert (failed.code, failed.permanent, before) == ("S3_LIST", False, [])


def test_no_entity_is_expanded() -> None:
    head, _, rest = GOOD.partition(b"<ListVersionsResult")
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    for body in (head + laughs + b"<ListVersionsResult" + rest.replace(b">a<", b">&b;<"), head + laughs):
        with scripted(lambda _, body=body: Reply(body=body)) as server:
            failed, before = failure(server)
        assert (failed.code, failed.permanent, before) == ("S3_LIST", True, [])


def test_an_answer_that_is_cut_or_far_too_long_is_not_read_on() -> None:
    too_long = GOOD.ljust(s3_connection.CAP_BYTES + 1)
    in_chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(too_long), too_long)
    for reply in (
        Reply(body=GOOD, length=len(GOOD) + 1),
        Reply(body=too_long),
        Reply(body=in_chunks, headers={"Transfer-Encoding": "chunked"}),
    ):
        with scripted(in_turn(reply)) as server:
            failed, before = failure(server)
        assert (failed.code, failed.permanent, before) == ("S3_CUT", False, [])


def test_a_failure_on_a_later_page_ends_the_list_with_that_error() -> None:
    everything = [version(f"v1/{number:06}", "1") for number in range(1500)]
    first = page(everything[:1000], (everything[999].key, "1"))
    for second, kind in ((Reply(503, b""), Throttled), (Reply(lost=True), OutsideFailed), (Reply(403), OutsideFailed)):
        with scripted(in_turn(Reply(body=first), second)) as server:
            failed, before = failure(server)
        assert type(failed) is kind and before == everything[:1000]


# As moto and LocalStack give it


def test_a_real_list_holds_all_versions_and_markers_in_order(
    vault: S3Vault, url: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, written = raw(url), []
    for name in ("b", "a", "c", "B", "z"):
        for size in (1, 2):
            version_id = s3.put_object(Bucket=bucket, Key=PREFIX + name, Body=b"x" * size)["VersionId"]
            written.append((PREFIX + name, version_id, size, False))
    for name in ("a", "z"):
        deleted = s3.delete_object(Bucket=bucket, Key=PREFIX + name)
        written.append((PREFIX + name, deleted["VersionId"], 0, True))
    written.append((PREFIX + "z", s3.put_object(Bucket=bucket, Key=PREFIX + "z", Body=b"")["VersionId"], 0, False))
    s3.put_object(Bucket=bucket, Key="v1/elsewhere", Body=b"x")
    # The keys by their bytes, and for each the newest first.
    newest_first = written[::-1]
    expected = sorted(newest_first, key=lambda one: one[0].encode())
    for many in (1000, 3, 1):
        monkeypatch.setattr(s3_listing, "PAGE_KEYS", many)
        listed = list(vault.listing(PREFIX))
        assert {(one.key, one.version_id, one.size, one.is_marker) for one in listed} == set(expected)
        assert [one.key for one in listed] == [key for key, *_ in expected]
        latest = [(one.key, one.version_id) for one in listed if one.is_latest]
        assert latest == [next(one[:2] for one in expected if one[0] == key) for key in dict(e[:2] for e in expected)]
        assert all(one.stored_at.tzinfo is UTC for one in listed)


def test_odd_keys_are_listed_as_they_were_put(vault: S3Vault, url: str, bucket: str) -> None:
    # On one page: LocalStack loses its place between two where a key must be encoded.
    keys = sorted((PREFIX + name for name in ("a b", "a+b", "a%20b", "é", "名", "🎥", "<&>'\"")), key=str.encode)
    for key in keys:
        raw(url).put_object(Bucket=bucket, Key=key, Body=b"")
    assert [one.key for one in vault.listing(PREFIX)] == keys


def test_a_lost_page_is_said_to_be_lost(losing: AnswerLosing, bucket: str) -> None:
    vault = vault_at(losing.url, bucket)
    vault.prepare("sandbox", create=True)
    losing.to_lose = 1
    with pytest.raises(OutsideFailed) as failed:
        list(vault.listing(""))
    assert (failed.value.code, type(failed.value)) == ("S3_CUT", OutsideFailed)


# Unfinished uploads, tags and holds


def test_unfinished_uploads_are_found_on_all_pages() -> None:
    def answer(asked: Asked) -> Reply:
        said = parse_qs(urlsplit(asked.path).query)
        number = int(said["key-marker"][0][-1]) + 1 if "key-marker" in said else 1
        more = f"<NextKeyMarker>v1/{number}</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>"
        upload = f"<Upload><Key>v1/{number}</Key><UploadId>u</UploadId></Upload>"
        truncated = f"<IsTruncated>{'true' if number < 3 else 'false'}</IsTruncated>"
        return Reply(
            body=f"<ListMultipartUploadsResult>{truncated}{more}{upload}</ListMultipartUploadsResult>".encode()
        )

    with scripted(answer) as server:
        found = vault_at(server.url).unfinished("v1/")
    assert found == tuple(UnfinishedUpload(f"v1/{number}", "u") for number in (1, 2, 3))


def test_tags_of_one_version_are_read_and_replaced(vault: S3Vault) -> None:
    older = vault.put(KEY, b"bytes", LOCK)
    assert vault.tags(KEY, older) == {"zg-class": "routine"}
    vault.retag(KEY, older, {"zg-class": "held", "zg+other": "é =/:+@"})
    assert vault.tags(KEY, older) == {"zg-class": "held", "zg+other": "é =/:+@"}


def test_tags_of_another_version_stay(vault: S3Vault, url: str, bucket: str) -> None:
    older = vault.put(KEY, b"bytes", LOCK)
    newer = raw(url).put_object(Bucket=bucket, Key=KEY, Body=b"newer", Tagging="a=b")["VersionId"]
    vault.retag(KEY, older, {"c": "d"})
    assert (vault.tags(KEY, older), vault.tags(KEY, newer)) == ({"c": "d"}, {"a": "b"})


def test_a_version_that_is_not_there_has_no_tags_and_gets_none(vault: S3Vault) -> None:
    gone = vault.put(KEY, b"bytes", LOCK)
    assert vault.tags(PREFIX + "other", gone) is None
    with pytest.raises(OutsideFailed) as failed:
        vault.retag(PREFIX + "other", gone, {"a": "b"})
    assert failed.value.permanent


def test_a_retag_whose_answer_was_lost_is_unknown(losing: AnswerLosing, bucket: str) -> None:
    vault = vault_at(losing.url, bucket)
    vault.prepare("sandbox", create=True)
    version_id = vault.put(KEY, b"bytes", LOCK)
    losing.to_lose = 1
    with pytest.raises(OutcomeUnknown):
        vault.retag(KEY, version_id, {"a": "b"})
    assert vault.tags(KEY, version_id) == {"a": "b"}


def test_a_legal_hold_is_seen_where_s3_tells(vault: S3Vault, url: str, bucket: str) -> None:
    version_id = vault.put(KEY, b"bytes", LOCK)
    for status in ("ON", "OFF"):
        raw(url).put_object_legal_hold(Bucket=bucket, Key=KEY, VersionId=version_id, LegalHold={"Status": status})
        stored = vault.head(KEY, version_id)
        assert stored is not None and stored.legal_hold is (status == "ON")


def test_a_hold_that_nobody_tells_of_is_not_taken_for_none() -> None:
    for headers in ({}, {"x-amz-object-lock-legal-hold": "PERHAPS"}):
        with canned(200, headers) as server:
            stored = vault_at(server.url).head(KEY, "v")
        assert stored is not None and stored.legal_hold is None
