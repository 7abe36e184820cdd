"""What goes wrong with S3, in words for operators: what the store says, and why it cannot be asked.

Each error tells whether waiting may mend it, and what will. The codes are those of
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and of
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import botocore.exceptions as faults

from dropship.core.values import Duration
from dropship.errors import MissingError, MovedError, RepoError
from dropship.net import dates, tls
from dropship.net import url as urls
from dropship.net.lines import in_a_line
from dropship.net.retry_after import wait_of

Answer: TypeAlias = Mapping[str, Any]
"""What botocore makes of an answer."""

_LONGEST: Final = 300

_KEYS: Final = "check accessKey and secret of the repo"
_RIGHTS: Final = "check that the credentials may read it (s3:GetObject, s3:ListBucket)"
_PAYS: Final = "; if its requesters pay, set requesterPays of the artifact"
_REGION: Final = "set `name` of the repo to the bucket's region"
_ENDPOINT: Final = "set `endpoint` of the repo to where it is"
_CLOCK: Final = "set this host's clock"
_AGAIN: Final = "get new temporary credentials"
_PATH: Final = "check the artifact's bucket and path"
_ENABLE: Final = "enable the key in KMS, or store the object with another"
_DECRYPT: Final = "allow the credentials kms:Decrypt with the key"
_TRUST: Final = "check the role's trust policy, roleArn and externalId"

# What is permanent, in words, and what to do.
_PERMANENT: Final[Mapping[str, tuple[str, str]]] = {
    "NoSuchBucket": ("there is no such bucket", _PATH),
    "NoSuchKey": ("there is no such object", _PATH),
    "NoSuchVersion": ("there is no such version", "check the artifact's versionId"),
    "404": ("there is no such object", _PATH),
    "AccessDenied": ("access is denied", _RIGHTS),
    "AllAccessDisabled": ("access is disabled", _RIGHTS),
    "403": ("access is denied", _RIGHTS),
    "SignatureDoesNotMatch": ("the secret key is wrong", _KEYS),
    "InvalidAccessKeyId": ("the access key is unknown", _KEYS),
    "InvalidToken": ("the session token is not valid", _AGAIN),
    "ExpiredToken": ("the credentials have expired", _AGAIN),
    "TokenRefreshRequired": ("the credentials have expired", _AGAIN),
    "AuthorizationHeaderMalformed": ("the request was signed for another region", _REGION),
    "IllegalLocationConstraintException": ("the bucket is in another region", _REGION),
    "PermanentRedirect": ("the bucket is somewhere else", _REGION),
    "301": ("the bucket is somewhere else", _REGION),
    "InvalidObjectState": ("the object is archived", "restore it from its archive first"),
    "InvalidBucketName": ("that is no name of a bucket", _PATH),
    "KMS.DisabledException": ("the KMS key it is encrypted with is disabled", _ENABLE),
    "KMS.KMSInvalidStateException": ("the KMS key it is encrypted with is not usable", _ENABLE),
    "KMS.InvalidStateException": ("the KMS key it is encrypted with is not usable", _ENABLE),
    "KMS.NotFoundException": (
        "the KMS key it is encrypted with is gone",
        "store the object with another",
    ),
    "KMS.AccessDeniedException": ("the KMS key it is encrypted with may not be used", _DECRYPT),
}
# The same of what was asked for a role.
_OF_ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "AccessDenied": ("the credentials may not assume the role", _TRUST),
    "InvalidClientTokenId": ("the access key is unknown", _KEYS),
    "InvalidIdentityToken": (
        "the identity token is not valid",
        "check AWS_WEB_IDENTITY_TOKEN_FILE and the role's identity provider",
    ),
    "ExpiredTokenException": (
        "the identity token has expired",
        "have the file of AWS_WEB_IDENTITY_TOKEN_FILE renewed",
    ),
    "RegionDisabledException": ("STS is not enabled in the region", "enable it, or set AWS_REGION"),
    "ValidationError": ("the role's name makes no sense", "check roleArn"),
}
_ROLES: Final = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity"})
_FOR_ANOTHER_REGION: Final = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "PermanentRedirect",
        "301",
        "IllegalLocationConstraintException",
    }
)
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
# What begins behind its end is not as long as it was.
_MOVED: Final = frozenset({"PreconditionFailed", "412", "InvalidRange", "416"})
_TRANSIENT: Final = frozenset({"RequestTimeout", "BadDigest"})
_TOO_MUCH: Final = frozenset(
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "503",
        "429",
        "ServiceUnavailable",
    }
)
_STALE: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_NO_BUCKET: Final = "Invalid bucket name"
_OF_A_ROLE: Final = re.compile(r"parameter (?:RoleArn|RoleSessionName|ExternalId)\b")
_NO_FILE: Final = re.compile(r"\[Errno \d+\] (.+)")
_KMS: Final = re.compile(r"\bkms:\w+")
_CUSTOMER_KEY: Final = re.compile(
    r"server side encryption|encryption parameters|hash of the key|customer key", re.IGNORECASE
)


class StoreAnswerError(RepoError):
    """The store answered, but not well; ``code`` is its word for why."""

    def __init__(
        self, message: str, *, code: str, cure: str, permanent: bool, wait: float = 0.0
    ) -> None:
        super().__init__(message, cure=cure, permanent=permanent, wait=wait)
        self.code = code

    @property
    def stale(self) -> bool:
        """Other credentials may do: these have expired, were replaced, or never were any."""
        return self.code in _STALE


class _Refusal(NamedTuple):
    """What the store wrote."""

    code: str
    message: str
    status: int
    region: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, error: faults.ClientError) -> _Refusal:
        """Out of botocore's words; whatever is missing is empty."""
        answer = error.response.get("Error", {})
        metadata = error.response.get("ResponseMetadata", {})
        headers = metadata.get("HTTPHeaders", {})
        region = answer.get("Region") or headers.get("x-amz-bucket-region", "")
        return cls(
            str(answer.get("Code", "")),
            in_a_line(str(answer.get("Message") or ""), _LONGEST),
            int(metadata.get("HTTPStatusCode", 0)),
            in_a_line(str(region), _LONGEST),
            headers,
        )

    def error(self, said: str, cure: str, *, permanent: bool = True) -> StoreAnswerError:
        """In our words."""
        wait = 0.0 if permanent else _wait(self)
        return StoreAnswerError(said, code=self.code, cure=cure, permanent=permanent, wait=wait)


def refused(  # noqa: PLR0911 - a table whose rows are conditions
    error: faults.ClientError, where: str, named: Mapping[str, Any]
) -> RepoError:
    """The store's no to a request of these parameters."""
    said = _Refusal.of(error)
    if said.code in _MOVED:
        return MovedError(f"{where} changed since it was looked at")
    target = str(said.headers.get("location", ""))
    if target and said.code == str(said.status):  # not in Amazon's words, and so not from there
        return said.error(f"{where}: the store redirects to {urls.shown(target)}", _ENDPOINT)
    if said.code in _TOO_MUCH or said.status == 429:
        words = f"{where}: the store is too busy ({said.code})"
        return said.error(words, "", permanent=False)
    if error.operation_name in _ROLES and said.code in _OF_ROLES:
        words, cure = _OF_ROLES[said.code]
        return said.error(f"{where}: {words}: {said.message}", cure)
    if said.code == "RequestTimeTooSkewed":
        return said.error(f"{where}: {_skew(said.headers)}", _CLOCK)
    if said.region and said.code in _FOR_ANOTHER_REGION:
        cure = f'set `name` of the repo to "{said.region}"'
        return said.error(f"{where}: the bucket is in {said.region}", cure)
    if found := _encrypted(said, named):
        return said.error(f"{where}: {found[0]}", found[1])
    if said.code in _PERMANENT:
        words, cure = _PERMANENT[said.code]
        return said.error(f"{where}: {words}", cure + _perhaps(said, named))
    passing = not 400 <= said.status < 500 or said.code in _TRANSIENT
    text = said.message or f"status {said.status}"
    return said.error(f"{where}: the store says {said.code}: {text}", "", permanent=not passing)


def settled(answer: Answer | RepoError) -> Answer | RepoError:
    """An answer, or an error that is told as one of a missing object, if it is that."""
    if isinstance(answer, StoreAnswerError) and answer.code in _MISSING:
        return MissingError(str(answer.args[0]), cure=answer.cure)
    return answer


def unanswered(error: Exception, where: str) -> RepoError:
    """Why a request got no answer, or was never sent."""
    if isinstance(error, faults.NoCredentialsError | faults.PartialCredentialsError):
        return RepoError(
            f"{where}: there are no credentials",
            cure="set accessKey and secret of the repo, a profile or role of the host, "
            "or `anonymous` for what everybody may read",
            permanent=True,
        )
    if isinstance(error, faults.CredentialRetrievalError | faults.MetadataRetrievalError):
        return RepoError(f"{where}: no credentials can be had: {reason(error)}")
    if isinstance(error, faults.SSLError):
        return _without_tls(reason(error), where)
    if isinstance(error, faults.ParamValidationError) and _NO_BUCKET in str(error):
        words, cure = _PERMANENT["InvalidBucketName"]  # botocore's own are a long pattern
        return RepoError(f"{where}: {words}", cure=cure, permanent=True)
    if isinstance(error, faults.ParamValidationError) and _OF_A_ROLE.search(str(error)):
        cure = "check roleArn, roleSessionName and externalId of the repo"
        return RepoError(f"{where}: {reason(error)}", cure=cure, permanent=True)
    wrong = isinstance(error, faults.ParamValidationError | faults.ProfileNotFound)
    return RepoError(f"{where}: {reason(error)}", cure=_PATH if wrong else "", permanent=wrong)


def unusable(error: Exception) -> str:
    """What to do where no client can be made of a repo's options."""
    if isinstance(error, faults.ProfileNotFound):
        return "add it to the AWS configuration files of the agent's user, or check profile"
    if isinstance(error, ValueError) and "endpoint" in str(error):
        return "write endpoint as a whole URL, with https:// in front"
    return ""


def _without_tls(said: str, where: str) -> RepoError:
    """No connection that can be trusted; a file that is missing is told as if it were TLS, too."""
    if found := _NO_FILE.search(said):
        return RepoError(
            f"{where}: the file of certificate authorities cannot be read: {found[1]}",
            cure="check caBundle of the repo, or AWS_CA_BUNDLE of the agent",
            permanent=True,
        )
    return RepoError(f"{where}: {said}", cure=tls.cure(said), permanent=True)


def reason(error: Exception) -> str:
    """What an error says, not for ever: it may quote what the store sent."""
    return in_a_line(str(error), _LONGEST) or type(error).__name__


def _perhaps(said: _Refusal, named: Mapping[str, Any]) -> str:
    """A refusal does not tell whether it is for want of somebody who pays."""
    denied = said.code in {"AccessDenied", "403"}
    return _PAYS if denied and "RequestPayer" not in named else ""


def _encrypted(said: _Refusal, named: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong with the key of an encrypted object, and what to do, if it is that."""
    if said.code == "AccessDenied" and _KMS.search(said.message):
        return _PERMANENT["KMS.AccessDeniedException"]
    if not 400 <= said.status < 500 or not _CUSTOMER_KEY.search(said.message):
        return None
    if "SSECustomerKey" in named:
        cure = "set sseCustomerKey of the artifact to the key it was stored with"
        return "the object is not encrypted with that customer key", cure
    cure = "set sseCustomerKey of the artifact"
    return "the object is encrypted with a customer key (SSE-C)", cure


def _skew(headers: Mapping[str, str]) -> str:
    """How far the clocks are apart, where the answer has a date."""
    theirs = dates.seconds(str(headers.get("date", "")))
    if theirs is None:
        return "the clocks of this host and the store differ"
    ahead = time.time() - theirs
    apart = Duration.of(float(round(abs(ahead))))
    return f"this host's clock is {apart} {'ahead of' if ahead > 0 else 'behind'} the store's"


def _wait(said: _Refusal) -> float:
    """Seconds the store asks to be left alone for; 0 if it does not."""
    names = ("Retry-After", "Date")
    told = {name: str(said.headers.get(name.lower(), "")) for name in names}
    return wait_of(said.status, told, time.time())
