"""Downloads through a proxy that spoils them at random, and what must be true after each."""

from __future__ import annotations

import hashlib
import json
import os
import random
import select
import shutil
import ssl
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.host import tarball
from tests.faults.proxy import Fault, Proxy, proxy
from tests.servers.nginx import PASSWORD, USER, Nginx
from tests.servers.swift import ACCESS_KEY, SECRET, Swift

STALL = 0.5
LONGEST = 60.0
"""Seconds that a download may take at most, whatever becomes of it."""

WORDS = ("bearer-hush", "header-hush", "cookie-hush", "Basic ", "pass%20word", "AWS4-HMAC", SECRET)
"""None of these may be seen elsewhere."""

KINDS = (
    "truncate", "corrupt", "stall", "reset", "reset", "slow", "redirect", "elsewhere", "down", "loop",
    "shorter", "longer", "no-length", "once", "for-good", "wrong-range", "ignore-range", "chunked",
    "cut-chunk", "cut-head", "silent", "garbage", "swap-before", "swap-after", "swap-midway",
    "swap-blindly", "mixed",
)  # fmt: skip
STORES = ("basic", "login", "bearer", "headers", "tls", "s3", "s3")
GARBAGE = (
    "Content-Length: abc", "Content-Length: " + "9" * 5000, "Content-Length: 3, 4", "ETag: ",
    "Last-Modified: never", "Content-Range: bytes 9-1/3",
)  # fmt: skip
REFUSED = ("garbage", "wrong-range", "no-length", "shorter", "longer")
"""Answers that may be refused for their head: nobody has taken their bytes."""


@dataclass
class Outcome:
    """What was seen."""

    downloads: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    again: int = 0
    elsewhere: int = 0
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """As it is written down."""
        facts = {"kinds": dict(sorted(self.kinds.items())), "ends": dict(self.ends.most_common())}
        return {**vars(self), **facts, "slowest": round(self.slowest, 1)}


class Worker:
    """The process that downloads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.downloader"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have it download; an answer without a tree and with an error if it hangs."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], LONGEST)[0]:
            self._process.kill()
            return {"error": "escaped: hung", "message": "", "token": None, "seconds": LONGEST}
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(LONGEST)
        self._process.stdout.close()


class Scene:
    """Real stores, proxies before them, another origin, and a worker."""

    def __init__(self, stack: ExitStack, nginx: Nginx, swift: Swift, folder: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(nginx.authority, nginx.authority.with_name("key.pem"))
        self.web = stack.enter_context(proxy(nginx.port))
        self.tls = stack.enter_context(proxy(nginx.port, context))
        self.bucket = stack.enter_context(proxy(swift.port))
        self.foreign = stack.enter_context(proxy(nginx.port))
        self.foreign_tls = stack.enter_context(proxy(nginx.port, context))
        self.nginx = nginx
        self.folder = folder
        self.client = swift.client()
        stack.callback(self.client.close)
        self.client.create_bucket(Bucket="faults")
        self.worker = Worker()
        stack.callback(self.worker.close)
        self._mtime = 1_700_000_000

    def put(self, store: str, content: bytes) -> str:
        """Put an artifact there, whole at once; its token."""
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if store == "s3":
            self.client.put_object(Bucket="faults", Key="app.tar.gz", Body=content)
            return md5
        self._mtime += 1
        fresh = self.nginx.www / ".app.new"
        fresh.write_bytes(content)
        os.utime(fresh, (self._mtime, self._mtime))
        fresh.rename(self.nginx.www / "app.tar.gz")
        return f'"{self._mtime:x}-{len(content):x}"'

    def through(self, store: str) -> Proxy:
        """The proxy before a store."""
        return {"s3": self.bucket, "tls": self.tls}.get(store, self.web)

    def job(self, store: str, folder: Path, sha256: str) -> dict[str, Any]:
        """How the worker reaches a store, with what opens it."""
        base, keys, path = self.through(store).url, {}, "app.tar.gz"
        where: dict[str, Any] = {"path": path}
        if store == "s3":
            keys = {"access_key": ACCESS_KEY, "secret": SECRET, "endpoint": base}
            where = {"bucket": "faults", "path": path}
        elif store in {"basic", "tls"}:
            keys = {"url": f"{base}/private", "user": USER, "password": PASSWORD}
            keys |= {"ca_bundle": str(self.nginx.authority)} if store == "tls" else {}
        elif store == "login":
            login = base.replace("://", "://deploy:pass%20word%20%C3%A9@")
            where = {"url": f"{login}/private/{path}"}
        elif store == "bearer":
            keys = {"url": base, "bearer": "bearer-hush"}
        else:
            headers = {"X-Auth-Token": "header-hush", "Cookie": "a=cookie-hush"}
            keys = {"url": base, "headers": headers}
        kind = "s3" if store == "s3" else "http"
        return {"store": kind, "keys": keys, "location": where, "folder": str(folder),
                "sha256": sha256, "stall": STALL}  # fmt: skip

    def fault(self, kind: str, store: str, dice: random.Random) -> Fault:
        """One fault of a kind."""
        at = dice.random()
        private = "/private" if store in {"basic", "tls", "login"} else ""
        here = f"{self.through(store).url}{private}/app.tar.gz"
        other = self.foreign_tls if store == "tls" else self.foreign
        if kind in {"redirect", "loop"}:
            text = here if dice.random() < 0.5 else f"{private}/app.tar.gz"
            return Fault("redirect", text=text, lasting=kind == "loop")
        if kind in {"elsewhere", "down"}:
            target = self.foreign if kind == "down" else other
            return Fault("redirect", text=f"{target.url}/app.tar.gz")
        if kind in {"once", "for-good"}:
            status = str(dice.choice((500, 502, 503, 504, 429)))
            return Fault("status", text=status, lasting=kind == "for-good")
        text = "bytes 1-2/3" if kind == "wrong-range" else dice.choice(GARBAGE)
        return Fault(kind, at=at, text=text)


def version(dice: random.Random, size: int) -> tuple[bytes, dict[str, bytes]]:
    """An archive that does not get smaller, and its tree."""
    tree = {"version": dice.randbytes(8), "lib/data": dice.randbytes(size)}
    return tarball({name: bytes(data) for name, data in tree.items()}), tree


def once(scene: Scene, outcome: Outcome, seed: str) -> None:
    """One download through faults, and one without."""
    dice = random.Random(seed)
    store = dice.choice(STORES)
    size = dice.choice((0, 1000, 100_000, 400_000))
    old, new = version(dice, size), version(dice, size)
    tokens = {scene.put(store, old[0]): old[1]}

    def swap() -> None:
        tokens[scene.put(store, new[0])] = new[1]

    kinds = [dice.choice(KINDS) for _ in range(dice.choice((1, 1, 2, 3)))]
    # A silent answer to HEAD takes 10 s, whatever stallTimeout says, and teaches no more than one.
    spoiled = dice.choice([one for one in KINDS if one != "silent"])
    heads = [scene.fault(spoiled, store, dice)] if dice.random() < 0.2 else []
    outcome.kinds.update(kinds)
    through = scene.through(store)
    through.begin(heads, [scene.fault(one, store, dice) for one in kinds], swap)
    scene.foreign.begin([], [], lambda: None)
    scene.foreign_tls.begin([], [], lambda: None)
    pinned = hashlib.sha256(old[0]).hexdigest() if dice.random() < 0.3 else ""
    folder = scene.folder / "host"
    said = scene.worker.ask(scene.job(store, folder, pinned))
    wrong = [*_judged(said, tokens, folder), *_resumed(through, len(old[0]), outcome)]
    for there in (scene.foreign, scene.foreign_tls):
        outcome.elsewhere += len(there.asked)
        wrong += [
            f"seen elsewhere: {word}" for one in there.asked for word in WORDS if word in one.raw
        ]
    outcome.ends[said["error"] or "staged"] += 1
    outcome.slowest = max(outcome.slowest, said["seconds"])
    shutil.rmtree(folder, ignore_errors=True)
    through.begin([], [], lambda: None)
    now = list(tokens.values())[-1]
    clean = scene.worker.ask(scene.job(store, folder, ""))
    if clean["error"] or _tree(Path(clean["tree"])) != now:
        wrong.append(f"the clean run: {clean}")
    shutil.rmtree(folder, ignore_errors=True)
    outcome.downloads += 1
    told = f"{seed}, {store}, {heads} {kinds}"
    outcome.faults += [f"{told}: {one} ({said})" for one in wrong]


def _judged(said: dict[str, Any], tokens: dict[str, dict[str, bytes]], folder: Path) -> list[str]:
    """The tree is the one announced, or there is none and a typed error."""
    root = folder / "srv" / ".dropship" / "app"
    left = [one for part in ("staging", "releases") for one in (root / part).glob("*")]
    if said["error"]:
        wrong = ["escaped"] if said["error"].startswith("escaped") else []
        return wrong + ([f"left: {left}"] if left else [])
    tree = tokens.get(said["token"])
    return [] if _tree(Path(said["tree"])) == tree else ["a wrong tree"]


def _resumed(through: Proxy, size: int, outcome: Outcome) -> list[str]:
    """After a cut it goes on behind what had come; ``again``: bytes that were lost on the way."""
    wrong, end, most = [], 0, 0
    for one in (one for one in through.asked if one.method == "GET"):
        if one.status not in {200, 206} or one.fault.kind in {"chunked", "cut-chunk"}:
            continue
        begins = one.begins if one.status == 206 else 0
        if one.begins > most:
            wrong.append(f"goes on at {one.begins} after {most} bytes")
        if one.begins:
            outcome.resumed += 1
            outcome.again += max(0, end - one.begins)
        elif end:
            wrong.append(f"started over after {end} bytes")
        most = max(most, begins + one.sent)
        if one.fault.kind not in REFUSED:
            end = max(end, begins + one.sent)
    return wrong


def _tree(root: Path) -> dict[str, bytes]:
    return {
        str(one.relative_to(root)): one.read_bytes() for one in root.rglob("*") if one.is_file()
    }


def rounds(nginx: Nginx, swift: Swift, folder: Path, count: int, seed: int) -> Outcome:
    """So many downloads."""
    outcome = Outcome()
    with ExitStack() as stack:
        scene = Scene(stack, nginx, swift, folder)
        for number in range(count):
            once(scene, outcome, f"{seed}-{number}")
    return outcome
