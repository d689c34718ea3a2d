"""`digest run`: everything in one process, for years. SIGTERM ends what is in flight, SIGHUP reads the file again."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from digest.cli import checks, desk, logs, out
from digest.config import Config
from digest.errors import ConfigError, DigestError, Fault
from digest.model import Message, Step
from digest.pipeline import letters, notices, retention, stages, wording
from digest.pipeline.kit import Kit
from digest.schedule import notify
from digest.schedule.daemon import Daemon
from digest.schedule.engine import Engine, Local
from digest.schedule.metrics import Metrics
from digest.store import figures, instance
from digest.web import events, mailbox, public, server, service
from digest.web.asking import Asker
from digest.web.pages import Pages

log = logging.getLogger(__name__)

_ASK_S = 60.0
_KEEP_S = 3600.0
Faulty = Mapping[str, Sequence[Fault]]  # by newsletter


async def run(config: Config, *, verbose: bool, faulty: Faulty = MappingProxyType({})) -> None:
    """Works until SIGTERM or SIGINT; a second one ends it at once. UsageError where the address is taken.

    `faulty`: the newsletters that `config` leaves out because they are; the owner hears of them.
    """
    if faults := checks.sending(config):
        raise ConfigError(faults)
    logs.begin(verbose=verbose)
    stopping = asyncio.Event()
    _on_signals(stopping)
    async with contextlib.AsyncExitStack() as stack:
        mailbox_url = await stack.enter_async_context(_mailbox(config))
        kit = await desk.opened(stack, config, stopping=stopping, mailbox_url=mailbox_url)
        here = _Service(*await _distributed(stack, kit))
        if not await stack.enter_async_context(instance.first(kit.database)):
            log.warning("another daemon works on this database: both go on, and each slot is made once")
        address = await stack.enter_async_context(server.serve(here.app, config.web.host, config.web.port))
        out.note(f"digest run: {address}, {out.count(len(config.newsletters), 'newsletter')}; Ctrl-C ends it")
        await here.complain(faulty, "left out")
        await here.run()
    log.info("ended")
    notify.tell("STATUS=ended", os.environ)


@contextlib.asynccontextmanager
async def _mailbox(config: Config) -> AsyncIterator[str]:
    """The address of the mailbox this process serves; empty where mail goes elsewhere."""
    if config.mail.provider != "mailbox" or config.mail.base_url:
        yield ""
        return
    async with server.serve(mailbox.app(config.mailbox)) as address:
        yield address


async def _distributed(stack: contextlib.AsyncExitStack, kit: Kit) -> tuple[Kit, Engine | None]:
    """The engine that leaves the work to `digest worker`, with its kit, where the configuration says so.

    None: we work ourselves.
    """
    if kit.config.digest.engine == "local":
        return kit, None
    from digest.cli import working

    engine = await stack.enter_async_context(working.engine(kit))
    return engine.kit, engine


def _on_signals(stopping: asyncio.Event) -> None:
    def stop() -> None:
        if stopping.is_set():
            os._exit(130)  # asked twice: safe at any instant, the next start goes on
        log.info("stopping")
        notify.tell("STOPPING=1", os.environ)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


class _Served:
    """The pages by the configuration as it was last read."""

    def __init__(self, now: ASGIApp) -> None:
        self.now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await self.now(scope, receive, send)


class _Service:
    """The daemon with its meters and pages."""

    def __init__(self, kit: Kit, distributed: Engine | None) -> None:
        self._metrics = Metrics()
        kit = replace(kit, meter=self._metrics)
        engine = distributed or Local(kit, stages.OURS, ended=self._ended)
        self._daemon = Daemon(kit, engine, beat=self._beat)
        self.app = _Served(self._made())
        self._beside: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """The daemon's run, watched by the service manager."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
        notify.tell("READY=1", os.environ)
        beside = [asyncio.create_task(work) for work in (self._watch(), self._ask(), self._keep())]
        try:
            await self._daemon.run()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _keep(self) -> None:
        """Lets go, once an hour, of what [privacy] does not keep for good."""
        keeper = retention.Keeper()
        while True:
            try:
                await keeper.sweep(self._daemon.kit)
            except DigestError as error:
                log.error("retention failed", extra={"cause": str(error)})  # noqa: TRY400 — one line
            except Exception:
                log.exception("retention failed")
            await asyncio.sleep(_KEEP_S)

    async def complain(self, faulty: Faulty, what: str) -> None:
        """Logs what is wrong with those newsletters, and writes it down for the owner."""
        kit = self._daemon.kit
        for name, faults in faulty.items():
            said = [str(fault) for fault in faults]
            log.error("newsletter is faulty", extra={"newsletter": name, "so": what, "cause": "; ".join(said)})
            async with kit.database.write() as connection:
                await notices.say(kit, connection, wording.fault(name, said, kit.now().date()))

    def _made(self) -> Starlette:
        """All that is served at [web] listen."""
        kit = self._daemon.kit
        reports = events.routes(kit.config, kit.database, now=kit.now)
        pages = public.app(kit.config, kit.database, confirm=self._confirm, now=kit.now, routes=reports)
        return service.app(pages, fault=self._fault, metrics=self._text, mailbox=_shown(kit.config))

    async def _confirm(self, message: Message) -> None:
        await letters.post(self._daemon.kit, message)

    async def _ask(self) -> None:
        """Asks, once a minute, whoever is pending and was not asked yet: an import cut short, a failed send."""
        while True:
            kit = self._daemon.kit
            pages = Pages(kit.config.templates)
            asker = Asker(config=kit.config, database=kit.database, now=kit.now, confirm=self._confirm, pages=pages)
            for name in kit.config.newsletters:
                try:
                    await asker.ask_all(name)
                except DigestError as error:  # at the next minute again
                    log.warning("not asked", extra={"newsletter": name, "cause": str(error)})
            await asyncio.sleep(_ASK_S)

    def _ended(self, step: Step, outcome: str, seconds: float) -> None:
        self._metrics.ended(step, outcome, seconds)
        if step.name == "make":
            self._daemon.wake()  # a later slot may wait for this one; the owner may have to hear of it

    def _beat(self) -> None:
        self._metrics.swept(self._daemon.kit.now(), self._daemon.failures)

    async def _watch(self) -> None:
        """Tells the manager that the loop turns and the sweeps come, for as long as that is so."""
        every = notify.watchdog_s(os.environ, os.getpid())
        while every is not None:
            if self._daemon.is_well():
                notify.tell("WATCHDOG=1", os.environ)
            await asyncio.sleep(every)

    def _reload(self) -> None:
        """Reads the configuration again; where it is faulty, the old one holds: of one newsletter, or as a whole."""
        old = self._daemon.kit.config
        try:
            new, faulty = desk.spare(old.path)
            if faults := checks.sending(new):
                raise ConfigError(faults)
        except DigestError as error:
            log.error("configuration not read, the old one holds", extra={"cause": str(error)})  # noqa: TRY400
            return
        for key in _fixed(old, new):
            log.warning("a change that needs a restart", extra={"key": key})
        kept = {name: old.newsletters[name] for name in faulty if name in old.newsletters}
        letters = {**new.newsletters, **kept}
        self._daemon.reload(new.model_copy(update={"web": old.web, "newsletters": letters}))
        self.app.now = self._made()
        log.info("configuration read", extra={"newsletters": len(letters)})
        task = asyncio.create_task(self.complain(faulty, "kept as it was, or left out where it is new"))
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _fault(self) -> str:
        """Why it cannot work, in words that anybody may read: the log has the cause."""
        if not self._daemon.is_well():
            return "the schedule stands still"
        if away := await desk.unanswered(self._daemon.kit.database):  # what is so now comes before what was
            return away
        return "the last sweep could not work with the database" if self._daemon.trouble else ""

    async def _text(self) -> str:
        kit = self._daemon.kit
        async with kit.database.read() as connection:
            found = await figures.counted(connection, now=kit.now())
        return self._metrics.text(found, kit.now())


def _fixed(old: Config, new: Config) -> list[str]:
    """The keys whose change only a restart brings."""
    held = {
        "digest.database": old.database_url != new.database_url,
        "digest.engine": old.digest.engine != new.digest.engine,
        "digest.public_url": old.digest.public_url != new.digest.public_url,
        "mail.provider": old.mail.provider != new.mail.provider,
        "web.listen": old.web != new.web,
        "collect.allow_private": old.collect != new.collect,
    }
    return [key for key, is_changed in held.items() if is_changed]


def _shown(config: Config) -> list[Route]:
    folder = Path(config.mailbox)
    return mailbox.routes(folder) if config.mail.provider == "mailbox" else []
