"""Evidence written down in a line, for tests of rules."""

from labeler.records import Asks, Evidence, Generator, Problem, Sampling, Solution, Verdict

PROBLEM = Problem("p", "math", "?", "3")
GENERATOR = Generator("tiny", "1", Sampling(), 0, "")
WORDS = {"+": Verdict.CORRECT, "-": Verdict.WRONG, "?": Verdict.UNKNOWN}


def solution(n_steps, outcome=Verdict.WRONG, name="s"):
    steps = tuple(f"step {t}\n" for t in range(n_steps))
    return Solution(name, "p", steps, None, outcome, "", GENERATOR)


def rollouts(n, n_correct, labeler="monte_carlo", model="tiny"):
    verdict = Verdict.CORRECT if n_correct else Verdict.WRONG
    return Evidence("", labeler, "1", Asks.VALUE, verdict, n_correct / n, n, n_correct, model=model)


def said(word, labeler="judge", model="tiny"):
    reason = "" if word != "?" else "no parse"
    return Evidence("", labeler, "1", Asks.CORRECTNESS, WORDS[word], model=model, reason=reason)


def steps(*sources):
    """Evidence per step from sources that say something, or None, about each step.

    A source is a list of counts (rollouts), or a name with a word of + - ? and blanks.
    """
    n_steps = max(len(words) for _, words in sources)
    return [
        tuple(
            rollouts(*words[t], *name.split("@")) if isinstance(words, list)
            else said(words[t], *name.split("@"))
            for name, words in sources
            if t < len(words) and words[t] not in (None, " ")
        )
        for t in range(n_steps)
    ]  # fmt: skip
