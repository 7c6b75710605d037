"""What statistics, report and viewer say of agents: calls by tool and failure, sides apart."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console
from starlette.testclient import TestClient

from labeler.records import Call, Observation, Turn
from labeler.report.page import report_html
from labeler.stats import label_statistics
from labeler.stats.rates import spread, wilson
from labeler.stats.records import AgentCounts, ToolCounts
from labeler.stats.tables import show_statistics
from labeler.view.app import create_app
from labeler.view.viewer import Viewer
from tests.export.datasets import RIGHT, dataset_of
from tests.export.test_agents import agent


def turn(thought: str, *calls: tuple[str, str, str | None]) -> Turn:
    """Calls as (tool, answer, failure); None for one that nobody answers."""
    return Turn(
        thought,
        tuple(Call(name, '{"q": 1}') for name, _, _ in calls),
        tuple(
            Observation("tool", text, i, failure)
            for i, (_, text, failure) in enumerate(calls)
            if failure is not None
        ),
    )


TWO = turn("I look.", ("search", "a b <script>", ""), ("search", "Error: x", "error"))
ONE = turn("", ("calculator", "", None))
BUSY = agent("busy", (TWO, ONE, Turn("4")), (1, 1, 1))
IDLE = agent("idle", (Turn("It is 4."),), (-1,), 2)


def test_calls_are_counted_by_tool_and_failure_and_observations_apart(tmp_path: Path) -> None:
    counted = label_statistics(dataset_of(tmp_path, RIGHT, BUSY, IDLE)).agents
    # Own: "I look ." 3, "4" 1, "It is 4 ." 4, three names, three times {"q": 1} of 7.
    # Observed: "a b < script >" 5, "Error : x" 3.
    assert counted == AgentCounts(
        n_solutions=2, n_turns=4, n_calls=3, n_observations=2, own_tokens=32, observed_tokens=8,
        calls_per_solution=spread({3: 1, 0: 1}),
        tools={
            "search": ToolCounts(2, {"error": 1}, wilson(1, 2)),
            "calculator": ToolCounts(1, {"not answered": 1}, wilson(1, 1)),
        },
    )  # fmt: skip


def test_a_dataset_without_agents_says_nothing_of_them(tmp_path: Path) -> None:
    assert label_statistics(dataset_of(tmp_path, RIGHT)).agents is None


APART = [
    '<span class="thought">I look.</span>',
    '<span class="call"><b>search</b> {&#34;q&#34;: 1}</span>',
    '<span class="observed"><b>tool</b> a b &lt;script&gt;</span>',
    '<span class="observed failed"><b>tool, error</b> Error: x</span>',
]


def test_the_report_shows_thought_call_and_observation_apart(tmp_path: Path) -> None:
    wrong_in_the_end = agent("wrong", (TWO, ONE, Turn("4")), (1, 1, -1))
    page = report_html(dataset_of(tmp_path, wrong_in_the_end))
    assert [part for part in APART if part not in page] == []
    assert "2 observations, which are labelled and trained on nowhere" in page


def test_the_viewer_shows_thought_call_and_observation_apart(tmp_path: Path) -> None:
    viewer = Viewer(dataset_of(tmp_path, BUSY, RIGHT))
    try:
        client = TestClient(create_app(viewer), base_url="http://localhost")
        agents, other = (client.get(f"/v0/solution/{row}").text for row in (0, 1))
    finally:
        viewer.close()
    assert [part for part in APART if part not in agents] == []
    assert "observed" not in other


def test_the_terminal_shows_calls_by_tool(tmp_path: Path) -> None:
    page = io.StringIO()
    statistics = label_statistics(dataset_of(tmp_path, BUSY, IDLE))
    Console(file=page, width=120).print(show_statistics(statistics))
    told = page.getvalue()
    assert "32 the policy's, 8 in 2 observations" in told
    assert "1 not answered" in told
