"""GroundedPRM's search, talked to with literal replies."""

import json

from labeler.driver.requests import Check, CheckResult, Failed, Sample
from labeler.labelers.grounded_search.grounded_search import GroundedSearch, grounded_search
from labeler.records import Asks, Verdict, prefix_id
from tests.labelers.playing import asked_of, play, samples
from tests.labelers.talking import POLICY, PROBLEM

VERIFIER: dict[str, object] = {"model": "judge", "tries": 1}
SUM, BAD = "2 + 3 = 5\n", "2 + 3 = 6\n"
RIGHT, WRONG = "5 * 4 = 20\n", "6 * 4 = 24\n"
END, BAD_END = "The answer is 20", "The answer is 24"


class World:
    """A policy with fixed continuations by prefix, a verifier that calls some steps wrong."""

    def __init__(self, continuations, bad_steps=(BAD,), finish="stop"):
        self.continuations, self.bad_steps, self.finish = continuations, bad_steps, finish

    def __call__(self, request):
        if isinstance(request, Check):
            return CheckResult(Verdict.CORRECT if request.answer == "20" else Verdict.WRONG)
        assert isinstance(request, Sample)
        if request.model == "policy":
            texts = self.continuations[request.prompt.prefix]
            return texts if isinstance(texts, Failed) else samples(*texts, finish=self.finish)
        asked = "\n".join(message.content for message in request.prompt.messages)
        if "You write short Python" in asked:
            return samples("NONE")
        step = asked.split("<step_to_judge>\n")[1].split("\n</step_to_judge>")[0]
        word = "wrong" if any(step == bad.strip() for bad in self.bad_steps) else "correct"
        entry = {"analysis": f"{step}: {word}", "verdict": word}
        return samples(json.dumps({"relevance": "none", "steps": [entry]}))


def search(world, **settings):
    settings = {"rounds": 1, "children": 2, **settings}
    found, asked = play(
        grounded_search(PROBLEM, (), GroundedSearch(**VERIFIER, **settings), POLICY), world
    )
    said = {(e.labeler, e.asks.value, e.prefix_id): e for e in found.evidence}
    assert len(said) == len(found.evidence)
    return found, asked, said


def at(said, labeler, asks, *steps):
    return said[labeler, asks, prefix_id("p", steps)]


ONE_OF_EACH = World({"": (SUM + RIGHT + END, BAD + WRONG + BAD_END)})


def test_one_round_verifies_every_step_and_fuses_the_values_of_the_first():
    found, asked, said = search(ONE_OF_EACH)
    assert len(found.evidence) == 6 + 2
    # One step between first and last: V = v + F.
    good = at(said, "grounded_search", "correctness", SUM)
    assert (good.verdict, good.score, good.n, good.n_correct, good.rationale) == (
        Verdict.CORRECT, 1.0, 1, 1, "2 + 3 = 5: correct",
    )  # fmt: skip
    # The verifier calls the step after the bad one right: V = 1 - 1 = 0, which has no sign.
    bad = at(said, "grounded_search", "correctness", BAD)
    assert (bad.verdict, bad.score, bad.n, bad.reason) == (
        Verdict.UNKNOWN, None, 0,
        "fused value +0.000 of 1 rollouts, but the verifier says wrong",
    )  # fmt: skip
    assert at(said, "grounded", "correctness", BAD, WRONG).verdict is Verdict.CORRECT
    for first, right in [(SUM, 1), (BAD, 0)]:
        value = at(said, "grounded_search", "value", first)
        assert (value.n, value.n_correct, value.model) == (1, right, "tiny-1b")
    assert [s.outcome for s in found.solutions] == [Verdict.CORRECT, Verdict.WRONG]
    assert {s.steps for s in found.solutions} == {(SUM, RIGHT, END), (BAD, WRONG, BAD_END)}
    assert found.statistics == {
        "rounds": 1, "rollouts": 2, "replies": 2, "unread": 0, "right": 1, "wrong": 1, "steps": 6,
    }  # fmt: skip
    assert {r.requester for r in asked} == {"grounded_search"}


def test_sign_and_verdict_agree_or_nothing_is_said():
    world = World(ONE_OF_EACH.continuations, bad_steps=(BAD, WRONG))
    _, _, said = search(world)
    bad = at(said, "grounded_search", "correctness", BAD)
    assert (bad.verdict, bad.score, bad.n, bad.n_correct) == (Verdict.WRONG, 0.0, 1, 0)
    flipped = World(ONE_OF_EACH.continuations, bad_steps=(SUM, BAD, WRONG))
    _, _, said = search(flipped)
    good = at(said, "grounded_search", "correctness", SUM)
    assert (good.verdict, good.reason) == (
        Verdict.UNKNOWN, "fused value +2.000 of 1 rollouts, but the verifier says wrong",
    )  # fmt: skip


def test_the_state_with_the_largest_uct_is_expanded_and_its_steps_are_verified():
    world = World(
        {"": (SUM + RIGHT + END, BAD + WRONG + BAD_END), SUM: (RIGHT + END, WRONG + BAD_END)}
    )
    found, asked, said = search(world, rounds=2, exploration=0.1)
    sampled = [r.prompt.prefix for r in asked_of(asked, Sample) if r.model == "policy"]
    assert sampled == ["", SUM]
    # The new states: V = F, for nothing stands between their first step and their last.
    assert at(said, "grounded_search", "correctness", SUM, RIGHT).verdict is Verdict.CORRECT
    assert at(said, "grounded_search", "correctness", SUM, WRONG).reason.startswith(
        "fused value -1.000 of 1 rollouts, but"
    )
    # SUM: its own rollout 2, then 0.9 - 0.9 from its children.
    first = at(said, "grounded_search", "correctness", SUM)
    assert (first.verdict, first.score) == (Verdict.CORRECT, (2 / 3 + 1) / 2)
    value = at(said, "grounded_search", "value", SUM)
    assert (value.n, value.n_correct) == (3, 2)
    assert found.statistics["rounds"] == 2
    # No text is verified twice: one query and one judgement each.
    texts = [(r.prompt, r.seed) for r in asked_of(asked, Sample) if r.model == "judge"]
    assert len(texts) == len(set(texts)) == 2 * found.statistics["steps"]


def test_it_stops_with_enough_right_and_wrong_rollouts_or_when_all_is_expanded():
    world = World({"": (SUM + RIGHT + END, BAD + WRONG + BAD_END)})
    found, *_ = search(world, rounds=9, enough=1)
    assert found.statistics["rounds"] == 1
    found, *_ = search(World({"": (END, BAD_END)}), rounds=9)
    assert found.statistics["rounds"] == 1


def test_what_was_cut_off_has_no_value_but_its_whole_steps_are_verified():
    world = World({"": (SUM + RIGHT + "The ans", SUM + "5 *")}, finish="length")
    found, _, said = search(world)
    assert found.solutions == ()
    assert {(e.labeler, e.asks) for e in found.evidence} == {("grounded", Asks.CORRECTNESS)}
    assert set(said) == {
        ("grounded", "correctness", prefix_id("p", steps)) for steps in [(SUM,), (SUM, RIGHT)]
    }
    assert found.statistics == {
        "rounds": 1, "rollouts": 2, "replies": 2, "unread": 0, "undecided": 2, "steps": 2,
    }  # fmt: skip


def test_a_dead_policy_gives_no_evidence():
    found, *_ = search(World({"": Failed("503")}), rounds=5)
    assert (found.evidence, found.solutions) == ((), ())


def test_the_same_replies_give_the_same_findings():
    assert search(ONE_OF_EACH)[0] == search(ONE_OF_EACH)[0]
