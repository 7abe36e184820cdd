"""Where nothing but the length tells that bytes are the right ones, an operator is told, once."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from dropship.core import events as on
from dropship.core.phase import Phase
from dropship.core.values import Token
from dropship.deploy.check import check
from dropship.deploy.desk import Order
from dropship.deploy.proof import Doubts
from dropship.repos import Found
from tests.deploy.desks import Desk, drive, rig
from tests.e2e.host import Host, tarball
from tests.servers.moto import Moto

DATA = tarball({"version": "1"})
SHA256 = hashlib.sha256(DATA).hexdigest()
SAID = "comes without a digest: only its length can be checked; pin it with `sha256`"


class LongDay(Desk):
    """A desk at which there are three more checks before the day is over."""

    left = 3

    def sleep(self, seconds: float | None) -> None:
        """Until the next check, or the end."""
        if not self.left:
            return super().sleep(seconds)
        self.left -= 1
        return self._orders.append(Order(on.CheckNow(update_id=f"check-{self.left}")))


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of it."""
    return [one.getMessage() for one in caplog.records if SAID in one.getMessage()]


def configure(tmp_path: Path, artifact: str, main: str = "") -> Host:
    """A host with a service of such an artifact."""
    host = Host(tmp_path)
    host.configure(
        f'service "app" {{\n  checkInterval = "1s"\n  {artifact}'
        f'    destination = "{host.destination()}"\n  }}\n}}\n',
        main=main,
    )
    return host


@pytest.mark.parametrize("pinned", ["", f'sha256 = "{SHA256}"'])
def test_web_server_without_a_digest_is_told_once_in_a_workers_life(
    tmp_path: Path, httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, pinned: str
) -> None:
    """Unless the configuration pins one; ``check`` tells it too, and deploys it all the same."""
    headers = {"ETag": '"a-1"'}
    httpserver.expect_request("/app.tar.gz").respond_with_data(DATA, headers=headers)
    url = httpserver.url_for("/app.tar.gz")
    host = configure(tmp_path, f'artifact "http" {{\n    url = "{url}"\n    {pinned}\n')
    made = rig(host.config)
    desk = LongDay()
    drive(made, desk)
    assert desk.phases.count(Phase.CHECKING) == 4
    assert host.version() == "1"
    assert len(warned(caplog)) == (0 if pinned else 1)
    assert (SAID in check(made).words) == (not pinned)
    assert check(made).words.startswith("current, installed")


@pytest.mark.parametrize("encryption", ["aws:kms", "AES256"])
def test_object_that_is_encrypted_by_kms_is_told(
    tmp_path: Path, moto: Moto, caplog: pytest.LogCaptureFixture, encryption: str
) -> None:
    """Its ETag is no md5; with S3's own key it is one."""
    client = moto.client("s3")
    client.create_bucket(Bucket="proof")
    client.put_object(Bucket="proof", Key="app.tar.gz", Body=DATA, ServerSideEncryption=encryption)
    client.close()
    keys = f'accessKey = "a"\n  secret = "b"\n  endpoint = "{moto.endpoint}"'
    host = configure(
        tmp_path,
        'artifact "s3" {\n    bucket = "proof"\n    path = "app.tar.gz"\n',
        main=f'repo "s3" {{\n  {keys}\n}}\n',
    )
    drive(rig(host.config), Desk())
    assert host.version() == "1"
    assert len(warned(caplog)) == (encryption == "aws:kms")


def test_file_of_this_host_needs_no_proof(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing was on its way."""
    host = Host(tmp_path)
    host.configure(host.service())
    host.publish(DATA)
    drive(rig(host.config), Desk())
    assert host.version() == "1"
    assert not warned(caplog)


def test_tokens_of_another_kind_are_told_again(tmp_path: Path) -> None:
    """Such as those of uploads in parts, where others were before."""
    host = Host(tmp_path)
    host.configure(host.service())
    made = rig(host.config)
    made.source.local = False
    doubts = Doubts(made)
    found = Found(Token("900150983cd24fb0d6963f7d28e17f72"), "s3://b/a", "a")
    assert SAID in doubts.news(found)
    assert not doubts.news(found._replace(token=Token("d41d8cd98f00b204e9800998ecf8427e")))
    assert SAID in doubts.news(found._replace(token=Token("d41d8cd98f00b204e9800998ecf8427e-3")))
    assert not doubts.news(found._replace(token=Token("an/other"), sha256=SHA256))
