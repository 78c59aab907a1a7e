"""The parts of an emulator, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.events import Event, Events
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.serializers.download_links import Links
from tokbox.emulator.serializers.view import View
from tokbox.emulator.simulation.archives import Recorder
from tokbox.emulator.store.accounts import Tenants
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.ids import Ids
from tokbox.emulator.store.jobs import Jobs
from tokbox.emulator.store.messages import Messages
from tokbox.emulator.store.pending_faults import ArmedFaults
from tokbox.emulator.store.request_log import Journal
from tokbox.emulator.store.storage_targets import Targets
from tokbox.emulator.store.webhook_outbox import Webhooks

__all__ = ["Emulator"]


@dataclass(frozen=True, slots=True)
class Emulator:
    """Everything that route handlers share."""

    tenants: Tenants
    store: Store
    clock: Clock
    ids: Ids
    events: Events
    links: Links
    recorder: Recorder
    jobs: Jobs
    journal: Journal
    messages: Messages
    targets: Targets
    faults: ArmedFaults
    webhooks: Webhooks
    rules: Rules

    def emit(self, event: Event) -> None:
        """Tell everybody who listens to :attr:`events`."""
        self.events.emit(event)

    def view(self, now_ms: int) -> View:
        """Return what descriptions depend on at *now_ms*."""
        return View(self.store, self.jobs, self.links, self.rules, now_ms)
