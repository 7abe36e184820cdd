"""The half of the S3 repo that knows boto3: a client, and its errors in our words.

Making a client talks to nobody, so that it can be made before the fork and shared: where
credentials come from boto3's chain, which may ask the network, they are looked for when the
first request needs them. A request fails with its timeouts, after at most one more try.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
import botocore.exceptions as faults
import urllib3.exceptions
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
)
from botocore.session import Session

from dropship import __version__
from dropship.errors import ConfigError, DropshipError, MovedError, RepoError
from dropship.net import url as urls
from dropship.net.body import HttpBody, Raw
from dropship.net.http import CONNECT, READ
from dropship.net.lengths import LengthError, length
from dropship.net.lines import in_a_line
from dropship.repos.s3 import S3Options
from dropship.repos.s3_head import Heads, rehearse_download

_CONFIG: Final[Mapping[str, Any]] = {
    "retries": {"mode": "standard", "total_max_attempts": 2},
    # Stores other than Amazon's refuse or ignore the newer default checksums.
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
    "user_agent_extra": f"dropship/{__version__}",
    "max_pool_connections": 2,
}

# Asks for the checksums that were uploaded with the object.
_HEAD: Final[Mapping[str, str]] = {"ChecksumMode": "ENABLED"}
_LONGEST_REASON: Final = 300

_KEYS: Final = "check accessKey and secret of the repo"
_RIGHTS: Final = "check that the credentials may read it (s3:GetObject, s3:ListBucket)"
_REGION: Final = "set `name` of the repo to the bucket's region"
_ENDPOINT: Final = "set `endpoint` of the repo to where it is"
_CLOCK: Final = "set this host's clock"
_AGAIN: Final = "get new temporary credentials"
_PATH: Final = "check the artifact's bucket and path"

# What is permanent, in words, and what to do. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
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
    "RequestTimeTooSkewed": ("the clocks of this host and the store differ", _CLOCK),
    "AuthorizationHeaderMalformed": ("the request was signed for another region", _REGION),
    "PermanentRedirect": ("the bucket is somewhere else", _REGION),
    "301": ("the bucket is somewhere else", _REGION),
    "InvalidObjectState": ("the object is archived", "restore it from its archive first"),
    "InvalidBucketName": ("that is no name of a bucket", _PATH),
}
# What begins behind its end is not as long as it was.
_MOVED: Final = frozenset({"PreconditionFailed", "412", "InvalidRange", "416"})
_TRANSIENT: Final = frozenset(
    {"RequestTimeout", "SlowDown", "Throttling", "TooManyRequestsException", "BadDigest"}
)


class StoreAnswerError(RepoError):
    """The store answered, but not well; ``code`` is its word for why."""

    def __init__(self, message: str, *, code: str, cure: str, permanent: bool) -> None:
        super().__init__(message, cure=cure, permanent=permanent)
        self.code = code


class Client:
    """An S3 client that answers with values, or with errors that operators understand."""

    def __init__(self, options: S3Options) -> None:
        self._rehearsed = False
        try:
            core = _session(options)
            make = _maker(options, core)
            self._asking = make(READ)
            self._downloading = make(options.stall_timeout.seconds)
            self._heads = Heads(self._asking, core.get_credentials, _authorities(options, core))
        except (faults.BotoCoreError, ValueError) as error:
            raise ConfigError(f"the s3 repo cannot be used: {error}") from error

    def prepare(self, named: Mapping[str, Any]) -> None:
        """Make ready for asking for an object; talks to nobody."""
        self._heads.learn({**named, **_HEAD})
        if not self._rehearsed:
            self._rehearsed = True
            rehearse_download(self._downloading, named)

    def head(self, where: str, named: Mapping[str, Any]) -> Mapping[str, Any] | RepoError:
        """What is known of one object, or the error to raise."""
        whole = {**named, **_HEAD}
        answer = self._heads.ask(whole)
        return self.ask("head_object", where, whole) if answer is None else answer

    def ask(
        self, operation: str, where: str, named: Mapping[str, Any], **more: Any
    ) -> Mapping[str, Any] | RepoError:
        """The answer of an operation on one object, or the error to raise."""
        return _answer(getattr(self._asking, operation), where, {**named, **more})

    def download(
        self, where: str, named: Mapping[str, Any], **more: Any
    ) -> Mapping[str, Any] | RepoError:
        """The answer that has one object's bytes, or the error to raise.

        The store may be silent for ``stallTimeout``, before the bytes and between them.
        """
        return _answer(self._downloading.get_object, where, {**named, **more})

    @staticmethod
    def body(raw: Raw, *, source: str, length: int | None, skip: int = 0) -> HttpBody:
        """The bytes of an object, as ``net.body`` counts them."""
        return HttpBody(raw, source=source, length=length, skip=skip)

    def close(self) -> None:
        """Give back connections."""
        self._heads.close()
        self._asking.close()
        self._downloading.close()


def _answer(
    operation: Callable[..., Mapping[str, Any]], where: str, named: Mapping[str, Any]
) -> Mapping[str, Any] | RepoError:
    """What an operation gives, or the error to raise."""
    try:
        return operation(**named)
    except faults.ClientError as error:
        return _refused(error, where)
    except (faults.BotoCoreError, OSError) as error:
        return _unanswered(error, where)
    except LengthError as error:
        return RepoError(f"{where}: the store {error}")
    except urllib3.exceptions.HTTPError:
        return RepoError(f"{where}: the store's answer broke off")
    except DropshipError:  # of whoever looks around while it waits
        raise
    except Exception as error:  # noqa: BLE001 - its parsers let pass whatever garbage makes Python raise
        return RepoError(f"{where}: the store's answer makes no sense: {_reason(error)}")


def _session(options: S3Options) -> Session:
    core = Session(profile=options.profile or None)
    core.register_component("credential_provider", _Credentials(core, options))
    return core


def _authorities(options: S3Options, core: Session) -> str | None:
    """The file or folder of the authorities to trust, as botocore finds it; None: its own."""
    configured = core.get_config_variable("ca_bundle")
    return options.ca_bundle or configured or os.environ.get("REQUESTS_CA_BUNDLE")


def _maker(options: S3Options, core: Session) -> Callable[[float], Any]:
    """What makes clients; its argument: for how many seconds the store may be silent."""
    session = boto3.session.Session(botocore_session=core, region_name=options.region or None)
    style = options.path_style
    if style is None:
        style = bool(options.endpoint) and not amazon(options.endpoint)

    def make(silence: float) -> Any:
        config = Config(
            connect_timeout=min(CONNECT, silence),
            read_timeout=silence,
            s3={"addressing_style": "path"} if style else {},
            **_CONFIG,
        )
        client: Any = session.client(
            "s3",
            region_name=session.region_name or "us-east-1",
            endpoint_url=options.endpoint or None,
            verify=options.ca_bundle or None,
            config=config,
        )
        client.meta.events.register("before-parse.s3", _one_length)
        if not amazon(client.meta.endpoint_url):
            client.meta.events.register("before-call.s3.HeadBucket", _of_no_region)
        return client

    return make


def _of_no_region(**_: Any) -> tuple[AWSResponse, Mapping[str, Any]]:
    """An answer nobody was asked for, without the bucket's region, which only Amazon's have.

    Where an object's answer is a redirect, botocore looks for the region there, and again where
    that answer is a redirect, until the stack is full.
    """
    return AWSResponse("", 200, HTTPHeaders(), None), {"ResponseMetadata": {"HTTPHeaders": {}}}


def _one_length(response_dict: dict[str, Any], **_: Any) -> None:
    """What Python takes for a number need not be a length: botocore looks no closer.

    Raises:
        LengthError: There is one that is none.
    """
    headers = response_dict["headers"]
    if (one := length(headers.get("Content-Length"))) is not None:
        headers["Content-Length"] = str(one)


def amazon(endpoint: str) -> bool:
    """Whether an endpoint is Amazon's own, where the bucket is part of the host's name."""
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))


class _Credentials:
    """A credential provider as botocore's session wants one, which asks nobody by itself."""

    def __init__(self, session: Session, options: S3Options) -> None:
        self._chain = session.get_component("credential_provider")
        self._session = session
        self._options = options

    def load_credentials(self) -> Credentials:
        """The repo's own keys, else the chain's later on; by way of the role, if there is one."""
        options = self._options
        source: Credentials = _Later(self._chain.load_credentials)
        if options.access_key:
            source = Credentials(
                options.access_key, options.secret.reveal(), options.token.reveal() or None
            )
        if not options.role_arn:
            return source
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self._security_token_service,
            source_credentials=source,
            role_arn=options.role_arn,
            extra_args={"RoleSessionName": "dropship"},
        )
        return DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )

    def _security_token_service(self, service: str, **arguments: Any) -> Any:
        config = Config(connect_timeout=CONNECT, read_timeout=READ)
        region = self._options.region or self._session.get_config_variable("region")
        return self._session.create_client(
            service, region_name=region or "us-east-1", config=config, **arguments
        )


class _Later(Credentials):
    """Credentials that are looked for when they are first needed."""

    def __init__(self, load: Callable[[], Credentials | None]) -> None:
        self._load = load
        self._found: Credentials | None = None
        self.method = "later"
        self.account_id = None

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """What to sign with just now."""
        if self._found is None:
            self._found = self._load()
        if self._found is None:
            raise faults.NoCredentialsError
        return self._found.get_frozen_credentials()


def _refused(error: faults.ClientError, where: str) -> RepoError:
    answer = error.response.get("Error", {})
    code = str(answer.get("Code", ""))
    metadata = error.response.get("ResponseMetadata", {})
    status = int(metadata.get("HTTPStatusCode", 0))
    if code in _MOVED:
        return MovedError(f"{where} changed since it was looked at")
    target = str(metadata.get("HTTPHeaders", {}).get("location", ""))
    if target and code == str(status):  # not in Amazon's words, and so not from there
        said = f"{where}: the store redirects to {urls.shown(target)}"
        return StoreAnswerError(said, code=code, cure=_ENDPOINT, permanent=True)
    if code in _PERMANENT:
        words, cure = _PERMANENT[code]
        return StoreAnswerError(f"{where}: {words}", code=code, cure=cure, permanent=True)
    said = answer.get("Message") or f"status {status}"
    return StoreAnswerError(
        f"{where}: the store says {code}: {said}",
        code=code,
        cure="",
        permanent=400 <= status < 500 and status != 429 and code not in _TRANSIENT,
    )


def _unanswered(error: Exception, where: str) -> RepoError:
    if isinstance(error, faults.NoCredentialsError | faults.PartialCredentialsError):
        return RepoError(
            f"{where}: there are no credentials",
            cure="set accessKey and secret of the repo, or a profile or role of the host",
            permanent=True,
        )
    if isinstance(error, faults.SSLError):
        cure = "check the certificate, or name its authority in caBundle"
        return RepoError(f"{where}: {error}", cure=cure, permanent=True)
    wrong = isinstance(error, faults.ParamValidationError | faults.ProfileNotFound)
    return RepoError(f"{where}: {_reason(error)}", cure=_PATH if wrong else "", permanent=wrong)


def _reason(error: Exception) -> str:
    """What an error says, not for ever: it may quote what the store sent."""
    return in_a_line(str(error), _LONGEST_REASON) or type(error).__name__
