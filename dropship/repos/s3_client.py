"""The half of the S3 repo that knows boto3: a client that answers, or says why not.

Making a client talks to nobody, so that it can be made before the fork and shared; credentials
are looked for when the first request needs them (``s3_credentials``). A request fails with its
timeouts, after at most one more try; then its error is in our words (``s3_errors``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
import botocore
import botocore.exceptions as faults
import urllib3.exceptions
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.session import Session

from dropship import __version__
from dropship.errors import ConfigError, DropshipError, RepoError
from dropship.net.body import HttpBody, Raw
from dropship.net.http import CONNECT, READ
from dropship.net.lengths import LengthError, length
from dropship.repos import s3_errors
from dropship.repos.s3 import S3Options
from dropship.repos.s3_credentials import Keyring
from dropship.repos.s3_errors import StoreAnswerError
from dropship.repos.s3_head import Heads, rehearse_download
from dropship.repos.s3_theatre import rehearse_sending

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
# Answers to HEAD have no body, so these say too little of what is wrong.
_MUTE: Final = frozenset({"400", "403", "404", "301"})
_FIRST_BYTE: Final = "bytes=0-0"


class Client:
    """An S3 client that answers with values, or with errors that operators understand."""

    def __init__(self, options: S3Options) -> None:
        self._rehearsed = False
        try:
            keyring = Keyring(options)
            core, self._credentials = keyring.session, keyring.credentials
            make = _maker(options, core)
            self._asking = make(READ)
            self._downloading = make(options.stall_timeout.seconds)
            self._heads = Heads(self._asking, self._credentials, _authorities(options, core))
        except (faults.BotoCoreError, ValueError) as error:
            cure = s3_errors.unusable(error)
            raise ConfigError(f"the s3 repo cannot be used: {error}", cure=cure) from error

    def prepare(self, named: Mapping[str, Any]) -> None:
        """Make ready for asking for an object; talks to nobody."""
        for more in ({}, {"PartNumber": 1}):
            self._heads.learn({**named, **_HEAD, **more})
        if not self._rehearsed:
            self._rehearsed = True
            rehearse_download(self._downloading, named)
            rehearse_sending()

    def head(
        self, where: str, named: Mapping[str, Any], part: int | None = None
    ) -> Mapping[str, Any] | RepoError:
        """What is known of one object, or of one ``part`` of it, or the error to raise."""
        whole = {**named, **_HEAD, **({"PartNumber": part} if part else {})}
        return self._asked(lambda: self._head(where, named, whole), where)

    def download(
        self, where: str, named: Mapping[str, Any], **more: Any
    ) -> Mapping[str, Any] | RepoError:
        """The answer that has one object's bytes, or the error to raise.

        The store may be silent for ``stallTimeout``, before the bytes and between them.
        """
        whole = {**named, **more}
        return self._asked(lambda: _answer(self._downloading.get_object, where, whole), where)

    def page(self, where: str, named: Mapping[str, Any]) -> Mapping[str, Any] | RepoError:
        """A page of the names that a bucket holds, or the error to raise."""
        return self._asked(lambda: _answer(self._asking.list_objects_v2, where, named), where)

    def _head(
        self, where: str, named: Mapping[str, Any], whole: Mapping[str, Any]
    ) -> Mapping[str, Any] | RepoError:
        told = self._heads.ask(whole)
        if told is not None:
            return told
        answer = _answer(self._asking.head_object, where, whole)
        if isinstance(answer, StoreAnswerError) and answer.code in _MUTE:
            # The same question as a GET of one byte, whose answer says what is wrong.
            clearer = _answer(self._asking.get_object, where, {**named, "Range": _FIRST_BYTE})
            if isinstance(clearer, RepoError):
                return clearer
            clearer["Body"].close()
            # botocore has learnt from it which region the bucket is in.
            answer = _answer(self._asking.head_object, where, whole)
        if not isinstance(answer, RepoError):
            self._heads.learn_late(whole)
        return answer

    def _asked(
        self, ask: Callable[[], Mapping[str, Any] | RepoError], where: str
    ) -> Mapping[str, Any] | RepoError:
        """An answer; where the store does not take the credentials any more, that to others."""
        answer = ask()
        if self._credentials is None or not getattr(answer, "stale", False):
            return s3_errors.settled(answer)
        renewed = _answer(self._credentials.renewed, where, {})
        if isinstance(renewed, RepoError):
            return renewed
        return s3_errors.settled(ask()) if renewed else answer

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
        return s3_errors.refused(error, where, named)
    except (faults.BotoCoreError, OSError) as error:
        return s3_errors.unanswered(error, where)
    except LengthError as error:
        return RepoError(f"{where}: the store {error}")
    except urllib3.exceptions.HTTPError:
        return RepoError(f"{where}: the store's answer broke off")
    except DropshipError:  # of whoever looks around while it waits
        raise
    except Exception as error:  # noqa: BLE001 - its parsers let pass whatever garbage makes Python raise
        return RepoError(f"{where}: the store's answer makes no sense: {s3_errors.reason(error)}")


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
            signature_version=botocore.UNSIGNED if options.anonymous else None,
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
