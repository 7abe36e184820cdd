"""The example of a store and a hook that are no part of Dropship, installed and used."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e.host import Host, tarball
from tests.strangers import EXAMPLE, described, install_example

pytestmark = pytest.mark.wheel


@pytest.fixture
def site(tmp_path: Path) -> str:
    """Where the example is installed, for the module path."""
    return str(install_example(tmp_path / "site"))


def shelve(host: Host, version: str) -> str:
    """Put a version on the shelf; gives its md5."""
    data = tarball({"version": version})
    fresh = host.folder / "shelf.new"
    with ZipFile(fresh, "w") as shelf:
        shelf.writestr("web/app.tar.gz", data)
    fresh.rename(host.folder / "shelf.zip")
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def configured(host: Host) -> None:
    """A service that comes from a shelf and leaves notes."""
    service = f"""
service "app" {{
  checkInterval = "200ms"
  artifact "shelf" {{
    path        = "web/app.tar.gz"
    destination = "{host.destination()}"
  }}
  after "note" {{
    file   = "{host.marks}"
    text   = "{{{{.Name}}}} is {{{{.NewHash}}}}"
    signer = "ops"
    key    = "open-sesame"
  }}
}}
"""
    host.configure(service, main=f'repo "shelf" {{ file = "{host.folder}/shelf.zip" }}')
    host.config.chmod(0o600)


def note(md5: str) -> str:
    """The line that the hook writes."""
    line = f"app is {md5}"
    signature = hmac.new(b"open-sesame", line.encode(), hashlib.sha256).hexdigest()
    return f"{line}, says ops ({signature})"


def updated(host: Host, site: str) -> None:
    """Two versions are installed, one by the command and one by an agent."""
    configured(host)
    first = shelve(host, "1")
    done = host.run("update", "app", PYTHONPATH=site)
    assert done.returncode == 0, done.stderr
    assert host.version() == "1"
    host.start(PYTHONPATH=site)
    second = shelve(host, "2")
    host.until_version("2")
    assert host.marked() == [note(first), note(second)]
    assert host.stop() == 0
    assert "open-sesame" not in host.said()


def test_update_comes_from_a_store_of_others_and_is_told_by_a_hook_of_others(
    host: Host, site: str
) -> None:
    """Found by their entry points; nothing else has to be said."""
    updated(host, site)


def test_versions_are_listed_in_a_store_of_others(host: Host, site: str) -> None:
    """The newest one is installed."""
    configured(host)
    host.config.write_text(host.config.read_text().replace("app.tar.gz", "app-{version}.tar.gz"))
    with ZipFile(host.folder / "shelf.zip", "w") as shelf:
        for version in ("1.10.0", "1.9.0", "2.0.0-rc1"):
            shelf.writestr(f"web/app-{version}.tar.gz", tarball({"version": version}))
    done = host.run("update", PYTHONPATH=site)
    assert done.returncode == 0, done.stderr
    assert host.version() == "1.10.0"


@pytest.mark.endurance
def test_example_is_used_as_pip_installs_it(host: Host) -> None:
    """What its ``pyproject.toml`` says is enough."""
    site = host.folder / "site"
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(EXAMPLE)]
    subprocess.run([sys.executable, *command], check=True, timeout=300)
    updated(host, str(site))


_FAULTY = """
repo "shelf" { fil = "/srv/shelf.zip" }
service "app" {
  checkInterval = "10s"
  artifact "shelf" {
    path        = ["a"]
    destination = "/srv/app"
  }
  after "note" {
    file = "/srv/notes"
    txt  = "{{.Nam}}"
    key  = "open-sesame"
    kee  = "open-barley"
  }
  after "note" {
    file = "/srv/notes"
    text = "{{.Nam}}"
  }
}
"""
_FOUND = """\
dropship.hcl:2:16: error E201: repo "shelf" has no file, and knows no key fil
 2 | repo "shelf" { fil = **************** }
   |                ^^^
  hint: did you mean file?

dropship.hcl:6:19: error E204: path: must be a string, not a list
 6 |     path        = ["a"]
   |                   ^^^^^

dropship.hcl:11:5: warning W201: after "note" knows no key txt; it is ignored
 11 |     txt  = **********
    |     ^^^
  hint: did you mean text?

dropship.hcl:12:5: warning W228: key is nothing without signer
 12 |     key  = *************
    |     ^^^
  hint: add signer = …

dropship.hcl:12:12: warning W237: a secret stands in a file that every user of this host can read
 12 |     key  = *************
    |            ^^^^^^^^^^^^^
  hint: chmod o-r dropship.hcl, or take it from env("…") or file("…")

dropship.hcl:13:5: warning W201: after "note" knows no key kee; it is ignored
 13 |     kee  = *************
    |     ^^^
  hint: did you mean key?

dropship.hcl:17:15: error E205: text: there is no field .Nam, in {{.Nam}}
 17 |     text = "{{.Nam}}"
    |               ^^^^
  hint: did you mean .Name?

3 errors, 4 warnings in 1 file
"""


def test_faults_in_the_keys_of_others_are_told_like_ours(host: Host, site: str) -> None:
    """By the same words, and no secret is shown."""
    host.config.write_text(_FAULTY)
    host.config.chmod(0o644)
    done = host.run("validate", "dropship.hcl", PYTHONPATH=site)
    assert done.returncode == 1
    assert done.stdout == _FOUND


def test_schema_has_the_keys_of_what_is_installed(host: Host, site: str) -> None:
    """Beside the built-in ones."""
    done = host.run("schema", PYTHONPATH=site)
    assert "- `file` (string, required): The ZIP file." in done.stdout
    assert "### Hook `note`" in done.stdout
    assert "shelf" not in host.run("schema").stdout


def test_name_of_a_built_in_store_cannot_be_taken(host: Host) -> None:
    """Whatever else is installed."""
    bad = host.folder / "bad"
    bad.mkdir()
    (bad / "thief.py").write_text("raise SystemExit('stolen')\n")
    described(bad, "thief", {"dropship.repos": {"file": "thief:Repo"}})
    host.configure(host.service())
    host.publish({"version": "1"})
    done = host.run("update", PYTHONPATH=str(bad))
    assert done.returncode == 0, done.stderr
    assert host.version() == "1"


def test_worker_outlives_a_store_of_others_that_fails(host: Host) -> None:
    """It is told as any store in trouble, and asked again."""
    folder = host.folder / "moody"
    folder.mkdir()
    (folder / "moody.py").write_text(
        "from pathlib import Path\n"
        "from dropship.repos.file import FileRepo\n"
        "class Moody(FileRepo):\n"
        "    def find(self, location):\n"
        "        if Path(location.path).with_name('moody').exists():\n"
        "            raise ZeroDivisionError('out of sorts')\n"
        "        return super().find(location)\n"
    )
    described(folder, "moody", {"dropship.repos": {"moody": "moody:Moody"}})
    host.configure(host.service().replace('"file"', '"moody"'), main='repo "moody" {}')
    (host.store / "moody").touch()
    host.publish({"version": "1"})
    host.start(PYTHONPATH=str(folder))
    host.until_said("the repo moody could not look for the artifact: ZeroDivisionError: out of")
    pid = host.pid()
    (host.store / "moody").unlink()
    host.until_version("1")
    assert host.pid() == pid
    assert host.worker()["restarts"] == 0
    assert "a fault of dropship" not in host.said()
