"""Runs that died are put back into the queue; runs that ended are not, whatever the server heard.

What decides is the state of a run at the server, the lock of its process, its own note of its end
(`flows.at_work`), the lock of the dataset that it writes, and whether its schedule is still wanted:
never that some event did not come. A run that finds its version in the dataset's log has nothing to
do. After `MOST_REVIVALS` a run is failed, with one line that says so.

Does not cover runs of other machines: the `labeler server` there watches them, for it has their
locks. `labeler server` looks every `LOOK_S` and says in its terminal what began and what ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from labeler.dataset.lock import is_held
from labeler.dataset.storage import storage_of
from labeler.errors import LabelerError

from .at_work import End, end_of, forget, is_alive

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State

LOOK_S = 10.0
MOST_REVIVALS = 2
PENDING_S = 300.0
"""A process that has not begun so long after a worker took its run never will."""

BEGINNING_S = 20.0
"""So long a run may be said to be running before it has its lock, on a machine that is busy."""

REVIVED = "Revived"
"""Name of the state of a run that is put back: by it revivals are counted."""

INTERRUPTED = "Interrupted"
"""Name of the state of a run that was at work when its server was stopped: nothing had died."""

TAG = "labeler"
STOPPED = ("RUNNING", "CRASHED")
AT_WORK = ("RUNNING", "CANCELLING", "PENDING")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run that is at work as far as the server knows."""

    state: str
    """RUNNING, CANCELLING or PENDING."""
    alive: bool | None
    """Of its process; None where this machine has never seen one."""
    seconds: float
    """For how long it has been in this state."""
    end: End | None
    """Its own note of how it ended."""
    is_wanted: bool
    """Whether its schedule is there and not paused."""
    output_is_busy: bool
    """Whether another run holds the lock of its dataset."""
    n_revivals: int


def decide(run: Facts) -> End | None:
    """The state in which a run is to be put, `REVIVED` for once more; None to leave it alone."""
    if run.alive or (run.alive is None and run.state != "PENDING"):
        return None
    # Its lock may be there from an earlier attempt.
    if run.seconds < {"PENDING": PENDING_S, "RUNNING": BEGINNING_S}.get(run.state, 0):
        return None
    if run.end is not None:
        return End(run.end.state, f"{run.end.message} (told by its note: the server had not heard)")
    if run.state == "CANCELLING":
        return End("Cancelled", "its process is gone")
    if not run.is_wanted:
        return End("Cancelled", "its process died, and its schedule is paused or removed")
    if run.output_is_busy:
        return None
    if run.n_revivals >= MOST_REVIVALS:
        died = f"its process died {run.n_revivals + 1} times"
        return End("Failed", f"{died}, so it is not run again; see worker.log for what ended it")
    nth = f"revival {run.n_revivals + 1} of at most {MOST_REVIVALS}"
    return End(REVIVED, f"its process died; it goes on from its journal ({nth})")


class Watch:
    """Looks after the runs of a server; remembers what it saw at the last look."""

    def __init__(self, client: SyncPrefectClient, say: Callable[[str], None]) -> None:
        self._client, self._say = client, say
        self._dead: set[str] = set()
        self._begun: set[str] = set()
        self._told: set[str] = set()
        self._ended_after = datetime.now(UTC)

    def look(self) -> None:
        """Puts back what died, and says what began and what ended since the last look."""
        at_work = self._runs(AT_WORK)
        suspects = {str(run.id) for run in at_work if is_alive(str(run.id)) is not True}
        for run in at_work:
            run_id = str(run.id)
            if run_id in suspects & self._dead:
                # Twice in a row: a last word may have been on its way.
                self._mend(run)
        self._dead = suspects
        self._tell(at_work)

    def put_back(self) -> None:
        """Puts runs back that were at work when their worker was stopped, for its next start."""
        for run_id in self._begun:
            run = self._client.read_flow_run(UUID(run_id))
            stopped = run.state is not None and run.state.type.value in STOPPED
            if stopped and not is_alive(run_id) and end_of(run_id) is None:
                said = "the server was stopped in mid-run; it goes on from its journal"
                self._client.set_flow_run_state(run.id, _queued(INTERRUPTED, said))
                self._say(f"{run.name}: {said} at the next start")

    def _mend(self, seen: FlowRun) -> None:
        # As it is now that nobody is at work any more: it may have ended since it was read.
        run = self._client.read_flow_run(seen.id)
        if run.state is None or run.state.type.value not in AT_WORK:
            return
        chosen = decide(self._facts(run, run.state))
        if chosen is None:
            return
        self._client.set_flow_run_state(run.id, _state(chosen))
        if chosen.state == REVIVED:
            forget(str(run.id))
        self._say(f"{run.name}: {chosen.state}: {chosen.message}")

    def _facts(self, run: FlowRun, state: State[Any]) -> Facts:
        run_id = str(run.id)
        states = self._client.read_flow_run_states(run.id)
        return Facts(
            state=state.type.value,
            alive=is_alive(run_id),
            seconds=(datetime.now(UTC) - state.timestamp).total_seconds(),
            end=end_of(run_id),
            is_wanted=self._is_wanted(run),
            output_is_busy=any(map(is_held, _locks(run.parameters))),
            n_revivals=sum(one.name == REVIVED for one in states),
        )

    def _is_wanted(self, run: FlowRun) -> bool:
        from prefect.exceptions import ObjectNotFound

        if run.deployment_id is None:
            return False
        try:
            deployment = self._client.read_deployment(run.deployment_id)
        except ObjectNotFound:
            return False
        # Without a schedule of its own it is run by hand, when somebody wants it.
        return not deployment.paused

    def _runs(self, states: tuple[str, ...], **more: Any) -> list[FlowRun]:
        from prefect.client.schemas import filters
        from prefect.client.schemas.objects import StateType

        types = filters.FlowRunFilterStateType(any_=[StateType(name) for name in states])
        wanted = filters.FlowRunFilter(
            state=filters.FlowRunFilterState(type=types),
            tags=filters.FlowRunFilterTags(all_=[TAG]),
            deployment_id=filters.FlowRunFilterDeploymentId(is_null_=False),
            **more,
        )
        return self._client.read_flow_runs(flow_run_filter=wanted)

    def _tell(self, at_work: list[FlowRun]) -> None:
        from prefect.client.schemas.filters import FlowRunFilterEndTime

        running = {str(run.id): run for run in at_work if run.state_name == "Running"}
        for run_id in running.keys() - self._begun:
            self._say(f"{running[run_id].name}: began")
        self._begun = {*running}
        since = FlowRunFilterEndTime.model_validate({"after_": self._ended_after})
        ended = self._runs(("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), end_time=since)
        for run in sorted(ended, key=lambda one: one.end_time or self._ended_after):
            if str(run.id) in self._told:
                continue
            message = run.state.message if run.state else ""
            self._say(f"{run.name}: {run.state_name}{f': {message}' if message else ''}")
            self._ended_after = max(self._ended_after, run.end_time or self._ended_after)
        # The server gives those of this very moment again.
        self._told = {str(run.id) for run in ended}


def _locks(parameters: Mapping[str, Any]) -> Iterator[Path]:
    """The locks that runs with these parameters take: of the dataset, and of its audit."""
    try:
        local = storage_of(str(parameters.get("out", ""))).local
    except LabelerError:
        return
    for folder in (local, local / "_audit"):
        yield folder / "_work" / "run.lock"


def _state(end: End) -> State[Any]:
    from prefect.client.schemas.objects import State as PrefectState
    from prefect.client.schemas.objects import StateType

    if end.state == REVIVED:
        return _queued(REVIVED, end.message)
    return PrefectState(type=StateType(end.state.upper()), name=end.state, message=end.message)


def _queued(name: str, message: str) -> State[Any]:
    """A state in which the next free worker takes a run."""
    from prefect.client.schemas.objects import State as PrefectState
    from prefect.client.schemas.objects import StateDetails, StateType

    return PrefectState(
        type=StateType.SCHEDULED,
        name=name,
        message=message,
        state_details=StateDetails.model_validate({"scheduled_time": datetime.now(UTC)}),
    )
