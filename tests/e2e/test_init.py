"""A first configuration: by questions, by options, beside what is there already."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dropship
from dropship.cli import init, main, validate
from dropship.cli.first import ask, placing, present, putting  # noqa: F401 - see as_nobody
from tests.e2e.host import PROGRAM, Host, tarball
from tests.e2e.window import Window
from tests.servers import nginx as nginx_server
from tests.servers import swift as swift_server
from tests.servers.nginx import Nginx
from tests.servers.swift import Swift
from tests.servers.systemd import Systemd
from tests.users import as_nobody

Open = Callable[..., Window]

# What the package ships: commented, valid, and does nothing.
SHIPPED = Path(__file__).parents[2] / "packaging" / "config" / "dropship.hcl"


@pytest.fixture
def window(host: Host) -> Iterator[Open]:
    """Opens windows in which ``init`` runs."""
    opened: list[Window] = []

    def new(*words: str) -> Window:
        argv = [*PROGRAM, "init", *words]
        made = Window(argv, cwd=host.folder, environ=host.environ(NO_COLOR="1"), columns=200)
        opened.append(made)
        return made

    yield new
    for one in opened:
        one.close()


def file_store(host: Host, service: str = "web") -> list[str]:
    """The options for a service from a folder, whose artifact is there."""
    host.publish({"version": "1"}, service)
    return [
        *("--store", "file", "--path", f"{host.store}/{service}.tar.gz"),
        *("--service", service, "--destination", f"{host.folder}/srv/{service}"),
    ]


def shipped(host: Host) -> str:
    """That text, with this host's own folders for state."""
    theirs = 'state_path = "/var/lib/dropship"\n'
    own = f'state_path = "{host.folder}/state" # kept\nrun_path   = "{host.folder}/run"\n'
    text = SHIPPED.read_text()
    assert theirs in text
    return text.replace(theirs, own)


def packaged(host: Host) -> None:
    """The configuration as a package leaves it."""
    host.config.write_text(shipped(host))


def sound(host: Host) -> None:
    """What was written is valid, strictly, and in the canonical form."""
    valid = host.run("validate", "--strict")
    assert valid.returncode == 0, valid.stdout
    assert "0 warnings" in valid.stdout
    assert host.run("fmt", "--check").returncode == 0


def tree(host: Host) -> dict[str, bytes]:
    """All files below the folder of the configuration, but what belongs to other things."""
    apart = ("store", "state", "run", "srv")
    return {
        str(one.relative_to(host.folder)): one.read_bytes()
        for one in host.folder.rglob("*")
        if one.is_file() and one.relative_to(host.folder).parts[0] not in apart
    }


# --- by options -------------------------------------------------------------------------------------


def test_options_alone_write_a_configuration_that_deploys(host: Host) -> None:
    """Without a terminal: written, tried, valid, and good for an update."""
    done = host.run("init", *file_store(host))
    assert done.returncode == 0, done.stderr
    assert f"wrote {host.config}" in done.stdout
    assert f"web: found {host.store}/web.tar.gz" in done.stdout
    assert "nothing is installed yet" in done.stdout
    sound(host)
    assert sorted(tree(host)) == ["dropship.hcl"]
    host.config.write_text(f"{shipped(host)}{host.config.read_text()}")
    assert host.run("update", "web").returncode == 0
    assert host.version("web") == "1"


def test_everything_that_can_be_said_is_in_it(host: Host) -> None:
    """Unit, health check and turns, each in its block."""
    words = (
        *("--unit", "web", "--health-url", "http://localhost:8080/health", "--interval", "5m"),
        *("--turns", "file", "--turns-at", str(host.folder / "locks")),
    )
    assert host.run("init", *file_store(host), *words).returncode == 0
    sound(host)
    text = host.config.read_text()
    for line in (
        'checkInterval = "5m"',
        "sequentialUpdates = true",
        f'lock "file" {{\n  path = "{host.folder}/locks"',
        'after "systemd" {\n    unit   = "web.service"',
        'health "http" {\n    url    = "http://localhost:8080/health"',
    ):
        assert line in text


@pytest.mark.parametrize(
    ("missing", "option"),
    [("--store", "--store"), ("--path", "--path"), ("--service", "--service")],
)
def test_what_is_not_said_is_named_by_its_option(host: Host, missing: str, option: str) -> None:
    """Nobody can be asked: exit 2, one line, nothing written."""
    words = file_store(host)
    at = words.index(missing)
    done = host.run("init", *words[:at], *words[at + 2 :])
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert option in done.stderr
    assert tree(host) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--destination", "srv/web"], "--destination: write the whole path"),
        (["--destination", "/"], "--destination: / cannot become a symlink"),
        (["--interval", "10"], "--interval: "),
        (["--health-url", "localhost"], "--health-url: "),
        (["--unit", "a/b"], "--unit: "),
        (["--turns", "zookeeper"], "--turns: "),
        (["--turns", "redis", "--turns-at", "redis://:pw@h/0"], "leave the login out"),
        (["--bucket", "builds"], "--bucket does not belong here"),
        (["--secret-env", "KEY"], "--secret-env does not belong here"),
        (["--service", "-x"], "expected one argument"),
        (["--service", "a b"], "--service: a name has letters"),
    ],
)
def test_option_that_does_not_work_is_explained(host: Host, words: list[str], said: str) -> None:
    """Exit 2, which option, and why; nothing written."""
    done = host.run("init", *file_store(host), *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert tree(host) == {}


def test_store_without_the_artifact_leaves_the_file_and_says_so(host: Host) -> None:
    """Exit 1, the store's own words, and what to do next; ``--no-check`` does not ask."""
    words = file_store(host)
    (host.store / "web.tar.gz").unlink()
    done = host.run("init", *words)
    assert done.returncode == 1
    assert f"web: {host.store}/web.tar.gz" in done.stdout
    assert "what is written stays" in done.stdout
    sound(host)
    host.config.unlink()
    assert host.run("init", *words, "--no-check").returncode == 0


# --- beside what is there ---------------------------------------------------------------------------


def test_packaged_main_file_is_left_alone(host: Host) -> None:
    """The service gets a file of its own, with the main file's mode."""
    packaged(host)
    host.config.chmod(0o640)
    before = host.config.read_bytes()
    done = host.run("init", *file_store(host))
    assert done.returncode == 0, done.stderr
    own = host.folder / "services" / "web.hcl"
    assert f"wrote {own}" in done.stdout
    assert host.config.read_bytes() == before
    assert stat.S_IMODE(own.stat().st_mode) == 0o640
    sound(host)
    assert host.run("update", "web").returncode == 0


@pytest.mark.root
def test_packaged_owner_and_group_are_kept(host: Host) -> None:
    """Root writes; the agent's group reads the new file as it reads the old one."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    packaged(host)
    host.config.chmod(0o640)
    os.chown(host.config, 0, 2)
    words = ("--region", "eu-west-1", "--store", "s3", "--bucket", "b", "--path", "p")
    done = host.run("init", *words, "--service", "web", "--destination", "/srv/w", "--no-check")
    assert done.returncode == 0, done.stderr
    for one in (host.config, host.folder / "services" / "web.hcl"):
        status = one.stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (0, 2, 0o640)


def test_agent_that_runs_has_to_read_it_first(host: Host) -> None:
    """Then it keeps the new service up to date."""
    packaged(host)
    host.config.write_text(f"{host.config.read_text()}{host.service(interval='1h')}")
    host.publish({"version": "1"})
    host.start()
    host.until_version("1")
    done = host.run("init", *file_store(host))
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("dropship reload") < done.stdout.index("dropship update web")
    assert host.run("reload").returncode == 0
    host.until_version("1", "web")


def test_store_is_added_to_the_main_file_once(host: Host) -> None:
    """What stands there stays to the letter; a second service uses the block that is there."""
    packaged(host)
    before = host.config.read_text()
    s3 = ("--store", "s3", "--bucket", "builds", "--no-check", "--defaults")
    first = host.run("init", *s3, "--region", "eu-west-1", "--service", "a", "--path", "a.tgz")
    assert first.returncode == 0, first.stderr
    assert f'added to {host.config}: repo "s3"' in first.stdout
    after = host.config.read_text()
    assert after.startswith(before)
    assert 'region = "eu-west-1"' in after.replace("  ", " ")
    again = host.run("init", *s3, "--service", "b", "--path", "b.tgz")
    assert again.returncode == 0, again.stderr
    assert host.config.read_text() == after
    refused = host.run("init", *s3, "--region", "x", "--service", "c", "--path", "c.tgz")
    assert refused.returncode == 2
    assert '--region does not belong here: the main file has a repo "s3"' in refused.stderr
    other = host.run(
        *("init", *s3, "--region", "us-east-1", "--service", "c", "--path", "c.tgz"),
        *("--repo", "other"),
    )
    assert other.returncode == 0, other.stderr
    assert 'repo "other" {\n  type' in host.config.read_text()
    sound(host)


def test_main_file_without_a_last_newline_is_added_to(host: Host) -> None:
    """A comment at its end does not swallow the block."""
    packaged(host)
    host.config.write_text(host.config.read_text() + "# the end")
    words = ("--store", "s3", "--region", "r", "--bucket", "b", "--path", "p", "--service", "a")
    assert host.run("init", *words, "--no-check", "--defaults").returncode == 0
    assert "# the end\n\n# The store" in host.config.read_text()
    sound(host)


def test_service_that_is_there_is_not_replaced_without_force(host: Host) -> None:
    """Exit 2 and what to do; with ``--force`` the old file is kept beside the new one."""
    packaged(host)
    words = file_store(host)
    assert host.run("init", *words).returncode == 0
    own = host.folder / "services" / "web.hcl"
    own.write_text(own.read_text() + "# by hand\n")
    before = tree(host)
    refused = host.run("init", *words)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert str(own) in refused.stderr
    assert tree(host) == before
    forced = host.run("init", *words, "--force", "--interval", "7s")
    assert forced.returncode == 0, forced.stderr
    assert '"7s"' in own.read_text()
    kept = own.with_name("web.hcl.old")
    assert kept.read_bytes() == before["services/web.hcl"]
    assert str(kept) in forced.stdout
    assert host.run("init", *words, "--force").returncode == 0
    assert '"7s"' in own.with_name("web.hcl.old.2").read_text()
    sound(host)


def test_main_file_of_one_service_is_renewed_with_force(host: Host) -> None:
    """What ``init`` wrote it writes again; but never over other things that stand there."""
    words = file_store(host)
    assert host.run("init", *words).returncode == 0
    first = host.config.read_text()
    refused = host.run("init", *words)
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert host.run("init", *words, "--force", "--interval", "7s").returncode == 0
    assert host.config.with_name("dropship.hcl.old").read_text() == first
    sound(host)
    host.config.write_text(f'minFree = "1%"\n{first}')
    again = host.run("init", *words, "--force")
    assert again.returncode == 2
    assert "edit it there, or name another" in again.stderr


def test_what_would_not_work_together_is_not_written(host: Host) -> None:
    """A destination inside another service's: the agent would refuse all of it."""
    packaged(host)
    assert host.run("init", *file_store(host)).returncode == 0
    before = tree(host)
    inside = ("--destination", f"{host.folder}/srv/web")
    done = host.run("init", *file_store(host, "other"), *inside)
    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert tree(host) == before


def test_faulty_configuration_is_not_added_to(host: Host) -> None:
    """It is mended first."""
    host.config.write_text('service "x" {\n')
    done = host.run("init", *file_store(host))
    assert done.returncode == 1
    assert "dropship validate" in done.stderr
    assert tree(host) == {"dropship.hcl": b'service "x" {\n'}


def test_folder_of_main_files_gets_services_inside(host: Host) -> None:
    """``--config`` may be a folder."""
    folder = host.folder / "etc"
    folder.mkdir()
    (folder / "base.hcl").write_text(shipped(host))
    done = host.run("init", "--config", str(folder), *file_store(host))
    assert done.returncode == 0, done.stderr
    assert (folder / "services" / "web.hcl").exists()
    assert host.run("validate", "--strict", "--config", str(folder)).returncode == 0


def test_service_path_of_the_main_file_is_where_services_go(host: Host) -> None:
    """Wherever that is."""
    elsewhere = host.folder / "elsewhere"
    host.config.write_text(f'service_path = "{elsewhere}"\n')
    assert host.run("init", *file_store(host)).returncode == 0
    assert (elsewhere / "web.hcl").exists()
    sound(host)


@pytest.mark.root
def test_ordinary_user_hears_before_the_questions_that_nothing_can_be_written(host: Host) -> None:
    """Who may, and what to do otherwise; exit 1."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    words = ["init", "--config", "/etc/dropship-test/dropship.hcl", "--store", "file"]
    done = as_nobody(lambda: main.run(words), before=lambda: (init, validate))
    assert done.returncode == 1
    assert "nothing can be written to /etc" in done.stderr
    assert "--config" in done.stderr


# --- secrets and stores -----------------------------------------------------------------------------


def test_s3_store_with_a_secret_from_a_file_is_found(host: Host, swift: Swift) -> None:
    """The credential is referred to, never copied; the real store answers."""
    client = swift.client()
    client.create_bucket(Bucket="init")
    client.put_object(Bucket="init", Key="web/web.tgz", Body=tarball({"version": "1"}))
    client.close()
    secret = host.folder / "secret"
    secret.write_text(f"{swift_server.SECRET}\n")
    secret.chmod(0o600)
    done = host.run(
        *("init", "--store", "s3", "--endpoint", swift.endpoint, "--region", "us-east-1"),
        *("--access-key", swift_server.ACCESS_KEY, "--secret-file", "secret"),
        *("--bucket", "init", "--path", "/web/web.tgz", "--service", "web"),
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "web: found s3://init/web/web.tgz" in done.stdout
    text = host.config.read_text()
    assert f'secret = file("{secret}")' in text
    assert swift_server.SECRET not in text
    sound(host)


def test_secret_in_a_variable_that_is_wrong_is_the_stores_own_error(
    host: Host, swift: Swift
) -> None:
    """Kept all the same; the variable's value is nowhere in it."""
    done = host.run(
        *("init", "--store", "swift", "--auth-url", swift.auth_url),
        *("--user", "test:tester", "--secret-env", "SWIFT_KEY"),
        *("--bucket", "init", "--path", "x.tgz", "--service", "web", "--destination", "/srv/w"),
        SWIFT_KEY="wrong-password",
    )
    assert done.returncode == 1
    assert "wrong-password" not in done.stdout + done.stderr + host.config.read_text()
    assert 'key = env("SWIFT_KEY")' in host.config.read_text().replace("  ", "")
    assert "web: " in done.stdout


def test_web_server_that_asks_for_a_password_gets_it(host: Host, nginx: Nginx) -> None:
    """The login is for its own address, and finds what only it may see."""
    (nginx.www / "web.tgz").write_bytes(tarball({"version": "1"}))
    done = host.run(
        *("init", "--store", "http", "--url", f"{nginx.url}/private/web.tgz"),
        *("--user", nginx_server.USER, "--secret-env", "PASSWORD", "--service", "web"),
        PASSWORD=nginx_server.PASSWORD,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert f"web: found {nginx.url}/private/web.tgz" in done.stdout
    text = host.config.read_text()
    assert f'url  = "{nginx.url}/"' in text
    assert '"private/web.tgz"' in text


def test_store_of_another_name_gets_a_block_that_is_used_by_the_next(
    host: Host, nginx: Nginx
) -> None:
    """``--repo`` alone is enough for the second: its type is known."""
    packaged(host)
    (nginx.www / "a.tgz").write_bytes(b"x")
    words = ("--url", f"{nginx.url}/a.tgz", "--repo", "builds", "--defaults")
    done = host.run("init", "--store", "http", *words, "--service", "a")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert 'repo "builds" {\n  type = "http"' in host.config.read_text()
    again = host.run("init", *words, "--service", "b")
    assert again.returncode == 0, (again.stdout, again.stderr)
    assert host.config.read_text().count('repo "builds"') == 1
    other = host.run("init", "--store", "s3", "--repo", "builds", "--service", "c")
    assert other.returncode == 2
    assert 'the repo "builds" is of type http' in other.stderr
    sound(host)


def test_lock_that_is_there_is_used_by_its_name(host: Host) -> None:
    """And a second lock that would leave other services without one is not written."""
    host.config.write_text(
        f'{shipped(host)}lock "fleet" {{\n  type = "file"\n  path = "{host.folder}/locks"\n}}\n'
    )
    assert host.run("init", *file_store(host), "--turns", "fleet").returncode == 0
    own = host.folder / "services" / "web.hcl"
    assert "sequentialUpdates = true" in own.read_text()
    sound(host)
    before = tree(host)
    words = ("--turns", "redis", "--turns-at", "redis://127.0.0.1/0")
    done = host.run("init", *file_store(host, "other"), *words)
    assert done.returncode == 1
    assert "several locks" in done.stderr
    assert tree(host) == before


@pytest.mark.wheel
def test_packaged_host_is_begun_in_place(units: Systemd) -> None:
    """In a booted machine: the usual place, no ``--config``, and the unit is what comes next."""
    place = units.root / "etc/dropship.d"
    place.mkdir(mode=0o750)
    (place / "dropship.hcl").write_bytes(SHIPPED.read_bytes())
    (units.root / "srv/web.tgz").write_bytes(b"x")
    path = f"PYTHONPATH={Path(dropship.__file__).parents[1]}"
    words = ("--store", "file", "--path", "/srv/web.tgz", "--service", "web")
    try:
        done = units.run("env", path, "dropship", "init", *words)
        valid = units.run("env", path, "dropship", "validate", "--strict")
        assert (place / "dropship.hcl").read_bytes() == SHIPPED.read_bytes()
    finally:
        shutil.rmtree(place)
        (units.root / "srv/web.tgz").unlink()
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "wrote /etc/dropship.d/services/web.hcl" in done.stdout
    assert "systemctl enable --now dropship" in done.stdout
    assert valid.returncode == 0, valid.stdout


# --- on a terminal ----------------------------------------------------------------------------------


def test_questions_are_asked_again_until_the_answer_works(host: Host, window: Open) -> None:
    """Each wrong answer is explained; Enter takes what stands in brackets."""
    host.publish({"version": "1"}, "web")
    asking = window()
    at = asking.until("[s3]: ")
    asking.type("fil\n")
    at = asking.until("did you mean file?", after=at)
    at = asking.until("[s3]: ", after=at)
    asking.type("file\n")
    at = asking.until("Name of the service: ", after=at)
    asking.type("\n")
    at = asking.until("a name has letters", after=at)
    at = asking.until("Name of the service: ", after=at)
    asking.type("web\n")
    at = asking.until("it mounts: ", after=at)
    asking.type("web.tar.gz\n")
    at = asking.until("write the whole path", after=at)
    at = asking.until("it mounts: ", after=at)
    asking.type(f"{host.store}/web.tar.gz\n")
    at = asking.until("that runs) [", after=at)
    asking.type(f"{host.folder}/srv/web\n")
    at = asking.until("[30s]: ", after=at)
    asking.type("1 minute\n")
    at = asking.until("is not a duration", after=at)
    at = asking.until("[30s]: ", after=at)
    for words in ("Unit of systemd", "URL that must answer", "Take turns"):
        asking.type("\n")
        at = asking.until(words, after=at)
    asking.type("\n")
    asking.until("web: found ", after=at)
    assert asking.ended() == 0
    sound(host)
    assert 'checkInterval = "30s"' in host.config.read_text()


def test_secret_that_is_typed_is_neither_shown_nor_readable(host: Host, window: Open) -> None:
    """It goes into a file of its own; the configuration only refers to that."""
    asking = window(
        *("--store", "http", "--url", "http://127.0.0.1:9/web.tgz", "--login", "token"),
        *("--service", "web", "--interval", "1m", "--unit", "web", "--turns", "none"),
        *("--destination", f"{host.folder}/srv/web", "--no-check"),
    )
    at = asking.until("mode 0600): ")
    asking.type("\n")
    at = asking.until("it is needed", after=at)
    asking.until("mode 0600): ", after=at)
    asking.type("s3same-0pen\n")
    at = asking.until("URL that must answer", after=at)
    asking.type("\n")
    assert asking.ended() == 0
    assert "s3same-0pen" not in asking.raw
    secret = host.folder / "secrets" / "http"
    assert secret.read_text() == "s3same-0pen\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert f'bearer = file("{secret}")' in host.config.read_text()
    assert "s3same-0pen" not in host.config.read_text()
    sound(host)


@pytest.mark.parametrize("prompt", ["[s3]: ", "mode 0600): "])
def test_ctrl_c_leaves_nothing_and_a_good_terminal(host: Host, window: Open, prompt: str) -> None:
    """Exit 130, at a plain question and at a hidden one."""
    words = [] if "s3" in prompt else ["--store", "rackspace", "--user", "u"]
    asking = window(*words)
    asking.until(prompt)
    asking.type("\x03")
    assert asking.ended() == 130
    assert "interrupted" in asking.text
    assert tree(host) == {}
    assert termios.tcgetattr(asking._slave) == asking.before


def test_end_of_input_and_being_killed_leave_nothing(host: Host, window: Open) -> None:
    """Ctrl-D is no answer: exit 2; SIGTERM ends it, with echo as it was."""
    asking = window()
    asking.until("[s3]: ")
    asking.type("\x04")
    assert asking.ended() == 2
    assert "nothing was written" in asking.text
    asking = window("--store", "rackspace", "--user", "u")
    asking.until("mode 0600): ")
    asking.process.send_signal(signal.SIGTERM)
    assert asking.ended() == 128 + signal.SIGTERM
    assert termios.tcgetattr(asking._slave) == asking.before
    assert tree(host) == {}


def test_name_that_is_taken_is_explained_and_asked_again(host: Host, window: Open) -> None:
    """On a terminal nothing is lost by it."""
    packaged(host)
    words = file_store(host)
    assert host.run("init", *words).returncode == 0
    asking = window("--store", "file", "--path", f"{host.store}/web.tar.gz")
    at = asking.until("Name of the service: ")
    asking.type("web\n")
    at = asking.until('"web" is in', after=at)
    at = asking.until("Name of the service: ", after=at)
    asking.type("\x03")
    assert asking.ended() == 130


def test_defaults_ask_nothing_on_a_terminal(host: Host, window: Open) -> None:
    """For scripts that are run by hand."""
    asking = window(*file_store(host), "--defaults")
    assert asking.ended() == 0
    assert "[" not in asking.text.partition("wrote")[0]
    sound(host)


# --- putting it in its place ------------------------------------------------------------------------


def test_step_that_fails_undoes_those_before(tmp_path: Path) -> None:
    """A file that came there meanwhile stays, and everything else is as it was."""
    main_file = tmp_path / "dropship.hcl"
    main_file.write_bytes(b"old\n")
    taken = tmp_path / "services" / "web.hcl"
    steps = [
        putting.Changed(main_file, b"old\n", b"new\n"),
        *putting.folders(taken.parent),
        putting.NewFile(tmp_path / "other", b"x"),
        putting.NewFile(main_file, b"never\n"),
    ]
    with pytest.raises(putting.ConfigError, match="File exists"), putting.put(steps):
        pass
    assert main_file.read_bytes() == b"old\n"
    assert [one.name for one in tmp_path.iterdir()] == ["dropship.hcl"]


def test_file_that_has_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    """Somebody else's edit is not lost."""
    main_file = tmp_path / "dropship.hcl"
    main_file.write_bytes(b"edited\n")
    with (
        pytest.raises(putting.ConfigError, match="changed meanwhile"),
        putting.put([putting.Changed(main_file, b"old\n", b"new\n")]),
    ):
        pass
    assert main_file.read_bytes() == b"edited\n"
