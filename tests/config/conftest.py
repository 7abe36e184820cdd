"""A configuration in a folder, read as a command would read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dropship.config.load import Loaded, Mode, are_service_files, candidates, load
from dropship.config.model import Config, ServiceConfig
from dropship.hcl.diagnostics import draw
from dropship.hcl.parser import Parsed

WEB = """
service "web" {{
  checkInterval = "10s"
  artifact "http" {{
    url         = "https://releases.example.org/web.tar.gz"
    destination = "/srv/web"
    {artifact}
  }}
  {service}
}}
"""


@dataclass(frozen=True)
class Read:
    """What came of it, with short ways to ask."""

    loaded: Loaded

    @property
    def codes(self) -> list[str]:
        """The codes, in order."""
        return [one.code for one in self.loaded.diagnostics]

    @property
    def messages(self) -> list[str]:
        """The messages, in order."""
        return [f"{one.code}: {one.message}" for one in self.loaded.diagnostics]

    @property
    def suggestions(self) -> list[str | None]:
        """The suggestions, in order."""
        return [one.suggestion for one in self.loaded.diagnostics]

    @property
    def config(self) -> Config:
        """The configuration, which must be there."""
        assert self.loaded.config is not None, self.text
        return self.loaded.config

    @property
    def web(self) -> ServiceConfig:
        """Its only service."""
        (service,) = self.config.services
        return service

    @property
    def text(self) -> str:
        """All diagnostics as an operator sees them."""
        drawn = (draw(one, self.loaded.masked) for one in self.loaded.diagnostics)
        return "\n\n".join(drawn)


@dataclass(frozen=True)
class Reader:
    """Writes files into a folder and reads them."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        text: str,
        *,
        services: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        mode: Mode = Mode.WARN,
        euid: int = 0,
        access: int = 0o600,
    ) -> Read:
        """Read ``text`` as the main file, with files of services beside it."""
        main = self.folder / "dropship.hcl"
        main.write_text(text, encoding="utf-8")
        main.chmod(access)
        for name, content in (services or {}).items():
            place = self.folder / "services" / name
            place.parent.mkdir(exist_ok=True)
            place.write_text(content, encoding="utf-8")
        return Read(load(main, environ=environ or {}, cwd=self.folder, euid=euid, mode=mode))

    def service(
        self, text: str = "", *, main: str = "", artifact: str = "", access: int = 0o600
    ) -> Read:
        """Read a sound service with ``text`` added to it, ``main`` before it."""
        return self(main + WEB.format(service=text, artifact=artifact), access=access)


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Read a configuration."""
    return Reader(tmp_path)


def service_files(path: Path, cwd: Path) -> list[Parsed]:
    """The service files that a path means; none if it means something else."""
    found = candidates(path, cwd)
    return found if are_service_files(found) else []
