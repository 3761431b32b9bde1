"""What boto3 raises, said in our errors. No URL, key, signature or answer body is repeated in a message."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from zoomguard.domain.errors import Conflict, Fault, OutcomeUnknown, OutsideFailed, Throttled, ZoomguardError

RAISED = (boto.BotoCoreError, boto.ClientError, ResponseParserError)

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
)

# docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: answers that say "slower", nothing was done.
_SLOWER = frozenset(
    {"SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "429"}
)
# The same page: the request was not carried out and may be sent again.
_AGAIN = frozenset({"RequestTimeout", "OperationAborted", "ConditionalRequestConflict"})
_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")
_LONGEST_WAIT_S = 3600


def as_ours(error: Exception, operation: str, *, changes: bool, now: datetime) -> ZoomguardError:
    """Our error for one of boto3's; `changes` says that a lost answer leaves the outcome unknown."""
    if isinstance(error, boto.ClientError):
        return _answered(error, operation, changes, now)
    if isinstance(error, _NOT_SENT):
        return OutsideFailed(f"S3 could not be reached for {operation}.", code="S3_UNREACHABLE")
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
    if status == 412:
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


def _retry_at(error: boto.ClientError, now: datetime) -> datetime | None:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    wait_s = str(headers.get("retry-after", ""))
    if re.fullmatch(r"[0-9]{1,9}", wait_s) is None:
        return None
    return now + timedelta(seconds=min(int(wait_s), _LONGEST_WAIT_S))
