"""A run file is checked when it is loaded: every mistake is one line that names the key."""

import textwrap
from pathlib import Path

import pytest

from labeler.config import RunConfig, contract, load_config
from labeler.errors import ConfigError

ROOT = Path(__file__).parent.parent
GOOD = """
    seed: 3
    problems: {kind: oracle, n: 20}
    policy: {kind: transformers, model: policy, delimiter: "\\n"}
    labelers:
      - {kind: monte_carlo, k: 4}
"""


def write(tmp_path, text):
    path = tmp_path / "run.yaml"
    path.write_text(textwrap.dedent(text))
    return path


def test_the_quickstart_is_a_run_file():
    config = load_config(ROOT / "data" / "quickstart.yaml")
    assert config.problems.kind == "oracle"
    assert config.policy.model == str(ROOT / "data" / "policy")


def test_paths_are_relative_to_the_file(tmp_path):
    assert load_config(write(tmp_path, GOOD)).policy.model == str(tmp_path / "policy")


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("labelers.0.kk=8", "unknown key 'labelers.0.kk'; did you mean 'k'?"),
        ("sede=4", "unknown key 'sede'; did you mean 'seed'?"),
        # A key of another kind: those of this kind are named.
        ("problems.limits=4", "unknown key 'problems.limits'; did you mean 'limit'?"),
        ("problems={kind: oracle, kind: plain}", "key 'kind' stands there twice"),
        ("seed=a", "key 'seed': Input should be a valid integer, got 'a'"),
        ("labelers.0.k=0", "key 'labelers.0.k': Input should be greater than or equal to 1, got 0"),
        (
            "problems.n=99999999999999999999",
            "key 'problems.n': Input should be less than or equal to 1000000, "
            "got 99999999999999999999",
        ),
        ("problems.n=2.5", "key 'problems.n': Input should be a valid integer, got 2.5"),
        ("labelers=[]", "key 'labelers': "),
        ("labelers.0.kind=magic", "key 'labelers.0': "),
        ("policy.template=Solve!", "key 'policy': template must hold {problem} exactly once"),
        ("policy.sampling.temperature=-1", "key 'policy.sampling.temperature': "),
        ("policy.engine=vllm", "unknown key 'policy.engine'; "),
        ("policy={model: m}", "key 'policy': write engine: transformers, engine: openai or engine"),
        ("policy={engine: vllm, model: m, command: [serve]}", "key 'policy': command says no port"),
        (
            "policy={engine: vllm, model: m, urls: ['http://h'], replicas: 2}",
            "key 'policy': urls: these servers run already; remove command, env, replicas, port",
        ),
        (
            "policy={engine: openai, model: m, urls: ['http://h'], concurrency: 0}",
            "key 'policy.concurrency': write auto, or a number from 1 on, not 0",
        ),
        ("solutions=0", "solutions is 0 and no labeler writes any: nothing would be labelled"),
        ("problems.difficulty.min_steps=12", "min_steps 12 is above max_steps 8"),
        ("problems={kind: plain}", "key 'problems.path' is missing; add it"),
        ("problems={}", "key 'problems': "),
        ("seed", "--set seed: write key=value"),
        ("seed.x=3", "--set seed.x=3: seed holds no keys; check the path"),
    ],
)
def test_mistakes(tmp_path, override, line):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, GOOD), [override])
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("[", "expected the node content, but found '<stream end>'"),
        ("a: b: c", "mapping values are not allowed here"),
        ("2024-13-01", "month must be in 1..12"),
        ("{2024-01-01: 1}", "keys must be str, int, float, bool or None, not datetime.date"),
        ("!!bool x", "'x'"),
        ("&a [*a]", "Circular reference detected"),
        ("[" * 3000, "nested too deeply"),
    ],
)
def test_a_setting_that_is_no_yaml_is_one_line_that_names_its_key(tmp_path, value, reason):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, GOOD), [f"problems.n={value}"])
    remedy = "mend it, or quote what is text"
    assert str(caught.value) == f"--set problems.n: not YAML ({reason}); {remedy}"


def test_a_date_is_text(tmp_path):
    assert load_config(write(tmp_path, GOOD), ["name=2024-01-01"]).name == "2024-01-01"


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "run.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "run.yaml")
    assert str(caught.value) == f"{tmp_path}/run.yaml: not YAML (not text); mend the file"


def test_a_line_that_is_no_yaml_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"run.yaml:3: not YAML"):
        load_config(write(tmp_path, "seed: 1\nproblems: [\nseed: 2"))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone.yaml: cannot read the run file"):
        load_config(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    "override",
    ["run.shards=9", "name=other", "policy.device=cuda", "policy.rows_per_batch=7"],
)
def test_how_a_run_runs_is_no_part_of_its_identity(tmp_path, override):
    path = write(tmp_path, GOOD)
    assert load_config(path, [override]).identity() == load_config(path).identity()


VLLM = "{engine: vllm, model: m, dtype: bfloat16"


def test_an_engine_may_be_called_kind_or_engine(tmp_path):
    path = write(tmp_path, GOOD)
    one, other = (
        load_config(path, [f"policy={{{key}: transformers, model: policy}}"])
        for key in ("kind", "engine")
    )
    assert one == other


@pytest.mark.parametrize(
    "where",
    [
        "replicas: 4",
        "urls: ['http://h']",
        "gpu_memory: 0.5",
        "port: 8000",
        "env: {A: b}",
        "command: [serve, '{port}']",
        "devices: ['3']",
        "restarts: 0",
        "start_timeout_s: 9",
        "concurrency: 9",
    ],
)
def test_where_an_engine_runs_is_no_part_of_a_runs_identity(tmp_path, where):
    path = write(tmp_path, GOOD)
    one = load_config(path, [f"policy={VLLM}}}"])
    other = load_config(path, [f"policy={VLLM}, {where}}}"])
    assert one != other
    assert one.identity() == other.identity()


@pytest.mark.parametrize("what", ["max_length: 9", "args: [--quantization, fp8]", "api: chat"])
def test_what_an_engine_is_asked_to_serve_is(tmp_path, what):
    path = write(tmp_path, GOOD)
    one = load_config(path, [f"policy={VLLM}}}"])
    assert load_config(path, [f"policy={VLLM}, {what}}}"]).identity() != one.identity()


def test_an_engines_files_are_relative_to_the_run_file_and_hub_names_stay(tmp_path):
    (tmp_path / "serve").write_text("")
    path = write(tmp_path, GOOD)
    how = "command: [./serve, a/b, python3, '{port}'], model: me/m"
    policy = load_config(path, [f"policy={{engine: vllm, {how}}}"]).policy
    assert policy.model == "me/m"
    assert policy.command == (str(tmp_path / "serve"), "a/b", "python3", "{port}")


@pytest.mark.parametrize("override", ["seed=4", "labelers.0.k=5", "problems.n=21", "solutions=2"])
def test_what_decides_labels_is(tmp_path, override):
    path = write(tmp_path, GOOD)
    assert load_config(path, [override]).identity() != load_config(path).identity()


def test_a_config_comes_back_as_it_went_in(tmp_path):
    config = load_config(write(tmp_path, GOOD))
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


def test_the_contract_in_schemas_is_the_one_in_force():
    assert (ROOT / "schemas" / "run_config.v1.json").read_text() == contract()


FUSED = GOOD + "    consensus: {rule: fusion, %s: 3.0}\n"


@pytest.mark.parametrize("name", ["family_voices", "max_effective_votes"])
def test_older_run_files_say_family_voices_and_are_the_same_run(tmp_path, name):
    config = load_config(write(tmp_path, FUSED % name), ["policy.model=/policy"])
    assert config.consensus.max_effective_votes == 3.0
    # As 2b308d2 hashed it.
    then = "39037fe1a3e9f2b42a1fec0a0ddbe656186e24c9749ba1b194c8b348bd70cd55"
    assert config.earlier_identity() == then


def test_one_setting_is_not_given_under_two_names(tmp_path):
    given = FUSED % "max_effective_votes: 3.0, family_voices"
    with pytest.raises(ConfigError, match=r"unknown key 'consensus\.family_voices'"):
        load_config(write(tmp_path, given))
