"""nginx with a folder of static files, plain and with TLS, and a part that needs a password."""

from __future__ import annotations

import grp
import os
import pwd
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.servers.certificate import Certificate, certificate
from tests.servers.process import Process, free_port, missing

USER = "deploy"
PASSWORD = "pass word é"

_CONFIG = """\
daemon off;
user {user} {group};
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  types {{ application/gzip gz; text/plain txt; }}
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port};
    listen 127.0.0.1:{tls_port} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    root {folder}/www;
    location /private/ {{
      auth_basic "builds";
      auth_basic_user_file {folder}/users;
      alias {folder}/www/;
    }}
    location /no-etag/ {{ etag off; alias {folder}/www/; }}
    location /no-head/ {{ if ($request_method = HEAD) {{ return 405; }} alias {folder}/www/; }}
    location /no-range/ {{ max_ranges 0; alias {folder}/www/; }}
    location /moved/ {{ return 302 http://127.0.0.1:{port}/; }}
    location /to-file/ {{ rewrite ^/to-file/(.*)$ /$1 redirect; }}
    location /elsewhere/ {{ rewrite ^/elsewhere/(.*)$ http://localhost:{port}/private/$1 redirect; }}
    location /downgrade/ {{ rewrite ^/downgrade/(.*)$ http://127.0.0.1:{port}/$1 redirect; }}
    location /round/ {{ return 302 /round/; }}
    location /busy/ {{ return 503; }}
    location /limited/ {{ add_header Retry-After 7 always; return 429; }}
    location /signed/ {{ if ($request_method = HEAD) {{ return 403; }} alias {folder}/www/; }}
    location /list/ {{ autoindex on; alias {folder}/www/; }}
    location /list-json/ {{ autoindex on; autoindex_format json; alias {folder}/www/; }}
    location /to-list/ {{ rewrite ^/to-list/(.*)$ /list/$1 redirect; }}
    location /identity {{ return 200 "{identity}"; }}
  }}
  server {{
    listen 127.0.0.1:{known_port} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    ssl_client_certificate {folder}/client-cert.pem;
    ssl_verify_client on;
    root {folder}/www;
  }}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running nginx; what is written to ``www`` is served.

    On ``known_port`` only to who shows ``client``.
    """

    port: int
    tls_port: int
    known_port: int
    www: Path
    authority: Path
    client: Certificate

    @property
    def url(self) -> str:
        """Its plain URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """Its TLS URL, good for ``authority``."""
        return f"https://127.0.0.1:{self.tls_port}"

    @property
    def known_url(self) -> str:
        """The one for those it knows, good for ``authority``."""
        return f"https://127.0.0.1:{self.known_port}"


@contextmanager
def running(folder: Path) -> Iterator[Nginx]:
    """An nginx whose files are all in ``folder``."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        missing("nginx")
    ports = (free_port(), free_port(), free_port())
    own, client = certificate(folder), certificate(folder, "client-")
    nginx = Nginx(*ports, folder / "www", own.cert, client)
    identity = secrets.token_hex(8)
    nginx.www.mkdir()
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "nginx.conf").write_text(
        _CONFIG.format(
            folder=folder,
            port=nginx.port,
            tls_port=nginx.tls_port,
            known_port=nginx.known_port,
            identity=identity,
            user=pwd.getpwuid(os.getuid()).pw_name,
            group=grp.getgrgid(os.getgid()).gr_name,
        )
    )
    process = Process(
        [program, "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"], folder / "nginx.log"
    )
    try:
        process.wait_until(lambda: _says(f"{nginx.url}/identity", identity))
        yield nginx
    finally:
        process.stop()


def _says(url: str, identity: str) -> bool:
    try:
        return requests.get(url, timeout=5).text == identity
    except requests.RequestException:
        return False
