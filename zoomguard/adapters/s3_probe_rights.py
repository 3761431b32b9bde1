"""Rights that the service's own keys must not have. Each is tried where nothing can be lost."""

from __future__ import annotations

from zoomguard.adapters.s3_probe_bench import Bench, Verdict, named, not_told, passed, warned
from zoomguard.domain.ids import ulid

LESS = "Take the right away (scripts/deploy/s3: service-policy.json)."
# The archive puts films with tags, which is PutObjectTagging: it reaches no version by its id.
LESS_TAGGING = "Take s3:PutObjectVersionTagging away (service-policy.json); s3:PutObjectTagging stays, films need it."


def delete(bench: Bench) -> Verdict:
    """Whether these keys may delete versions under v1/, where evidence lies: tried on a key that never was."""
    if bench.locked is None:
        return not_told("Not tried: there is no version id to ask with.")
    nowhere = (f"v1/{ulid(bench.wanted.now)}/nothing", bench.locked[1])
    # S3 looks at rights before it looks for the object: whoever is told that it is not there may delete.
    return _judged(
        bench.refusal("delete_object", **named(nowhere)),
        "The service's own keys may delete what is not locked.",
        ("", "S3_NOT_FOUND"),
    )


def tag(bench: Bench) -> Verdict:
    """Whether these keys may change the tags of a version."""
    if bench.locked is None:
        return not_told("Not tried: there is no version.")
    changed = {"TagSet": [{"Key": "zg-probe", "Value": "changed"}]}
    refusal = bench.refusal("put_object_tagging", **named(bench.locked), Tagging=changed)
    return _judged(refusal, "The service's own keys may change the tags of any version.", ("",), LESS_TAGGING)


def bypass(bench: Bench) -> Verdict:
    """Whether these keys may set a GOVERNANCE lock aside: tried last, on the probes' own locked object."""
    if bench.locked is None:
        return not_told("Not tried: there is no locked version.")
    bench.may_bypass = bench.removed(bench.locked, BypassGovernanceRetention=True)
    if not bench.may_bypass:
        return passed()
    return warned("The service's own keys may set locks aside and delete evidence.", LESS)


def _judged(refusal: str, seen: str, done: tuple[str, ...], remedy: str = LESS) -> Verdict:
    """A right is withheld where S3 forbids, and had where it does what was asked."""
    if refusal == "S3_FORBIDDEN":
        return passed()
    return warned(seen, remedy) if refusal in done else not_told(f"S3 answered otherwise [{refusal}].")
