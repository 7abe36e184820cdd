"""What is known of a first configuration: given by options, or answered to a question."""

from __future__ import annotations

from dataclasses import dataclass, field

from dropship.core.values import Secret


@dataclass(frozen=True, slots=True)
class Answers:
    """Each as it is written in a configuration; empty: it says nothing of it.

    Attributes:
        store: The store's type; ``repo``: what its block is called.
        login: How an ``http`` store knows who asks: ``none``, ``password`` or ``token``.
        secret: What was typed; otherwise it is in the variable ``secret_env``, or in the file
            ``secret_file``.
        turns: The type of the lock, or ``none``; ``turns_at`` is where that answers.
    """

    store: str = ""
    repo: str = ""
    service: str = ""
    bucket: str = ""
    path: str = ""
    url: str = ""
    region: str = ""
    endpoint: str = ""
    access_key: str = ""
    auth_url: str = ""
    user: str = ""
    tenant: str = ""
    login: str = ""
    secret: Secret = field(default=Secret(""))
    secret_env: str = ""
    secret_file: str = ""
    destination: str = ""
    interval: str = ""
    unit: str = ""
    health_url: str = ""
    turns: str = ""
    turns_at: str = ""

    @property
    def has_secret(self) -> bool:
        """Whether it is known where the credential is to come from."""
        return bool(self.secret or self.secret_env or self.secret_file)

    @property
    def needs_secret(self) -> bool:
        """Whether the store asks for one, as far as it is known by now."""
        if self.store == "http":
            return self.login in ("password", "token")
        return self.store in ("swift", "rackspace") or bool(self.access_key)

    @property
    def needs_repo(self) -> bool:
        """Whether the store needs a block of its own: the others work without one."""
        if self.repo not in ("", self.store):
            return True
        if self.store == "s3":
            return bool(self.region or self.endpoint or self.access_key)
        return self.store in ("swift", "rackspace") or self.needs_secret
