"""A process with one thread, as a worker is, that stages what it is told: ``Job`` in, words out.

One line of JSON each; run as ``python -m tests.faults.downloader``.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from dropship.config.model import RepoConfig
from dropship.core.values import Duration, Secret, Share, Strings
from dropship.errors import DropshipError
from dropship.install.layout import Layout
from dropship.install.stage import StageRequest, stage
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from dropship.repos.s3 import S3Location, S3Options, S3Repo
from dropship.repos.source import Source
from tests.install.stagings import NOW, CountingWatch, artifact

_SECRETS = ("password", "bearer", "secret", "token")


def download(job: dict[str, Any]) -> dict[str, Any]:
    """Find the artifact and stage it, as a worker does."""
    keys = {
        key: Secret(value) if key in _SECRETS else Strings(value) if key == "headers" else value
        for key, value in job["keys"].items()
    }
    keys["stall_timeout"] = Duration.of(job["stall"])
    s3 = job["store"] == "s3"
    options: Any = S3Options(**keys) if s3 else HttpOptions(**keys)
    repo: Any = S3Repo(options) if s3 else HttpRepo(options)
    location: Any = S3Location(**job["location"]) if s3 else HttpLocation(**job["location"])
    block = replace(
        artifact(Path(job["folder"]) / "srv" / "app", sha256=job["sha256"]),
        repo=RepoConfig(name=job["store"], type=job["store"], options=options),
        location=location,
    )
    said: dict[str, Any] = {"token": None, "error": None, "message": ""}
    began = time.monotonic()
    source = Source(repo, location)
    try:
        found = source.find()
        said["token"] = found.token
        layout = Layout.of(block, "app")
        request = StageRequest(layout, block, found, "recipe", Share())
        staged = stage(request, source, CountingWatch(), lambda: NOW)
        said["tree"] = str(staged.path)
    except DropshipError as error:
        said |= {"error": type(error).__name__, "message": str(error)}
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        said |= {"error": f"escaped: {type(error).__name__}", "message": str(error)}
    finally:
        repo.close()
    return said | {"seconds": time.monotonic() - began}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(download(json.loads(line))), flush=True)
