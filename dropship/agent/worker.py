"""What a worker does: drives its service until it is told to finish."""

from __future__ import annotations

import encodings.ascii  # noqa: F401 - workers import nothing, and a codec loads when first used
import logging
import os
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

from dropship import log
from dropship.agent.channel import Channel
from dropship.agent.desk import WorkerDesk
from dropship.agent.messages import Asleep, Busy
from dropship.agent.rehearsal import rehearse
from dropship.config.model import Config, ServiceConfig
from dropship.core import events as on
from dropship.core import schedule
from dropship.deploy.check import check
from dropship.deploy.desk import Answer, Order, Verdict
from dropship.deploy.driver import Driver
from dropship.deploy.errand import Errand
from dropship.deploy.orders import NOT_BEGUN
from dropship.deploy.rig import Rig, Workshop
from dropship.errors import BusyError, ConfigError, DropshipError
from dropship.state.lock import ServiceLock

_log = logging.getLogger("dropship.agent")
_ASK_AGAIN: Final = 1.0
_GOOD: Final = 0
_FAILED: Final = 1


class Workers:
    """What workers of a configuration have in common, built before they are forked."""

    def __init__(self, *, once: bool, dry_run: bool) -> None:
        self._once = once
        self._dry_run = dry_run
        self._rigs: dict[str, Rig] = {}
        self._faults: dict[str, ConfigError] = {}
        self._rehearsed = once or dry_run  # for those who live on

    def prepare(self, config: Config) -> None:
        """Import and build everything that the workers will need.

        At first a service for which that cannot be done keeps no other from its work.

        Raises:
            ConfigError: A backend cannot be loaded or refuses its options, later, or for all.
        """
        workshop, rigs = Workshop(config, os.environ), dict[str, Rig]()
        faults: dict[str, ConfigError] = {}
        for service in config.services:
            try:
                rigs[service.name] = workshop.rig(service)
            except ConfigError as error:
                faults[service.name] = error
        if faults and (self._rigs or not rigs):
            raise next(iter(faults.values()))
        self._rigs, self._faults = rigs, faults
        if self._rigs and not self._rehearsed:
            self._rehearsed = True
            self._rehearse(next(iter(self._rigs.values())), config.run_path)

    @staticmethod
    def _rehearse(rig: Rig, folder: Path) -> None:
        try:
            rehearse(rig, partial(_drive, once=False), folder)
        except (DropshipError, OSError) as error:
            # Workers do as well without, and take a little more memory.
            _log.debug("the rehearsal went wrong: %s", error)

    def work(self, _config: Config, service: ServiceConfig, channel: Channel) -> int:
        """Drive one service; the exit status of the worker.

        Raises:
            DropshipError: State cannot be read, the lock cannot be used, or it has nothing to work
                with.
        """
        with closing(WorkerDesk(channel)) as desk:
            fault = self._faults.get(service.name)
            if fault is not None:
                return _without_means(fault, service.name, desk, once=self._once)
            rig = self._rigs[service.name]
            if self._dry_run:
                return _look_only(rig, desk, once=self._once)
            return _drive(rig, desk, once=self._once)


def _without_means(fault: ConfigError, name: str, desk: WorkerDesk, *, once: bool) -> int:
    """Say why nothing can be done, and to everybody who asks, until a stop."""
    if once:
        raise fault
    words = log.hide(str(fault))
    log.bound(name).error("%s", words)
    while True:
        desk.rest(Asleep(0.0, "blocked", words))
        desk.sleep(None)
        orders = desk.orders()
        for order in orders:
            desk.answer(order, Answer(Verdict.REFUSED, words))
        if _stopped(orders):
            return _GOOD


def _drive(rig: Rig, desk: WorkerDesk, *, once: bool) -> int:
    name = rig.service.name
    lock = ServiceLock(rig.layout.lock, name, "dropship agent")
    if not _locked(lock, desk, name, patient=not once):
        return _GOOD
    try:
        if not once:
            return Driver(rig, desk, log.bound(name), in_place=lock.in_place).run()
        errand = Errand(desk, on.CheckNow())
        left = Driver(rig, errand, log.bound(name), in_place=lock.in_place).run()
        failed = errand.came is not None and errand.came.verdict is Verdict.FAILED
        return left or (_FAILED if failed else _GOOD)
    finally:
        lock.release()


def _locked(lock: ServiceLock, desk: WorkerDesk, name: str, *, patient: bool) -> bool:
    """Take the service's lock; False if a stop came first. Says once who has it.

    A wish that comes meanwhile is a reason to try at once. If that is in vain, whoever waits for
    an answer is refused; else the newest is for the driver.

    Raises:
        BusyError: Somebody else has it, and there is no time to wait.
    """
    said = False
    wished: list[Order] = []
    while True:
        try:
            lock.acquire()
        except BusyError as error:
            if not patient:
                raise
            if not said:
                log.bound(name).warning("%s", error)
                said = True
            for order in wished:
                desk.answer(order, Answer(Verdict.REFUSED, str(error)))
            wished = [one for one in wished if not one.ticket][-1:]
            desk.rest(Asleep(0.0, "blocked", str(error)))
        else:
            desk.give_back(wished)
            return True
        desk.sleep(_ASK_AGAIN)
        wished += desk.orders()
        if _stopped(wished):
            for order in wished:
                desk.answer(order, Answer(Verdict.REFUSED, NOT_BEGUN))
            return False


def _look_only(rig: Rig, desk: WorkerDesk, *, once: bool) -> int:
    """Check, say what would be done, and do nothing."""
    logger, said = log.bound(rig.service.name), ""
    while True:
        desk.busy(Busy("checking"))
        found = check(rig)
        logger.log(logging.DEBUG if found.words == said else logging.INFO, "%s", found.words)
        said = found.words
        if once:
            return _FAILED if found.error else _GOOD
        until = time.monotonic() + schedule.next_check(
            rig.service.check_interval, rig.service.splay, 0.5
        )
        desk.rest(Asleep(0.0, "idle", found.error or "", checked=time.time()))
        orders = _ordered(desk, until)
        if _stopped(orders):
            return _GOOD
        # Whatever else is ordered is a reason to look now, and no more than that.
        for order in orders:
            desk.answer(order, Answer(Verdict.REFUSED, "the agent only looks (--dry-run)"))
        said = "" if orders else said  # who asks is answered, with the same words too


def _ordered(desk: WorkerDesk, until: float) -> Sequence[Order]:
    """The next orders; none if nothing was ordered ``until`` then (``time.monotonic()``)."""
    while (left := until - time.monotonic()) > 0:
        desk.sleep(left)
        if orders := desk.orders():
            return orders
    return ()


def _stopped(orders: Sequence[Order]) -> bool:
    return any(isinstance(one.event, on.Stop) for one in orders)
