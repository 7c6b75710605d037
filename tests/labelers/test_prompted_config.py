"""Annotators and judges in a run file: defaults, mistakes, which models are asked."""

import pytest

from labeler.config import load_config
from labeler.errors import ConfigError

RUN = """
problems: {kind: oracle, n: 1}
policy: {kind: transformers, model: nowhere}
models: {big: {kind: transformers, model: elsewhere}}
"""


def load(tmp_path, labeler):
    path = tmp_path / "run.yaml"
    path.write_text(f"{RUN}\nlabelers: [{labeler}]\n")
    return load_config(path)


@pytest.mark.parametrize(
    ("labeler", "asked"),
    [
        ("{kind: outcome}", ()),
        ("{kind: spare}", ("policy",)),
        ("{kind: judge, model: big}", ("big",)),
        ("{kind: judge, model: big, panel: [policy, big]}", ("big", "policy")),
        ("{kind: repair, model: big}", ("big", "policy")),
        ("{kind: rubric, model: big}", ("big",)),
        ("{kind: rubric, writer: big}", ("policy", "big")),
        ("{kind: rubric, writer: big, problem_specific: false}", ("policy",)),
    ],
)
def test_which_models_are_asked(tmp_path, labeler, asked):
    assert load(tmp_path, labeler).labelers[0].models == asked


@pytest.mark.parametrize(
    ("labeler", "message"),
    [
        ("{kind: judge, votes: 4}", "votes at temperature 0 are all the same"),
        ("{kind: judge, solve_tries: 4}", "solve_tries is for judges that solve first"),
        ("{kind: judge, panel: [huge]}", "judge asks model 'huge'; known: policy, big"),
        ("{kind: spare, model: huge}", "spare asks model 'huge'; known: policy, big"),
        ("{kind: rubric, writer: huge}", "rubric asks model 'huge'; known: policy, big"),
        ("{kind: repair, k: 2, min_right: 3}", "min_right of k rollouts"),
        ("{kind: judge, vote_rule: most}", "vote_rule"),
        ("{kind: judge, promts: default}", "did you mean 'prompts'?"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(tmp_path, labeler, message):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, labeler)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_bare_name_is_a_set_of_ours_and_a_path_is_beside_the_run_file(tmp_path):
    for written, meant in [("embedded", "embedded"), ("./mine", str(tmp_path / "mine"))]:
        assert load(tmp_path, f"{{kind: spare, prompts: {written}}}").labelers[0].prompts == meant
