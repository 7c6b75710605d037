"""What requests cost, added up by who asked."""

from __future__ import annotations

from dataclasses import dataclass

from labeler.driver.requests import Classified, Failed, Reply, Samples, Scores


@dataclass(slots=True)
class Cost:
    """What one requester's requests cost. `reused` of the `calls` were known or already asked."""

    calls: int = 0
    reused: int = 0
    samples: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failed: int = 0
    money: float = 0.0
    """In the currency of the run's prices; what was asked before counts here, too."""

    def add(self, reply: Reply, *, reused: bool, money: float = 0.0) -> None:
        self.calls += 1
        self.reused += reused
        self.money += money
        match reply:
            case Samples():
                self.samples += len(reply.completions)
                self.prompt_tokens += reply.prompt_tokens
                self.completion_tokens += reply.completion_tokens
            case Scores():
                # A continuation is read like a prompt; nothing is generated.
                self.prompt_tokens += reply.prompt_tokens + len(reply.logprobs)
            case Classified():
                self.prompt_tokens += reply.prompt_tokens
            case Failed():
                self.failed += 1
