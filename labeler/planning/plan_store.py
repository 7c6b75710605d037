"""Plans beside their dataset: kept under the id of the run that they are for.

A run under other settings, on other problems or with another model has another id, so no run is
held to a plan that was not its own.
"""

from __future__ import annotations

from labeler.dataset import Dataset
from labeler.dataset.storage import Location, storage_of
from labeler.planning.plan import BILLED, MONEY, Compared, Plan, from_json

FOLDER = "_plans"


def keep_plan(plan: Plan, out: str | Location) -> None:
    """Writes the plan to OUT/_plans, in the place of an older one for the same run."""
    storage_of(out).write(_name(plan.run_id), plan.to_json().encode())


def compared(dataset: Dataset, out: str | Location) -> dict[str, Compared]:
    """Predicted against actual for the newest run of a version that had a plan; {} without one."""
    entries = [one for one in dataset.versions() if one.version <= dataset.version and one.info]
    storage = storage_of(out)
    # One look at what there is: most runs of a long log have no plan.
    there = {f"{FOLDER}/{name}" for name in storage.names(FOLDER)}
    for entry in sorted(entries, key=lambda one: one.version, reverse=True):
        assert entry.info is not None
        name = _name(entry.info.run_id)
        content = storage.read(name) if name in there else None
        plan = from_json(content) if content is not None else None
        if plan is None:
            continue
        actual = {name: entry.info.cost[name] for name in BILLED if name in entry.info.cost}
        if "spent" in entry.info.cost:
            actual[MONEY] = entry.info.cost["spent"]
        if "seconds" in entry.info.cost:
            actual["hours"] = entry.info.cost["seconds"] / 3600
        return {
            name: Compared(plan.estimates[name], float(value))
            for name, value in actual.items()
            if name in plan.estimates
        }
    return {}


def _name(run_id: str) -> str:
    return f"{FOLDER}/{run_id}.json"
