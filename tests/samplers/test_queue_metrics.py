"""What is read from a page of metrics. The pages are vLLM's own lines."""

from __future__ import annotations

from labeler.samplers.queue_metrics import Queue, queue_of

PAGE = """\
# HELP python_gc_objects_collected_total Objects collected during gc
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{generation="0"} 9740.0
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 120.0
vllm:num_requests_running{engine="1",model_name="m"} 8.0
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 40.0
vllm:num_requests_waiting{engine="1",model_name="m"} 2.0
# HELP vllm:num_requests_waiting_by_reason Number of waiting requests by reason.
# TYPE vllm:num_requests_waiting_by_reason gauge
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 40.0
vllm:num_requests_waiting_by_reason{engine="1",model_name="m",reason="deferred"} 2.0
"""
OTHER = """\
vllm:num_requests_running{engine="0",model_name="other"} 1.0
vllm:num_requests_waiting{engine="0",model_name="other"} 3.0
"""


def test_the_engines_of_a_model_are_added_up():
    assert queue_of(PAGE, "m") == Queue(128, 42)


def test_other_models_behind_the_same_page_do_not_count():
    assert queue_of(PAGE + OTHER, "m") == Queue(128, 42)


def test_an_adapter_is_served_by_the_model_that_the_page_names():
    assert queue_of(PAGE, "m-with-adapter") == Queue(128, 42)


def test_a_page_without_a_queue_tells_none():
    assert queue_of("", "m") is None
    assert queue_of('{"data": []}', "m") is None
    assert queue_of("<html>Not Found</html>", "m") is None
    assert queue_of("vllm:num_requests_running 3.0\n", "m") is None
    assert queue_of("vllm:num_requests_running{ 3.0\nvllm:num_requests_waiting x", "m") is None
