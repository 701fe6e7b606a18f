"""What the work needs, opened once: settings, store, originals, trust, sandbox, clock.

The rooms are handed parts of it.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from agreements.parties import Actor
from onboarding.blobs import FileBlobs
from onboarding.settings import Settings, VendorSettings
from onboarding.store import Store, open_store

if TYPE_CHECKING:
    from onboarding.fetching.fetcher import Fetcher
    from onboarding.sandbox import Sandbox
    from onboarding.sealing import Sealers
    from signatures.trust import Trust

SYSTEM = "system"
"""The actor of what the program does by itself."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Everything a step of the process works with."""

    settings: Settings
    store: Store
    blobs: FileBlobs
    clock: Callable[[], datetime]
    system: Actor
    """The program itself, with the OS user it runs as."""
    _stack: ExitStack = field(repr=False)

    @property
    def trust(self) -> "Trust":
        """The trust anchors of the configuration, with the revocation data of this moment.

        Read anew each time, for the program runs for months. Raises ConfigurationError if an anchor can't be read.
        """
        from onboarding.trust import load_configured_trust

        return load_configured_trust(self.settings)

    @cached_property
    def marking_key(self) -> bytes:
        """The secret for the marks on each page of an agreement. Raises ConfigurationError if it can't be read."""
        from onboarding.keys import read_marking_key

        return read_marking_key(self.settings.keys.qr)

    @cached_property
    def sealers(self) -> "Sealers":
        """The vendors' seals, each opened at its first use."""
        from onboarding.sealing import Sealers

        return Sealers()

    @cached_property
    def sandbox(self) -> "Sandbox":
        """Where received bytes are opened. Started at the first use, stopped with the workspace."""
        from onboarding.inspection import open_sandbox

        return self._stack.enter_context(open_sandbox(self.settings.limits))

    @cached_property
    def fetcher(self) -> "Fetcher":
        """Who asks for revocation data that a judgement missed; of nobody where no hosts are configured."""
        from onboarding.fetching.fetcher import Fetcher
        from onboarding.trust import REVOCATIONS

        return Fetcher(hosts=self.settings.trust.fetch_hosts, folder=self.settings.data_dir / REVOCATIONS)

    def at(self, moment: datetime) -> "Workspace":
        """The same as at another moment; what is opened is shared."""
        then = replace(self, clock=lambda: moment)
        then.__dict__.update({name: self.__dict__[name] for name in ("sandbox", "fetcher") if name in self.__dict__})
        return then

    def vendor(self, vendor_id: str) -> VendorSettings:
        """The vendor with this id. Raises NotFoundError."""
        from agreements.errors import NotFoundError

        found = self.settings.find_vendor(vendor_id)
        if found is None:
            raise NotFoundError("vendor_not_found", vendor=vendor_id)
        return found


@contextmanager
def open_workspace(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Workspace]:
    """Open store and originals. Raises ConfigurationError: no database, another environment, no access."""
    from onboarding.settings import current_os_user

    with ExitStack() as stack:
        store = open_store(settings.database, environment=settings.environment)
        stack.callback(store.close)
        yield Workspace(
            settings=settings,
            store=store,
            blobs=FileBlobs(settings.data_dir / "originals"),
            clock=clock,
            system=Actor(user=SYSTEM, os_user=current_os_user()),
            _stack=stack,
        )
