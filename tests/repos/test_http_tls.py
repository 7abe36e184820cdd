"""Client certificates: what is wrong with one is said, and no terminal is asked."""

from __future__ import annotations

import os
import pty
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from dropship.errors import RepoError
from dropship.repos.http import HttpLocation, HttpOptions, HttpRepo
from tests.contracts.shelves import read
from tests.servers.nginx import Nginx


def repo(nginx: Nginx, cert: Path | str = "", key: Path | str = "", url: str = "") -> HttpRepo:
    """A repo that shows a certificate."""
    return HttpRepo(
        HttpOptions(
            url=url or nginx.known_url,
            ca_bundle=str(nginx.authority),
            client_cert=str(cert),
            client_key=str(key),
        )
    )


def fault(made: HttpRepo) -> RepoError:
    """The error that finding ends in."""
    with pytest.raises(RepoError) as caught:
        made.find(HttpLocation(path="known.txt"))
    made.close()
    return caught.value


@pytest.mark.parametrize("apart", [True, False])
def test_certificate_opens_what_needs_one(nginx: Nginx, tmp_path: Path, *, apart: bool) -> None:
    """With its key in another file or in the same."""
    (nginx.www / "known.txt").write_bytes(b"abc")
    cert, key = nginx.client
    both = tmp_path / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    made = repo(nginx, cert, key) if apart else repo(nginx, both)
    assert read(made, HttpLocation(path="known.txt")) == b"abc"
    made.close()


@pytest.mark.parametrize("shown", [True, False])
def test_certificate_that_the_server_does_not_take_is_told(nginx: Nginx, *, shown: bool) -> None:
    """None, or another's; it says so under a plain 400."""
    own = nginx.authority.parent
    made = repo(nginx, own / "cert.pem", own / "key.pem") if shown else repo(nginx)
    error = fault(made)
    said = "The SSL certificate error" if shown else "No required SSL certificate was sent"
    assert str(error) == (
        f"{nginx.known_url}/known.txt: 400 Bad Request: {said}; "
        "name a clientCert (and its clientKey) in the repo that the server trusts"
    )
    assert error.permanent


def test_http_to_an_https_port_is_told(nginx: Nginx) -> None:
    """By the same status."""
    error = fault(repo(nginx, url=nginx.known_url.replace("https", "http")))
    assert "The plain HTTP request was sent to HTTPS port; write https://" in str(error)


def test_server_that_ends_the_handshake_names_the_certificate(nginx: Nginx) -> None:
    """It may want one: not everyone answers with a page."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own = nginx.authority.parent
    context.load_cert_chain(own / "cert.pem", own / "key.pem")
    context.load_verify_locations(nginx.client.cert)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with Rude(context) as url:
        error = fault(repo(nginx, own / "cert.pem", own / "key.pem", url))
    assert "see whether the server wants a client certificate" in str(error)
    assert error.permanent


def test_connection_that_is_cut_in_tls_is_passing(nginx: Nginx) -> None:
    """A server that is being restarted does so."""
    with Rude(None) as url:
        error = fault(repo(nginx, url=url))
    assert str(error).endswith("TLS failed: the connection was cut")
    assert not error.permanent


class Rude:
    """Shakes hands with a context, or not even that, and hangs up."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._context, self._over = context, False
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._over = True
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._over:
            client, _ = self._listener.accept()
            with suppress(OSError), client:
                if self._context is None:
                    client.recv(65536)
                else:
                    self._context.wrap_socket(client, server_side=True).close()


@pytest.fixture
def files(nginx: Nginx, tmp_path: Path) -> Path:
    """A folder with certificates and keys in every state."""
    cert, key = nginx.client
    encrypted = tmp_path / "encrypted.pem"
    command = ["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:hush", "-out", encrypted]
    subprocess.run(command, check=True, capture_output=True)
    (tmp_path / "cert.pem").write_bytes(cert.read_bytes())
    (tmp_path / "key.pem").write_bytes(key.read_bytes())
    (tmp_path / "both.pem").write_bytes(cert.read_bytes() + encrypted.read_bytes())
    (tmp_path / "old.pem").write_text(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n"
    )
    (tmp_path / "other.pem").write_bytes((nginx.authority.parent / "key.pem").read_bytes())
    (tmp_path / "junk.pem").write_bytes(b"\xffjunk")
    return tmp_path


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        ("cert.pem", "encrypted.pem", "the key in {}/encrypted.pem is encrypted, and nobody"),
        ("cert.pem", "old.pem", "the key in {}/old.pem is encrypted, and nobody"),
        ("both.pem", "", "openssl pkey -in OLD -out NEW"),
        ("none.pem", "key.pem", "there is no file {}/none.pem; create it"),
        ("cert.pem", "none.pem", "there is no file {}/none.pem; create it"),
        ("cert.pem", "", "{}/cert.pem holds no key; name the file of the key too"),
        ("cert.pem", "junk.pem", "{}/junk.pem holds no key; write it as PEM"),
        ("junk.pem", "key.pem", "{}/junk.pem holds no certificate; write it as PEM"),
        ("cert.pem", "other.pem", "name the client certificate and the key that belong together"),
        (".", "key.pem", "cannot be read: Is a directory"),
    ],
)
def test_file_that_will_not_do_is_named(
    nginx: Nginx, files: Path, cert: str, key: str, says: str
) -> None:
    """With what to do; an operator has to."""
    error = fault(repo(nginx, files / cert, files / key if key else ""))
    assert says.format(files) in str(error)
    assert error.permanent


def test_terminal_is_not_asked_for_a_pass_phrase(nginx: Nginx, files: Path) -> None:
    """Somebody who tries the agent by hand would see it hang."""
    code = f"""if True:
        from dropship.repos.http import *
        made = HttpRepo(HttpOptions(url={nginx.known_url!r}, client_cert={str(files / "both.pem")!r}))
        try:
            made.find(HttpLocation(path="x"))
        except Exception as error:
            print(error)
    """
    ours, theirs = pty.openpty()
    said = b""
    with subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-c", code],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        with suppress(OSError):  # EIO: nobody holds the other end any more
            while b"pass phrase:" not in said and (piece := os.read(ours, 4096)):
                said += piece
        os.close(ours)
        running.terminate()
    assert b"is encrypted" in said
