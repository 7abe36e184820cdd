"""A plug that has workers of the real program die, hang or rave at a phase, as a file orders.

``plug`` writes a ``sitecustomize`` into a folder for PYTHONPATH. It touches forked children only: the
supervisor is as it always is. An order is a file ``orders/SERVICE`` with a phase and a way; it is
obeyed once, by the first worker of that service that is in that phase. Of a way that is none of
``WAYS`` it waits there, attentively, to be struck from outside.
"""

from __future__ import annotations

from pathlib import Path

_SITE = """\
import os, signal, sys, time

FOLDER = {folder!r}
NAME = ""
LEAKED = []
STRUCK = []

def arm():
    module = sys.modules.get
    perform, driver = module("dropship.deploy.perform"), module("dropship.deploy.driver")
    desk, unpacker = module("dropship.agent.desk"), module("dropship.install.unpacker")
    if None in (perform, driver, desk, unpacker):
        return
    plain_perform, plain_run = perform.Performer.perform, driver.Driver.run
    plain_asleep, plain_feed = desk.WorkerDesk._say_asleep, unpacker.Unpacker.feed

    def performing(self, command, state):
        obey(state.phase.value, self._desk)
        return plain_perform(self, command, state)

    def running(self):
        global NAME
        NAME = self._rig.service.name
        obey("starting", self._desk)
        return plain_run(self)

    def asleep(self, resting, seconds):
        plain_asleep(self, resting, seconds)
        obey(resting.phase, self)

    def feed(self, piece):
        if "unpacker" in STRUCK:
            STRUCK.remove("unpacker")
            os.kill(self._pid, signal.SIGKILL)
        return plain_feed(self, piece)

    perform.Performer.perform, driver.Driver.run = performing, running
    desk.WorkerDesk._say_asleep, unpacker.Unpacker.feed = asleep, feed

def obey(phase, desk):
    try:
        with open(f"{{FOLDER}}/orders/{{NAME}}") as order:
            wanted, way = order.read().split()
    except OSError:
        return
    if wanted != phase:
        return
    os.rename(f"{{FOLDER}}/orders/{{NAME}}", f"{{FOLDER}}/struck/{{NAME}}")
    WAYS.get(way, hold)(desk)

def hold(desk):
    with open(f"{{FOLDER}}/held/.{{NAME}}", "w") as held:
        held.write(str(os.getpid()))
    os.rename(f"{{FOLDER}}/held/.{{NAME}}", f"{{FOLDER}}/held/{{NAME}}")
    while True:
        desk.attend()
        if os.path.exists(f"{{FOLDER}}/eat/{{NAME}}"):
            eat(16)
        time.sleep(0.02)

def eat(size):
    food = bytearray(size << 20)
    food[::4096] = b"x" * len(food[::4096])
    LEAKED.append(food)

def grow(desk):
    for _ in range(20):
        eat(16)
        desk.attend()
    hold(desk)

def fail(_desk):
    raise RuntimeError("as ordered")

def spin(_desk):
    while True:
        pass

def be_deaf(_desk):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    spin(_desk)

def hang_up(desk):
    desk._channel.close()
    while True:
        time.sleep(60)

def talk(desk):
    while True:
        desk._channel.send(desk._busy)

def rave(desk):
    while True:
        try:
            desk._channel._socket.send(b"[" * 3000)
        except BlockingIOError:
            time.sleep(0.001)

def leak(_desk):
    try:
        while True:
            LEAKED.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass

WAYS = {{
    "exit": lambda desk: os._exit(3), "raise": fail, "spin": spin, "deaf": be_deaf, "hangup": hang_up, "talks": talk,
    "raves": rave, "leak": leak, "grow": grow, "unpacker": lambda desk: STRUCK.append("unpacker"),
}}
os.register_at_fork(after_in_child=arm)
"""


def plug(folder: Path) -> Path:
    """The folder for PYTHONPATH; orders and what comes of them are files below ``folder``."""
    for name in ("orders", "struck", "held", "eat", "site"):
        (folder / name).mkdir()
    (folder / "site" / "sitecustomize.py").write_text(_SITE.format(folder=str(folder)))
    return folder / "site"
