"""The components of an emulator, independent of HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.events import Event, Events
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.serializers.download_links import DownloadLinks
from tokbox.emulator.serializers.view import View
from tokbox.emulator.simulation.audio_sockets import AudioSockets
from tokbox.emulator.store.accounts import Accounts
from tokbox.emulator.store.database import Store
from tokbox.emulator.store.ids import Ids
from tokbox.emulator.store.jobs import Jobs
from tokbox.emulator.store.messages import Messages
from tokbox.emulator.store.pending_faults import PendingFaults
from tokbox.emulator.store.request_log import RequestLog
from tokbox.emulator.store.rotations import Rotations
from tokbox.emulator.store.storage_targets import StorageTargets
from tokbox.emulator.store.webhook_outbox import WebhookOutbox

__all__ = ["Emulator"]


@dataclass(frozen=True, slots=True)
class Emulator:
    """The components that handlers and the engine share."""

    accounts: Accounts
    store: Store
    clock: Clock
    ids: Ids
    events: Events
    download_links: DownloadLinks
    jobs: Jobs
    request_log: RequestLog
    messages: Messages
    storage_targets: StorageTargets
    rotations: Rotations
    pending_faults: PendingFaults
    webhook_outbox: WebhookOutbox
    audio_sockets: AudioSockets
    rules: Rules
    #: The time until the file of a stopped archive is available, in milliseconds.
    processing_ms: int

    def emit(self, event: Event) -> None:
        """Emit *event* to the listeners of :attr:`events`."""
        self.events.emit(event)

    def view(self, now_ms: int, base_url: str) -> View:
        """Return the context of JSON representations; links begin with *base_url*."""
        return View(self.jobs, self.download_links, self.rules, now_ms, base_url)
