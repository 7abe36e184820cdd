"""What ``doctor`` finds on a host: well, or with one thing wrong at a time."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import dropship
from dropship.cli import doctor, main  # noqa: F401 - what an ordinary user's child cannot load
from dropship.cli.examine import all as everything
from dropship.cli.examine import aside
from dropship.cli.examine.who import Who
from tests.cli.documents import document
from tests.e2e.host import PROGRAM, Host, eventually
from tests.e2e.window import Window
from tests.servers.nginx import Nginx
from tests.servers.redis import Redis
from tests.servers.systemd import Systemd
from tests.users import as_nobody

Finding = dict[str, Any]
ROOT = Path(__file__).parents[2]


def examined(host: Host, *words: str, code: int, **environ: str) -> list[Finding]:
    """The findings, with the exit code that they make."""
    done = host.run("doctor", "--format", "json", *words, **environ)
    assert done.stderr == ""
    found: list[Finding] = document("doctor", done.stdout)
    assert done.returncode == code, [one for one in found if one["state"] == "failed"]
    assert code == any(one["state"] == "failed" for one in found)
    for one in found:
        assert one["cure"] or one["state"] == "ok", one
    return found


def of(found: list[Finding], check: str, state: str = "failed") -> list[str]:
    """The messages of a check in a state."""
    return [
        f"{one['subject'] or ''}: {one['message']}"
        for one in found
        if (one["check"], one["state"]) == (check, state)
    ]


def everything_in(folder: Path) -> set[str]:
    """Every name below a folder."""
    return {str(one.relative_to(folder)) for one in folder.rglob("*")}


def healthy(host: Host) -> None:
    """A service that can be deployed."""
    host.configure(host.service(interval="1h"))
    host.publish({"version": "1"})
    (host.folder / "srv").mkdir()


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A tmpfs there."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "dropship-test", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# --- a host that is well ----------------------------------------------------------------------------


def test_healthy_host_fails_in_nothing_and_stays_as_it_was(host: Host) -> None:
    """Exit 0; every noun is looked at; not a file more than before."""
    healthy(host)
    before = everything_in(host.folder)
    found = examined(host, code=0)
    assert {one["check"] for one in found} >= {
        *("python", "configuration", "permissions", "limits", "sandbox", "clock", "agent"),
        *("space", "destination", "store"),
    }
    assert everything_in(host.folder) == before
    (store,) = of(found, "store", "ok")
    assert store.startswith(f"app: {host.store}/app.tar.gz")


def test_text_is_a_line_a_finding_and_a_summary(host: Host) -> None:
    """Aligned, without colour in a pipe, whole however long."""
    healthy(host)
    (host.store / "app.tar.gz").unlink()
    done = host.run("doctor")
    assert done.returncode == 1
    *lines, empty, summary = done.stdout.splitlines()
    assert empty == ""
    assert "\x1b" not in done.stdout
    states = [line.split()[0] for line in lines]
    assert set(states) <= {"ok", "warn", "fail"}
    count = {state: states.count(state) for state in ("ok", "warn", "fail")}
    plural = "" if count["warn"] == 1 else "s"
    assert summary == f"{count['ok']} ok, {count['warn']} warning{plural}, {count['fail']} failed"
    assert {line.index(line.split()[1]) for line in lines} == {6}


def test_agent_that_runs_is_seen_and_asked(host: Host) -> None:
    """With its process; one that does not answer has failed."""
    healthy(host)
    host.start()
    host.until_version("1")
    found = examined(host, code=0)
    (said,) = of(found, "agent", "ok")
    assert said.startswith(f"process {host.agent.pid}: runs since ")
    assert any(f"the agent (process {host.agent.pid})" in one for one in of(found, "limits", "ok"))
    host.agent.send_signal(signal.SIGSTOP)
    try:
        (hung,) = of(examined(host, code=1), "agent")
    finally:
        host.agent.send_signal(signal.SIGCONT)
    assert "has not answered" in hung


def test_another_agent_on_the_same_state_is_found(host: Host) -> None:
    """Whose process it is."""
    healthy(host)
    host.start()
    host.until_version("1")
    text = host.config.read_text().replace(f"{host.folder}/run", f"{host.folder}/other-run")
    host.config.write_text(text)
    (said,) = of(examined(host, code=1), "agent")
    assert f"another agent (process {host.agent.pid})" in said


@pytest.mark.wheel
@pytest.mark.parametrize("module", ["boto3", "lark", "requests", "psutil", "isal"])
def test_module_that_is_missing_is_found_and_stops_nothing(host: Host, module: str) -> None:
    """Whatever needs it fails by itself; there is no traceback."""
    healthy(host)
    s3 = host.service(name="s3").replace('"file" {', '"s3" {\n    bucket = "b"')
    host.configure(host.service(), s3.replace('settle      = "0s"', ""))
    lacking = host.folder / "lacking"
    lacking.mkdir()
    (lacking / f"{module}.py").write_text('raise ImportError("it is broken")\n')
    path = f"{lacking}:{os.environ.get('PYTHONPATH', '')}"
    done = host.run("doctor", "--format", "json", PYTHONPATH=path)
    assert done.stderr == ""
    found: list[Finding] = document("doctor", done.stdout)
    told = [one for one in found if one["check"] == "python" and "it is broken" in one["message"]]
    # A built package carries its parser, and needs no lark.
    assert told or module == "lark"
    assert all(one["cure"] for one in told)


# --- configuration and permissions ------------------------------------------------------------------


def test_configuration_that_is_not_there_is_the_first_thing_to_write(host: Host) -> None:
    """The cure is ``init``."""
    found = examined(host, code=1)
    (one,) = (one for one in found if one["check"] == "configuration")
    assert (one["state"], one["message"]) == ("failed", "there is none")
    assert "dropship init" in one["cure"]


def test_fault_of_the_configuration_is_told_with_its_place(host: Host) -> None:
    """The first of them; what can be looked at all the same is."""
    host.configure(host.service().replace("checkInterval", "checkIntervall"))
    found = examined(host, code=1)
    (said,) = of(found, "configuration")
    assert f"{host.config}:" in said
    assert of(found, "sandbox", "ok") or of(found, "sandbox", "warning")


def test_variable_of_the_agents_own_is_a_warning_and_stores_are_not_asked(host: Host) -> None:
    """A unit may give it to the agent; with it here, all is asked."""
    healthy(host)
    host.configure(
        host.service(),
        main='repo "s3" {\n  accessKey = "a"\n  secret = env("S3_SECRET")\n}\n',
    )
    found = examined(host, code=0)
    assert any("S3_SECRET" in one for one in of(found, "configuration", "warning"))
    assert of(found, "store", "warning")
    assert of(examined(host, code=0, S3_SECRET="x"), "store", "ok")


def test_secret_that_everybody_can_read_is_a_warning(host: Host) -> None:
    """The file that ``file()`` names, with the command that mends it."""
    healthy(host)
    secret = host.folder / "secret"
    secret.write_text("sesame")
    secret.chmod(0o644)
    main_part = f'repo "s3" {{\n  accessKey = "a"\n  secret = file("{secret}")\n}}\n'
    host.configure(host.service(), main=main_part)
    found = examined(host, code=0)
    (one,) = (one for one in found if one["subject"] == str(secret))
    assert (one["state"], one["cure"]) == ("warning", f"chmod o-r {secret}")
    secret.chmod(0o600)
    assert not any(one["subject"] == str(secret) for one in examined(host, code=0))
    assert "sesame" not in json.dumps(found)


@pytest.mark.root
def test_ordinary_user_sees_what_it_can(host: Host) -> None:
    """Its own agent would have to write there: which folders it cannot write is told, no traceback."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    healthy(host)
    shared = Path("/tmp") / f"dropship-doctor-{os.getpid()}"
    shutil.copytree(host.folder, shared)
    shared.chmod(0o755)
    config = shared / "dropship.hcl"
    config.write_text(config.read_text().replace(str(host.folder), str(shared)))
    try:
        words = ["doctor", "--config", str(config), "--format", "json"]
        done = as_nobody(partial(main.run, words), before=partial(main.run, words))
    finally:
        shutil.rmtree(shared)
    assert done.stderr == ""
    found: list[Finding] = document("doctor", done.stdout)
    assert done.returncode == 1
    assert any("state_path" in one for one in of(found, "permissions"))
    assert any("Permission denied" in one for one in of(found, "destination"))
    assert of(found, "sandbox", "warning")
    assert of(found, "store", "ok")


def _for_root(config: Path) -> int:
    """The findings on standard output, as of an agent that runs as root."""
    ground = everything.ground(config, config.parent, {"HOME": "/"})
    for one in aside.run(
        list(everything.tasks(replace(ground, who=Who.of(0)))), lambda _task: None
    ):
        print(json.dumps(asdict(one)))
    return 0


@pytest.mark.root
def test_ordinary_user_of_a_host_whose_agent_is_root_fails_in_nothing(host: Host) -> None:
    """What is closed to it is no fault of the host: it says so, and who would see more."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    healthy(host)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        shared = Path(name)
        shutil.copytree(host.folder, shared, dirs_exist_ok=True)
        shared.chmod(0o755)
        (shared / "store").chmod(0o700)
        config = shared / "dropship.hcl"
        config.write_text(config.read_text().replace(str(host.folder), str(shared)))
        act = partial(_for_root, config)
        done = as_nobody(act, before=act)
    assert (done.returncode, done.stderr) == (0, "")
    found: list[Finding] = [json.loads(line) for line in done.stdout.splitlines()]
    # The interpreter itself may stand where only root can load the rest of it.
    bad = [one for one in found if one["state"] == "failed" and one["check"] != "python"]
    assert bad == []
    assert any("the agent runs as root" in one for one in of(found, "permissions", "warning"))
    for check in ("destination", "sandbox", "store"):
        cures = {one["cure"] for one in found if (one["check"], one["state"]) == (check, "warning")}
        assert cures == {"run dropship doctor as root"}, check


# --- disks ------------------------------------------------------------------------------------------


def test_full_disk_is_below_the_floor(host: Host) -> None:
    """As staging would have it."""
    healthy(host)
    with mounted(host.folder / "srv", "size=1m"):
        (host.folder / "srv" / "ballast").write_bytes(bytes(1 << 20))
        found = examined(host, code=1)
    assert any("less than minFree" in one for one in of(found, "space"))


def test_disk_without_inodes_is_found(host: Host) -> None:
    """Bytes are not all."""
    healthy(host)
    with mounted(host.folder / "srv", "size=4m,nr_inodes=3"):
        for name in ("a", "b"):
            (host.folder / "srv" / name).touch()
        found = examined(host, code=1)
    assert any("inodes" in one for one in of(found, "space"))
    assert any("nothing can be written" in one for one in of(found, "destination"))


def test_read_only_and_noexec_mounts_are_told(host: Host) -> None:
    """The one fails, the other is worth a word."""
    healthy(host)
    with mounted(host.folder / "srv", "ro"):
        (said,) = of(examined(host, code=1), "destination")
    assert "read-only" in said
    with mounted(host.folder / "srv", "noexec,size=8m"):
        found = examined(host, code=0)
    assert any("noexec" in one for one in of(found, "destination", "warning"))


def test_mount_at_the_destination_cannot_become_a_link(host: Host) -> None:
    """Nor what is mounted inside of what stands there."""
    healthy(host)
    with mounted(host.destination(), "size=1m"):
        (said,) = of(examined(host, code=1), "destination")
        assert "is a mount point" in said
    with mounted(host.destination() / "data", "size=1m"):
        (said,) = of(examined(host, code=1), "destination")
        assert f"{host.destination()}/data is mounted inside" in said


# --- stores and engines -----------------------------------------------------------------------------


def test_each_store_is_asked_and_tells_its_own_error(host: Host, nginx: Nginx) -> None:
    """Missing, refused, good: each for its service; the clocks agree."""
    (nginx.www / "there.tgz").write_bytes(b"x")

    def service(name: str, url: str) -> str:
        return host.service(name=name).replace(
            f'"file" {{\n    path        = "{host.store}/{name}.tar.gz"', f'"http" {{\n    url = "{url}"'
        ).replace('settle      = "0s"', "")  # fmt: skip

    host.configure(
        service("good", f"{nginx.url}/there.tgz"),
        service("gone", f"{nginx.url}/gone.tgz"),
        service("dead", "http://127.0.0.1:9/x.tgz"),
    )
    found = examined(host, code=1)
    (good,) = of(found, "store", "warning")
    assert good.startswith(f"good: {nginx.url}/there.tgz, 1 B: ")
    assert good.endswith("only its length can be checked")
    failures = "\n".join(of(found, "store"))
    assert "gone: " in failures
    assert "dead: " in failures
    assert "Connection refused" in failures
    assert any("agrees" in one for one in of(found, "clock", "ok"))


def test_lock_engine_is_asked_and_nothing_changes_there(host: Host, own_redis: Redis) -> None:
    """No key comes or goes; away it has failed, stopped as well."""
    host.configure(
        host.service("sequentialUpdates = true", interval="1h"),
        main=f'lock "redis" {{\n  url = "{own_redis.url}"\n}}\n',
    )
    host.publish({"version": "1"})
    import redis as driver  # noqa: PLC0415 - only here

    client = driver.Redis.from_url(own_redis.url)
    before = client.keys()
    (said,) = of(examined(host, code=0), "lock", "ok")
    assert said == "redis: answers; nobody holds a turn"
    assert client.keys() == before
    client.close()
    os.kill(own_redis.pid, signal.SIGSTOP)
    try:
        (hung,) = of(examined(host, code=1), "lock")
    finally:
        os.kill(own_redis.pid, signal.SIGCONT)
    assert hung.startswith("redis: ")
    own_redis.stop()
    (gone,) = of(examined(host, code=1), "lock")
    assert "refused" in gone


def test_turns_without_a_lock_are_of_this_host_only(host: Host) -> None:
    """Worth a warning, not a failure."""
    healthy(host)
    host.configure(host.service("sequentialUpdates = true", interval="1h"))
    (said,) = of(examined(host, code=0), "lock", "warning")
    assert "no lock block" in said


# --- systemd ----------------------------------------------------------------------------------------


def inside(machine: Systemd) -> list[Finding]:
    """The findings in a machine, of the usual configuration there."""
    path = f"PYTHONPATH={Path(dropship.__file__).parents[1]}"
    done = machine.run("env", path, "dropship", "doctor", "--format", "json")
    assert done.stderr == ""
    found: list[Finding] = document("doctor", done.stdout)
    return found


@pytest.fixture
def machine(units: Systemd) -> Iterator[Systemd]:
    """A booted machine whose usual configuration has a service, to be changed."""
    place = units.root / "etc/dropship.d"
    drop_ins = units.root / "etc/systemd/system/dropship.service.d"
    place.mkdir()
    drop_ins.mkdir()
    (place / "dropship.hcl").write_text(
        'service "app" {\n  checkInterval = "1h"\n  artifact "file" {\n'
        '    path = "/srv/dropship/app.tgz"\n    destination = "/srv/dropship/app"\n  }\n}\n'
    )
    try:
        yield units
    finally:
        shutil.rmtree(place)
        shutil.rmtree(drop_ins)
        units.run("systemctl", "daemon-reload")


def add(machine: Systemd, settings: str) -> None:
    """More settings of the agent's unit."""
    (machine.root / "etc/systemd/system/dropship.service.d/more.conf").write_text(settings)
    machine.run("systemctl", "daemon-reload")


@pytest.mark.wheel
def test_unit_as_it_is_shipped_is_in_nobodys_way(machine: Systemd) -> None:
    """Neither enabled nor running, which is told; its own limit counts."""
    found = inside(machine)
    warned = of(found, "unit", "warning")
    assert any("does not start with the host" in one for one in warned)
    assert any("is inactive" in one for one in warned)
    assert of(found, "unit") == []
    assert any("65536" in one for one in of(found, "limits", "ok"))
    assert [one["cure"] for one in found if one["check"] == "agent"] == ["systemctl start dropship"]


@pytest.mark.wheel
def test_unit_that_forbids_too_much_is_found(machine: Systemd) -> None:
    """What the agent has to write is read-only for it; all is seen with its account's eyes."""
    add(machine, "[Service]\nProtectSystem=strict\nNoNewPrivileges=yes\nUser=nobody\n")
    found = inside(machine)
    failures = of(found, "unit")
    assert any("ProtectSystem=strict" in one and "/srv/dropship/app" in one for one in failures)
    assert any("ProtectSystem=strict" in one and "its state_path" in one for one in failures)
    assert any("NoNewPrivileges" in one for one in of(found, "unit", "warning"))
    assert any("looked at as nobody" in one for one in of(found, "permissions", "ok"))
    assert any("Permission denied" in one for one in of(found, "destination"))


@pytest.mark.wheel
def test_shipped_example_that_is_strict_leaves_unpackers_their_layers(machine: Systemd) -> None:
    """What it forbids and hooks may want is told; nothing is in the agent's own way."""
    add(machine, (ROOT / "packaging/systemd/strict.conf").read_text())
    found = inside(machine)
    assert of(found, "unit") == []
    warned = of(found, "unit", "warning")
    assert any("NoNewPrivileges" in one for one in warned)
    assert not any("RestrictNamespaces" in one for one in warned)


@pytest.mark.wheel
def test_shipped_example_that_is_not_root_is_understood(machine: Systemd) -> None:
    """What it leaves open is open; which layers it costs is told."""
    machine.run("useradd", "--system", "-d", "/var/lib/dropship", "dropship")
    machine.run("install", "-d", "-o", "dropship", "-g", "dropship", "/srv/dropship")
    add(machine, (ROOT / "packaging/systemd/non-root.conf").read_text())
    found = inside(machine)
    assert of(found, "unit") == []
    assert any("RestrictNamespaces" in one for one in of(found, "unit", "warning"))
    assert any("looked at as dropship" in one for one in of(found, "permissions", "ok"))
    assert of(found, "destination", "ok")


# --- on a terminal ----------------------------------------------------------------------------------


@pytest.fixture
def window(host: Host) -> Iterator[Callable[..., Window]]:
    """Opens windows in which ``doctor`` runs."""
    opened: list[Window] = []

    def new(columns: int = 60, **environ: str) -> Window:
        clean = {k: v for k, v in host.environ().items() if k not in ("NO_COLOR", "COLUMNS")}
        argv = [*PROGRAM, "doctor"]
        made = Window(argv, cwd=host.folder, environ={**clean, **environ}, columns=columns)
        opened.append(made)
        return made

    yield new
    for one in opened:
        one.close()


def test_terminal_shows_colours_unless_told_not_to(
    host: Host, window: Callable[..., Window]
) -> None:
    """Wrapped to its width, what follows below the text."""
    healthy(host)
    coloured = window()
    assert coloured.ended() == 0
    assert "\x1b[32mok" in coloured.raw
    # What is waited for meanwhile is written over itself.
    assert max(map(len, re.split(r"[\r\n]+", coloured.text))) <= 60
    plain = window(NO_COLOR="1")
    assert plain.ended() == 0
    assert "\x1b" not in plain.raw


def test_ctrl_c_ends_it_and_all_that_it_started(host: Host, window: Callable[..., Window]) -> None:
    """While a store keeps it waiting: exit 130, no process left, no file."""
    healthy(host)
    # Nobody takes its connections: whoever connects waits.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        lock = f'lock "redis" {{\n  url = "{url}"\n}}\n'
        host.configure(host.service("sequentialUpdates = true"), main=lock)
        before = everything_in(host.folder)
        waiting = window(columns=120)
        waiting.until("looking: lock")
        waiting.type("\x03")
        assert waiting.ended() == 130
        eventually(lambda: not host.left_over(), "its processes to end")
    assert everything_in(host.folder) == before
