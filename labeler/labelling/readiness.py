"""Models that are ready are asked what they can do before anything is sampled."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from labeler.samplers.base import Needs, Probed, Sampler

log = logging.getLogger("labeler.engine")


async def probe_all(samplers: Mapping[str, Sampler], needs: Mapping[str, Needs]) -> None:
    """Raises `BackendDown` for a model that labels cannot rest on.

    What a model cannot do and the run can live with is logged, a line each. A model under two names
    is asked once, for all that the run needs of it.
    """
    asked: dict[int, list[str]] = {}
    for name in sorted(samplers):
        asked.setdefault(id(samplers[name]), []).append(name)
    for names in asked.values():
        sampler = samplers[names[0]]
        of_it = [needs[name] for name in names if name in needs]
        if not of_it or not isinstance(sampler, Probed):
            continue
        for line in await sampler.probe(_together(of_it)):
            log.warning("%s: %s", ", ".join(names), line)


def _together(several: list[Needs]) -> Needs:
    return Needs(
        # The prompt of the one that has most to lose.
        max(several, key=lambda one: one.continues).prompt,
        continues=any(one.continues for one in several),
        logprobs=tuple(dict.fromkeys(labeler for one in several for labeler in one.logprobs)),
        stop=any(one.stop for one in several),
    )
