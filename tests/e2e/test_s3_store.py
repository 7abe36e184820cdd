"""A whole agent over S3: what becomes of a service whose object is taken away."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.host import Host, eventually, tarball
from tests.servers.moto import Moto


def test_object_that_is_gone_leaves_what_is_installed(tmp_path: Path, moto: Moto) -> None:
    """The service runs on, and everybody who asks is told why nothing is updated."""
    client = moto.client("s3")
    named = {"Bucket": "gone", "Key": "app.tar.gz"}
    client.create_bucket(Bucket="gone")
    client.put_object(**named, Body=tarball({"version": "1"}))
    host = Host(tmp_path)
    host.configure(
        f"""
service "app" {{
  checkInterval = "200ms"
  artifact "s3" {{
    bucket      = "gone"
    path        = "app.tar.gz"
    destination = "{host.destination()}"
  }}
}}
""",
        main=f"""
repo "s3" {{
  accessKey = "a"
  secret    = "b"
  endpoint  = "{moto.endpoint}"
}}
""",
    )
    try:
        host.start()
        host.until_version("1")
        client.delete_object(**named)
        host.until_said("s3://gone/app.tar.gz: there is no such object")
        told = eventually(
            lambda: next((one for one in [host.run("why", "app").stdout] if "no such" in one), ""),
            host.said,
        )
        assert "s3://gone/app.tar.gz: there is no such object" in " ".join(told.split())
        assert "no such object" in host.run("status", "--format", "json").stdout
        assert host.version() == "1"
        client.put_object(**named, Body=tarball({"version": "2"}))
        host.run("update", "app")
        host.until_version("2")
    finally:
        host.close()
        client.close()
