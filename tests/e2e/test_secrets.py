"""A secret of the configuration is found nowhere, whatever field it stands in and whoever prints it.

The real program runs on a configuration with a seed in every field that is marked secret, with
stores that throw back at us what we send, and hooks that print every secret in every form. A new
place to look is one function in ``PLACES``.
"""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import psutil
import pytest

from dropship.agent import client
from dropship.agent.protocol import Request
from dropship.errors import DropshipError, NoAgentError
from tests.e2e.host import Host, eventually
from tests.e2e.seeds import Seed, Seeded, leaks, secret_keys


class _Echo(socketserver.StreamRequestHandler):
    """Refuses, and tells in its reason and its page all that it was sent."""

    def handle(self) -> None:
        """One request."""
        request = self.rfile.readline()
        values: list[bytes] = []
        while (line := self.rfile.readline().rstrip(b"\r\n")) != b"":
            value = line.partition(b": ")[2]
            values += [value, _decoded(value)]
        words = b" | ".join(filter(None, values))
        server = self.server
        assert isinstance(server, _Server)
        server.heard.append(words)
        page = b"<Error><Code>Odd</Code><Message>" + _escaped(words) + b"</Message></Error>"
        head = b"HTTP/1.1 403 " + words.replace(b"\n", b" ")
        head += b"\r\nContent-Type: application/xml\r\nConnection: close\r\n"
        length = b"Content-Length: %d\r\n\r\n" % len(page)
        self.wfile.write(head + b"\r\n" + length + (b"" if request.startswith(b"HEAD") else page))


class _Server(socketserver.ThreadingTCPServer):
    """Remembers what it heard."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.heard: list[bytes] = []


def _decoded(value: bytes) -> bytes:
    with suppress(ValueError):
        return base64.b64decode(value.removeprefix(b"Basic "), validate=True)
    return b""


def _escaped(words: bytes) -> bytes:
    text = words.decode("latin-1").replace("&", "&amp;").replace("<", "&lt;")
    return "".join(char if char.isprintable() else " " for char in text).encode()


@pytest.fixture
def server() -> Iterator[_Server]:
    """The echo."""
    with _Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@dataclass
class Scene:
    """What runs, and what was seen of it.

    Attributes:
        outputs: Of commands, by their words.
        hook: The process of a hook that runs.
        seen: Texts by where they were found.
    """

    host: Host
    seeds: list[Seed]
    outputs: dict[str, str] = field(default_factory=dict)
    hook: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)

    def run(self, *words: str, code: int, **environ: str) -> None:
        """Run a command to its end."""
        done = self.host.run(*words, **environ)
        name = " ".join(words) + (" (without its environment)" if not environ else "")
        self.outputs[name] = done.stdout + done.stderr
        assert done.returncode == code, self.outputs[name]

    def look(self) -> None:
        """Look into every place, as things stand."""
        for place in PLACES:
            self.seen += [(f"{place.__name__}: {where}", text) for where, text in place(self)]


Texts: TypeAlias = Iterator[tuple[str, str]]


def _outputs(scene: Scene) -> Texts:
    """What commands print, the logs of agents included."""
    yield from scene.outputs.items()
    yield "the agent's log", scene.host.said()


def _files(scene: Scene) -> Texts:
    """What is on disk: state, journal, history, the services' logs, what the agent publishes."""
    for folder in ("state", "run", "srv"):
        for path in (scene.host.folder / folder).rglob("*"):
            yield "names", str(path)
            if path.is_file():
                yield str(path), path.read_text(errors="replace")


def _processes(scene: Scene) -> Texts:
    """What ``ps`` shows of the agent, its workers and hooks."""
    with suppress(psutil.NoSuchProcess):
        agent = psutil.Process(scene.host.agent.pid)
        for one in (agent, *agent.children(recursive=True)):
            yield f"process {one.name()}", f"{one.name()} {' '.join(one.cmdline())}"


def _hook_environ(scene: Scene) -> Texts:
    """What a hook is given."""
    with suppress(FileNotFoundError):
        yield "hook", Path(f"/proc/{scene.hook}/environ").read_bytes().decode(errors="replace")
    with suppress(FileNotFoundError):
        yield "hook's own view", (scene.host.folder / "environ").read_text()


def _control(scene: Scene) -> Texts:
    """What the agent answers over its socket."""
    requests = [Request(command) for command in ("status", "history")]
    requests += [Request("releases", ("app",)), Request("why", ("bad",)), Request("nonsense")]
    for request in requests:
        try:
            document = client.ask(scene.host.folder / "run", request)
        except NoAgentError:
            return
        except DropshipError as error:
            document = str(error)
        yield request.command, json.dumps(document, ensure_ascii=False)


PLACES: Final[tuple[Callable[[Scene], Texts], ...]] = (
    _outputs,
    _files,
    _processes,
    _hook_environ,
    _control,
)


def _loud(scene: Scene) -> list[str]:
    """Services whose hooks print everything: one that works, one that fails."""
    host = scene.host
    spoken = host.folder / "spoken"
    spoken.write_text("\n".join(line for seed in scene.seeds for line in seed.spoken()) + "\n")
    waits = f"until test -e {host.folder}/gate; do sleep 0.02; done"
    works = f"""
  before "script" {{ command = "cat {spoken}" }}
  after "script" {{ command = "env; env > {host.folder}/environ; echo $$ > {host.folder}/pid; {waits}" }}
"""
    fails = f"""
  after "script" {{ command = "cat {spoken} >&2; exit 1" }}
  failed "script" {{ command = "env; cat {spoken}" }}
"""
    return [host.service(works, interval="1h"), host.service(fails, name="bad", interval="1h")]


def _copies(seeds: list[Seed]) -> dict[str, str]:
    """Variables that nobody reads by ``env()``, and that tell secrets all the same."""
    return {
        f"{form}_{number}": text
        for number, seed in enumerate(seeds)
        for form, text in {
            "COPY": seed.text,
            "WITHIN": f"key={seed.text};",
            "BASE64": base64.b64encode(f"joe:{seed.text}".encode()).decode(),
        }.items()
    }


def _in_flight(host: Host) -> int:
    """The hook that waits, once everything else has come to its end."""
    pid = host.folder / "pid"
    hook = eventually(
        lambda: pid.exists() and pid.read_text(), lambda: f"run the hook: {host.said()}"
    )
    eventually(
        lambda: all(one["nextCheck"] for name, one in host.services().items() if name != "app"),
        lambda: f"come to rest: {host.services()} {host.said()}",
    )
    return int(hook)


def test_secret_in_every_field_is_found_nowhere(host: Host, server: _Server) -> None:
    """Log in all formats, state, journal, history, command lines, environments, outputs."""
    (host.folder / "secrets").mkdir()
    address = f"127.0.0.1:{server.server_address[1]}"
    seeded = Seeded(address, host.folder / "secrets")
    main = seeded.main()
    services = list(seeded.services(host.store, host.folder / "srv"))
    assert seeded.places == secret_keys()
    scene = Scene(host, seeded.seeds)
    host.configure(*services, *_loud(scene), main=main)
    for name in ("app", "bad", *(f"around-{source}" for source in ("literal", "env", "file"))):
        host.publish({"version": "1"}, name)
    environ = {**seeded.environ, **_copies(seeded.seeds)}

    scene.run("validate", code=0, **environ)
    scene.run("check", "--log-level", "debug", code=1, **environ)
    host.start("--log-level", "debug", **environ)
    scene.hook = _in_flight(host)
    scene.run("status", code=1, **environ)
    scene.run("status", "--format", "json", code=1)
    assert (host.folder / "state" / "services" / "app" / "journal.json").exists()
    scene.look()
    (host.folder / "gate").touch()
    host.until_version("1")
    scene.run("update", "bad", "--force", code=1, **environ)
    scene.look()
    assert host.stop() == 0
    for name in ("app", "bad"):
        host.publish({"version": "2"}, name)
    scene.run("update", "--log-level", "debug", "--log-format", "json", code=1, **environ)
    for name in ("app", "bad"):
        host.publish({"version": "3"}, name)
    once = ("agent", "--once", "--log-level", "debug", "--log-format", "journal")
    scene.run(*once, code=1, **environ)
    scene.look()

    assert leaks(scene.seeds, scene.seen) == []
    _it_was_tried(scene, server)


def _it_was_tried(scene: Scene, server: _Server) -> None:
    """The places were not merely empty."""
    texts = dict(scene.seen)
    for name in ("update --log", "agent --once", "the agent's log"):
        text = next(text for where, text in scene.seen if f": {name}" in where)
        assert "Traceback" in text, name
        assert "Bearer …" in text, name
        assert "https://…@example.com/" in text or "https://joe:…@example.com/" in text, name
    for name in ("state.json", "history.jsonl", "log.jsonl", "journal.json"):
        assert any(where.endswith(name) for where in texts), name
    assert "/app/history.jsonl" in " ".join(texts)
    assert "script exited" in texts["_control: history"]
    assert "DROPSHIP_SERVICE=app" in texts["_hook_environ: hook"]
    assert "DROPSHIP_SERVICE=app" in texts["_hook_environ: hook's own view"]
    assert any("dropship: worker app" in text for where, text in scene.seen if "process" in where)
    heard = b"".join(server.heard).decode("latin-1")
    for name in ("repo.http.bearer.env", "repo.http.headers.file", "artifact.http.url.login"):
        seed = next(seed for seed in scene.seeds if seed.name == name)
        assert seed.head in heard, name


@pytest.mark.parametrize("form", [0, 5, 8, 12, 15], ids=str)
def test_traces_of_a_seed_are_seen_in_whatever_form(form: int) -> None:
    """Else the test above would find nothing because it cannot."""
    seed = Seed("x")
    line = list(seed.spoken())[form]
    assert leaks([seed], [("here", f"before {line} after")])
    assert leaks([Seed("y")], [("here", line)]) == []
