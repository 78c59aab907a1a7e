"""The emulator apart from HTTP: what every route handler, and time itself, works on."""

from __future__ import annotations

from dataclasses import dataclass

from tokbox.emulator.model.clock import Clock
from tokbox.emulator.model.events import Event, Events
from tokbox.emulator.model.records import Session
from tokbox.emulator.model.rules import Rules
from tokbox.emulator.serializers.download_links import Links
from tokbox.emulator.simulation import jobs as runner
from tokbox.emulator.simulation import sessions as activation
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

    def settle(self, now_ms: int) -> None:
        """Carry out everything that was due by *now_ms*, in its order.

        To be called inside a transaction, before anything else is done in it: between
        two transactions nothing changes but the clock.
        """
        # From moment to moment, since what one of them does changes what the other has.
        while (at_ms := self.store.next_due_ms(now_ms)) is not None:
            self.recorder.settle(at_ms)
            runner.settle(self, at_ms)
            # Last, since what runs in a session ends before the session itself.
            activation.settle(self, at_ms)

    def follow(self, session: Session, now_ms: int, *streams: str) -> None:
        """Let what runs in *session* take up who is there and publishes now.

        *streams* are the ids of those that came or left; see `Recorder.follow`.
        """
        self.recorder.follow(session, now_ms, streams)
        runner.follow(self, session, now_ms)
