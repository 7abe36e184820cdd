"""What stands around the host of a page: the store that speaks S3, and the servers that pages name.

As a program, in the network of a container: Swift with its S3 API. It prints its address, puts what
a line of its input says (``[bucket, key, file]`` as JSON) there, and ends with its input.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError

from tests.docs.pages import ROOT, pages
from tests.servers import swift
from tests.servers.certificate import certificate
from tests.servers.process import home, missing
from tests.servers.systemd import Systemd

WWW: Final = "/var/www/neighbours"
"""What the web servers of all names serve."""

_NGINX: Final = """
server {{
  listen 127.0.0.1:80;
  listen 127.0.0.1:443 ssl;
  ssl_certificate {etc}/neighbours-cert.pem;
  ssl_certificate_key {etc}/neighbours-key.pem;
  server_name {names};
  root {www};
  autoindex on;
  # Whoever is told of an update.
  location /hooks/ {{ return 200; }}
  location /events/ {{ return 200; }}
}}
"""


def names() -> list[str]:
    """The hosts that configurations in the documentation name."""
    hcl = "\n".join(block.text for page in pages() for block in page.blocks("hcl"))
    return sorted(set(re.findall(r"https?://([\w.-]+\.example\.com)", hcl)))


@contextmanager
def web(systemd: Systemd, folder: Path) -> Iterator[None]:
    """Web servers of these names, on the container's loopback and trusted by it."""
    hosts = systemd.root / "etc/hosts"
    stood = hosts.read_text()
    made = certificate(folder, "neighbours-", hosts=names())
    etc = systemd.root / "etc/nginx"
    trusted = systemd.root / "usr/local/share/ca-certificates/neighbours.crt"
    if not etc.is_dir():
        missing("nginx")
    (systemd.root / WWW.lstrip("/")).mkdir(parents=True)
    for file in made:
        (etc / file.name).write_bytes(file.read_bytes())
    trusted.write_bytes(made.cert.read_bytes())
    config = etc / "conf.d/neighbours.conf"
    config.write_text(_NGINX.format(etc="/etc/nginx", www=WWW, names=" ".join(names())))
    hosts.write_text(f"127.0.0.1 localhost {' '.join(names())}\n")
    try:
        for words in (["update-ca-certificates"], ["systemctl", "restart", "nginx"]):
            done = systemd.run(*words)
            assert done.returncode == 0, done.stdout + done.stderr
        yield
    finally:
        systemd.run("systemctl", "stop", "nginx")
        hosts.write_text(stood)
        config.unlink()
        trusted.unlink()
        systemd.run("update-ca-certificates", "--fresh")


@dataclass(frozen=True)
class Buckets:
    """A store that speaks S3, inside of the container."""

    endpoint: str
    program: subprocess.Popen[str]

    def put(self, bucket: str, key: str, file: Path) -> None:
        """Put an object there; the bucket is made."""
        self._say(json.dumps([bucket, key, str(file)]))
        assert self.hear() == "put"

    def hear(self) -> str:
        """What it says next."""
        assert self.program.stdout is not None
        return self.program.stdout.readline().strip()

    def _say(self, line: str) -> None:
        assert self.program.stdin is not None
        self.program.stdin.write(f"{line}\n")
        self.program.stdin.flush()


@contextmanager
def buckets(systemd: Systemd, folder: Path) -> Iterator[Buckets]:
    """Start it in the container's network."""
    if not (home() / "swift" / "bin" / "swift-proxy-server").exists():
        missing("Swift")
    program = subprocess.Popen(
        ["nsenter", f"--net=/proc/{systemd.pid}/ns/net", sys.executable, "-m", __name__, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with program:
        started = Buckets("", program)
        yield Buckets(started.hear(), program)
        program.communicate()


def main(folder: Path) -> None:
    """The program."""
    with swift.running(folder) as store:
        client = store.client()
        print(store.endpoint, flush=True)
        for line in sys.stdin:
            bucket, key, file = json.loads(line)
            try:
                client.head_bucket(Bucket=bucket)
            except ClientError:
                client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key=key, Body=Path(file).read_bytes())
            print("put", flush=True)
        client.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
