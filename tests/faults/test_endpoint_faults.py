"""Runs through a proxy that spoils replies end with the labels of a run on the server itself."""

import json

import pytest

from labeler.errors import BackendDown
from tests.faults.conftest import N_PROBLEMS, label, labels
from tests.faults.proxy import FAULTS, FaultProxy, running


def test_with_three_replies_in_ten_spoilt_the_labels_are_the_same(server, undisturbed, tmp_path):
    proxy = FaultProxy(server, share=0.3, seed=1)
    with running(proxy):
        # Patience for a loaded machine, yet short enough for the replies that never come.
        label(tmp_path / "out", proxy.url, timeout_s=3)
    assert labels(tmp_path / "out") == undisturbed
    assert set(proxy.spoilt) == set(FAULTS)
    assert proxy.spoilt.total() > 0.2 * proxy.asked.total() > 20


@pytest.mark.parametrize("how", ["dead", "silent"])
def test_when_one_of_two_replicas_goes_for_good_the_other_answers_for_both(
    server, undisturbed, tmp_path, how
):
    frail, well = FaultProxy(server, goes_after=40, goes=how), FaultProxy(server)
    with running(frail, well):
        summary = label(tmp_path / "out", frail.url, well.url, timeout_s=3)
    assert labels(tmp_path / "out") == undisturbed
    assert (frail.asked.total() >= 40, frail.spoilt[how] > 0) == (True, True)
    assert sum(cost.failed for cost in summary.cost.values()) == 0


@pytest.mark.parametrize("how", ["dead", "silent"])
def test_when_the_only_server_goes_for_good_every_problem_is_labelled_or_refused_with_a_reason(
    server, tmp_path, how
):
    proxy = FaultProxy(server, goes_after=40, goes=how)
    with running(proxy):
        summary = label(tmp_path / "out", proxy.url, timeout_s=0.5, attempts=3)
    rows = labels(tmp_path / "out")
    listed = (tmp_path / "out" / "_rejections" / f"{summary.run_id}.jsonl").read_text()
    refused = {
        one["record_id"]: one["reason"]
        for one in map(json.loads, listed.splitlines())
        if "no reply" in one["reason"]
    }
    assert len({row["problem_id"] for row in rows} | refused.keys()) == N_PROBLEMS
    assert all(reason.startswith("no reply after 3 tries: http") for reason in refused.values())
    reasons = {
        piece["reason"]
        for row in rows
        for step in row["steps"]
        for piece in step["evidence"]
        if piece["verdict"] == "unknown"
    }
    assert any("no reply after 3 tries: http" in reason for reason in reasons)
    assert "" not in reasons


def test_a_server_that_still_loads_its_model_is_waited_for(server, undisturbed, tmp_path):
    proxy = FaultProxy(server, loading=3)
    with running(proxy):
        label(tmp_path / "out", proxy.url)
    assert labels(tmp_path / "out") == undisturbed
    assert proxy.spoilt == {"loading": 3}


def test_a_server_that_is_dead_from_the_start_is_one_line(server, tmp_path):
    proxy = FaultProxy(server, goes_after=0, goes="dead")
    with running(proxy), pytest.raises(BackendDown) as caught:
        label(tmp_path / "out", proxy.url)
    line = f"no server answers at {proxy.url}; start it or check --set policy.urls"
    assert str(caught.value) == line
