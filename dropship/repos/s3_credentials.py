"""Where S3's credentials come from: the repo's own keys, boto3's chain, a role, or nowhere at all.

- Nobody is asked before the first request needs it, and then once: not at each check.
- What expires is renewed before it does.
- What the store does not take any more is looked for anew: keys in a file may have been replaced.
- STS is asked by a client that was made and rehearsed before the fork, so that a worker needs
  neither memory for one of its own nor botocore's files, which an upgrade may have replaced.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import botocore.exceptions as faults
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    AssumeRoleWithWebIdentityCredentialFetcher,
    ConfigProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
    EnvProvider,
    ReadOnlyCredentials,
    SharedCredentialProvider,
    create_credential_resolver,
)
from botocore.session import Session

from dropship.net.http import CONNECT, READ
from dropship.repos.s3 import S3Options
from dropship.repos.s3_theatre import TIMES

_STS: Final = "sts"
# They tell a failure with a traceback, at each check; whoever asked tells it in a line.
_TALKATIVE: Final = ("botocore.credentials", "botocore.tokens")
_SESSION_NAME: Final = "dropship"
# Each of these in a profile has STS asked.
_ROLE_KEYS: Final = frozenset({"role_arn", "web_identity_token_file"})
_ASKING_NOBODY: Final = (EnvProvider, SharedCredentialProvider, ConfigProvider)


class Found(Credentials):
    """Credentials that are looked for when they are first needed, and again on demand."""

    def __init__(self, look: Callable[[], Credentials | None]) -> None:
        self._look = look
        self._found: Credentials | None = None
        self._given: ReadOnlyCredentials | None = None
        self.method = "later"
        self.account_id = None

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """What to sign with just now.

        Raises:
            NoCredentialsError: There are none.
        """
        if self._found is None:
            self._found = self._look()
        if self._found is None:
            raise faults.NoCredentialsError
        self._given = self._found.get_frozen_credentials()
        return self._given

    def renewed(self) -> Mapping[str, bool]:
        """Look again; empty unless there are others now than were last given."""
        before, self._found = self._given, None
        return {"others": True} if self.get_frozen_credentials() != before else {}


class Keyring:
    """Makes the session of a repo, and knows its credentials."""

    def __init__(self, options: S3Options) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._options = options
        self._sts: _Sts | None = None
        self.session = _Session(self._service, options)
        self.credentials = None if options.anonymous else Found(self._look)
        self.session.register_component("credential_provider", self)
        # The first look-up is with what was made, and rehearsed, before the fork.
        self._chain: CredentialResolver | None = None
        if options.anonymous:
            return
        if self._roles():
            self._sts = _Sts(options, self.session)
        if not options.access_key:
            self._chain = self._new_chain()
            _rehearse(self._chain)

    def load_credentials(self) -> Credentials | None:
        """As botocore's session wants it of a credential provider; asks nobody."""
        return self.credentials

    def _look(self) -> Credentials | None:
        """The repo's own keys, else the chain's; by way of the role, if there is one."""
        options = self._options
        source: Credentials | None
        if options.access_key:
            source = Credentials(
                options.access_key, options.secret.reveal(), options.token.reveal() or None
            )
        else:
            # A session reads the files of profiles once, so each look-up has its own.
            chain, self._chain = self._chain or self._new_chain(), None
            source = chain.load_credentials()
        if not options.role_arn or source is None:
            return source
        session = options.role_session_name or _SESSION_NAME
        outside = {"ExternalId": options.external_id} if options.external_id else {}
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=self.session.create_client,
            source_credentials=source,
            role_arn=options.role_arn,
            extra_args={"RoleSessionName": session, **outside},
        )
        return DeferredRefreshableCredentials(
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )

    def _new_chain(self) -> CredentialResolver:
        """boto3's, which has asked nobody yet."""
        fresh = _Session(self._service, self._options)
        region = _region(self._options, fresh)
        return create_credential_resolver(fresh, region_name=region)

    def _roles(self) -> bool:
        """Whether STS will be asked, as far as can be told."""
        if self._options.role_arn or self._options.access_key:
            return bool(self._options.role_arn)
        told = "AWS_WEB_IDENTITY_TOKEN_FILE" in os.environ
        return told or not _ROLE_KEYS.isdisjoint(self.session.get_scoped_config())

    def _service(self, keys: Mapping[str, Any]) -> Any:
        """STS, as a client of these credentials asks it; None for who has not made it yet."""
        return self._sts.by(keys) if self._sts else None


class _Session(Session):
    """botocore's, which has one STS client for all."""

    def __init__(self, service: Callable[[Mapping[str, Any]], Any], options: S3Options) -> None:
        super().__init__(profile=options.profile or None)
        self._service = service

    def create_client(self, service_name: str, *args: Any, **more: Any) -> Any:
        """A client; of STS, the one that was made before."""
        made = self._service(more) if service_name == _STS else None
        return super().create_client(service_name, *args, **more) if made is None else made


class _Keys(Credentials):
    """Credentials of whoever asks just now."""

    def __init__(self) -> None:
        super().__init__("nobody", "nothing")
        self.now = ReadOnlyCredentials("nobody", "nothing", None)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """His."""
        return self.now


class _Sts:
    """The token service of the repo's region, or of ``AWS_ENDPOINT_URL_STS``."""

    def __init__(self, options: S3Options, session: Session) -> None:
        own = Session(profile=options.profile or None)
        own.set_config_variable("sts_regional_endpoints", "regional")
        self._keys = _Keys()
        own.register_component("credential_provider", _Always(self._keys))
        self._client: Any = own.create_client(
            _STS,
            region_name=_region(options, session),
            verify=options.ca_bundle or None,
            config=Config(
                connect_timeout=CONNECT,
                read_timeout=READ,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        )
        self._rehearse()

    def by(self, keys: Mapping[str, Any]) -> _Asked:
        """The service, asked with the credentials among the arguments of ``create_client``."""
        given = ReadOnlyCredentials(
            keys.get("aws_access_key_id"),
            keys.get("aws_secret_access_key"),
            keys.get("aws_session_token"),
        )
        return _Asked(self._client, self._keys, given)

    def _rehearse(self) -> None:
        """Ask nobody, and have an answer."""
        events: Any = self._client.meta.events
        events.register("before-send.sts", _answered)
        creator: Any = self._creator
        for _ in range(TIMES):
            for fetcher in (
                AssumeRoleCredentialFetcher(
                    creator, Credentials("nobody", "nothing"), _NOBODYS_ROLE
                ),
                AssumeRoleWithWebIdentityCredentialFetcher(
                    creator, lambda: "nothing", _NOBODYS_ROLE
                ),
            ):
                _used(fetcher.fetch_credentials)
        events.unregister("before-send.sts", _answered)

    def _creator(self, _service: str, **keys: Any) -> _Asked:
        return self.by(keys)


class _Asked:
    """What of an STS client is asked for credentials."""

    def __init__(self, client: Any, keys: _Keys, given: ReadOnlyCredentials) -> None:
        self._client, self._keys, self._given = client, keys, given

    def assume_role(self, **named: Any) -> Any:
        """As botocore has it."""
        self._keys.now = self._given
        return self._client.assume_role(**named)

    def assume_role_with_web_identity(self, **named: Any) -> Any:
        """As botocore has it; it is not signed."""
        return self._client.assume_role_with_web_identity(**named)


class _Always:
    """A provider of the same credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Credentials:
        """Them."""
        return self._credentials


def _region(options: S3Options, session: Session) -> str:
    return str(options.region or session.get_config_variable("region") or "us-east-1")


class _Body:
    """The same answer to everybody."""

    @staticmethod
    def stream() -> Any:
        """Its pieces."""
        return iter((_CREDENTIALS,))


# Both answers at once: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_LENT: Final = b"""<Credentials><AccessKeyId>nobody</AccessKeyId>
<SecretAccessKey>nothing</SecretAccessKey><SessionToken>nothing</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"""
_CREDENTIALS: Final = b"""<Answer xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleResult>%b</AssumeRoleResult>
<AssumeRoleWithWebIdentityResult>%b</AssumeRoleWithWebIdentityResult>
</Answer>""" % (_LENT, _LENT)
_NOBODYS_ROLE: Final = "arn:aws:iam::000000000000:role/nobody"
_NOBODYS: Final = {
    "access_key": "nobody",
    "secret_key": "nothing",
    "token": "nothing",
    "expiry_time": "2099-01-01T00:00:00Z",
}


def _rehearse(chain: CredentialResolver) -> None:
    """Look where nobody has to be asked, and use nobody's credentials."""
    # Python imports what reads an instance's times when it first has one.
    datetime.strptime(_NOBODYS["expiry_time"], "%Y-%m-%dT%H:%M:%S%z")
    for _ in range(TIMES):
        for provider in chain.providers:
            if isinstance(provider, _ASKING_NOBODY):
                with suppress(faults.BotoCoreError):  # the first look-up says what is wrong
                    provider.load()
        _used(lambda: _NOBODYS)


def _used(fetch: Callable[[], Any]) -> None:
    """Have credentials that end be fetched, and sign with them."""
    with suppress(faults.BotoCoreError):
        DeferredRefreshableCredentials(
            refresh_using=fetch, method="rehearsal"
        ).get_frozen_credentials()


def _answered(request: Any, **_: Any) -> AWSResponse:
    headers = HTTPHeaders()
    headers["Content-Type"] = "text/xml"
    return AWSResponse(request.url, 200, headers, _Body())
