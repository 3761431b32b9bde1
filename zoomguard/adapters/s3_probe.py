"""Tries with real calls whether a bucket can keep evidence, and takes away what it made."""

from __future__ import annotations

from collections.abc import Callable

from zoomguard.adapters import s3_probe_bucket, s3_probe_content, s3_probe_locks, s3_probe_rights
from zoomguard.adapters.s3_client import S3Client
from zoomguard.adapters.s3_probe_bench import Bench, Verdict, not_told
from zoomguard.domain.errors import Conflict, IntegrityFailed, OutsideFailed, SettingsWrong, ZoomguardError
from zoomguard.domain.findings import Outcome
from zoomguard.domain.storage import Probe, StorageReport, StorageWanted

Ask = Callable[[Bench], Verdict]
# Asked in this order: some look at what an earlier one made. The names are stable.
FIRST: tuple[str, Ask] = ("bucket_reachable", s3_probe_bucket.reachable)
THEN: tuple[tuple[str, Ask], ...] = (
    ("region", s3_probe_bucket.region),
    ("environment", s3_probe_bucket.environment),
    ("tls", s3_probe_bucket.tls),
    ("clock", s3_probe_bucket.clock),
    ("public_access", s3_probe_bucket.public_access),
    ("versioning", s3_probe_bucket.versioning),
    ("object_lock", s3_probe_bucket.object_lock),
    ("default_retention", s3_probe_bucket.default_retention),
    ("versions_kept", s3_probe_locks.versions_kept),
    ("lock_on_put", s3_probe_locks.lock_on_put),
    ("lock_on_multipart", s3_probe_locks.lock_on_multipart),
    ("lock_refuses_delete", s3_probe_locks.refuses_delete),
    ("lock_refuses_shortening", s3_probe_locks.refuses_shortening),
    ("legal_hold", s3_probe_locks.legal_hold),
    ("encryption", s3_probe_content.encryption),
    ("checksum_whole", s3_probe_content.checksum_whole),
    ("checksum_part", s3_probe_content.checksum_part),
    ("checksum_echo", s3_probe_content.checksum_echo),
    ("conditional_write", s3_probe_content.conditional_write),
    ("range_reads", s3_probe_content.range_reads),
    ("no_right_to_delete", s3_probe_rights.delete),
    ("no_right_to_tag", s3_probe_rights.tag),
    ("no_right_to_bypass", s3_probe_rights.bypass),
)
# Where these cannot be asked, evidence is kept all the same.
ADVISORY = frozenset(
    {"clock", "public_access", "default_retention", "checksum_whole", "checksum_part", "checksum_echo"}
    | {"conditional_write", "range_reads", "no_right_to_delete", "no_right_to_tag", "no_right_to_bypass"}
)


class S3Probes:
    """ports.StorageProbes on boto3."""

    def __init__(self, s3: S3Client, kms_key_id: str | None, endpoint_url: str | None) -> None:
        self._s3, self._kms_key_id, self._endpoint_url = s3, kms_key_id, endpoint_url

    def ask(self, wanted: StorageWanted) -> StorageReport:
        """Asks everything; where the bucket does not answer, nothing else is asked of it."""
        if self._endpoint_url is None and not wanted.production:
            raise SettingsWrong(("ZOOMGUARD_S3_ENDPOINT_URL: not set; is `zoomguard serve --sandbox` running?",))
        bench = Bench(self._s3, wanted, self._kms_key_id, self._endpoint_url)
        probes = [_asked(*FIRST, bench)]
        if probes[0].outcome is not Outcome.PASS:
            return StorageReport(self._s3.bucket, wanted.environment, tuple(probes))
        try:
            probes += [_asked(name, ask, bench) for name, ask in THEN]
        finally:
            left = bench.clear()
        return StorageReport(self._s3.bucket, wanted.environment, tuple(probes), left)


def _asked(name: str, ask: Ask, bench: Bench) -> Probe:
    """One probe. What S3 does not let us ask is unknown."""
    try:
        verdict = ask(bench)
    except (OutsideFailed, Conflict, IntegrityFailed) as error:
        verdict = not_told(f"{error.message} [{error.code}]", _remedy(error, bench))
    blocking = verdict.blocking
    if blocking is None:
        blocking = verdict.outcome in (Outcome.FAIL, Outcome.UNKNOWN) and name not in ADVISORY
    return Probe(name, verdict.outcome, blocking, verdict.seen, verdict.remedy)


def _remedy(error: ZoomguardError, bench: Bench) -> str:
    """A policy that wants TLS, such as create-bucket.sh's, answers everything over HTTP as it answers wrong keys."""
    if error.code != "S3_FORBIDDEN" or not (bench.endpoint_url or "").startswith("http:"):
        return error.remedy
    return f"{error.remedy} Or the bucket's policy wants TLS: let S3_ENDPOINT_URL begin with https://."
