"""What boto3 raises, said in our errors. No URL, key, signature or answer body is repeated in a message."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from zoomguard.domain.errors import Conflict, Fault, OutcomeUnknown, OutsideFailed, Throttled, ZoomguardError

# urllib3's own: what is wrong with TLS in the middle of a body comes through as it is.
RAISED = (boto.BotoCoreError, boto.ClientError, ResponseParserError, HTTPError)

_NOT_SENT = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)
_NO_KEYS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.NoAuthTokenError,
    boto.TokenRetrievalError,
)
_CUT = (
    boto.HTTPClientError,
    boto.IncompleteReadError,
    boto.PaginationError,
    boto.SSLError,
    ResponseParserError,
    HTTPError,
)

# docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: answers that say "slower", nothing was done.
_SLOWER = frozenset(
    {"SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "429"}
)
# The same page: the request was not carried out and may be sent again.
_AGAIN = frozenset({"RequestTimeout", "OperationAborted", "ConditionalRequestConflict"})
# The same page, and "Making requests": the bucket is asked for in the wrong region.
_ELSEWHERE = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "Redirect", "IllegalLocationConstraintException", "301", "302", "307"}
)
_REGION = re.compile(r"[a-z0-9-]{1,32}")
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")
_LONGEST_WAIT_S = 3600


def as_ours(
    error: Exception, operation: str, *, changes: bool, now: datetime, region: str | None = None
) -> ZoomguardError:
    """Our error for one of boto3's; `changes` says that a lost answer leaves the outcome unknown, `region` which
    region was asked."""
    if isinstance(error, boto.ClientError):
        if is_elsewhere(error, region):
            return _elsewhere(error, operation)
        return _answered(error, operation, changes, now)
    if isinstance(error, _NOT_SENT):
        return OutsideFailed(
            f"S3 could not be reached for {operation}.",
            "Check S3_ENDPOINT_URL, S3_REGION and the line, then run it again.",
            code="S3_UNREACHABLE",
        )
    if isinstance(error, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return OutsideFailed(
            "The certificate of the S3 server is not trusted.",
            "Check S3_ENDPOINT_URL and the machine's certificates.",
            code="S3_TLS",
            permanent=True,
        )
    if isinstance(error, _NO_KEYS):
        return OutsideFailed(
            "There are no usable AWS keys.",
            "Give the service its AWS keys.",
            code="S3_NO_KEYS",
            permanent=True,
        )
    if isinstance(error, _CUT):
        return _lost(operation, changes)
    return Fault(f"S3 was asked for {operation} in a wrong way ({type(error).__name__}).")


def s3_code(error: boto.ClientError) -> str:
    """S3's own code ("NoSuchUpload"), or the HTTP status as text where the answer had no body."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if _CODE.fullmatch(code) else "unnamed"


def is_elsewhere(error: boto.ClientError, asked_region: str | None) -> bool:
    """Whether S3 says that the bucket is in another region than the one that was asked."""
    code, region = s3_code(error), error.response.get("Error", {}).get("Region")
    if code == "AuthorizationHeaderMalformed":
        return bool(region)  # it is also S3's word for keys that are none
    # The answer to HEAD has no body: 400 with the bucket's region is what it makes of a malformed header.
    wrong_header = code == "400" and _headers(error).get("x-amz-bucket-region", asked_region) != asked_region
    return code in _ELSEWHERE or _status(error) in (301, 302, 307) or wrong_header


def _elsewhere(error: boto.ClientError, operation: str) -> OutsideFailed:
    told = _headers(error).get("x-amz-bucket-region") or error.response["Error"].get("Region")
    region = f" to {told}" if told and _REGION.fullmatch(str(told)) else ""
    return OutsideFailed(
        f"S3 answered {operation} with {s3_code(error)}: the bucket is in another region.",
        f"Set S3_REGION{region or ' to the region of the bucket'}.",
        code="S3_REGION",
        permanent=True,
    )


def _lost(operation: str, changes: bool) -> OutsideFailed:
    if changes:
        return OutcomeUnknown(f"S3's answer to {operation} was lost.", "Look at what S3 holds before repeating.")
    return OutsideFailed(f"S3's answer to {operation} was cut or did not come in time.", code="S3_CUT")


def _answered(error: boto.ClientError, operation: str, changes: bool, now: datetime) -> ZoomguardError:
    code, status = s3_code(error), _status(error)
    said = f"S3 answered {operation} with {code} (HTTP {status})."
    if code in _SLOWER or (status in (429, 503) and not changes):
        return Throttled(f"{said} It wants us to wait.", _retry_at(error, now))
    if code in _AGAIN:
        return OutsideFailed(said, code="S3_AGAIN")
    if status >= 500 and status != 501:
        return OutcomeUnknown(said, "Look before repeating.") if changes else OutsideFailed(said, code="S3_FAILED")
    if status == 412 and operation == "put_object":
        return Conflict(
            "An object is already there under this key.",
            "Look at it before writing again.",
            code="ALREADY_THERE",
        )
    return _refused(said, status)


def _refused(said: str, status: int) -> OutsideFailed:
    if status == 403:
        remedy, code = "Check the keys, their rights to bucket and KMS key, and the clock.", "S3_FORBIDDEN"
    elif status == 404:
        remedy, code = "Check S3_BUCKET, and whether the object was there.", "S3_NOT_FOUND"
    else:
        remedy, code = "Check the S3 settings; waiting does not help.", "S3_REFUSED"
    return OutsideFailed(said, remedy, code=code, permanent=True)


def _status(error: boto.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _headers(error: boto.ClientError) -> dict[str, str]:
    headers: dict[str, str] = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers


def _retry_at(error: boto.ClientError, now: datetime) -> datetime | None:
    wait_s = _headers(error).get("retry-after", "")
    if re.fullmatch(r"[0-9]{1,9}", wait_s) is None:
        return None
    return now + timedelta(seconds=min(int(wait_s), _LONGEST_WAIT_S))
