"""`environments:` of a run file: what it may say, what of it is a run's identity, what is made."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from labeler.config import RunConfig, load_config
from labeler.config.models import PolicyPrompt
from labeler.driver.requests import POLICY, Act
from labeler.environments.bm25 import Bm25Search
from labeler.errors import ConfigError, DataError
from labeler.labelling.identity import run_ids
from labeler.labelling.routes import routes
from labeler.wiring.doctor import findings
from labeler.wiring.environments import build_environments
from labeler.wiring.runs import build
from labeler.wiring.versions import version_hashes
from tests.acting_policy import PASSAGES, PROBLEMS, ActingSampler, corpus

RUN = """
problems: {{kind: oracle, n: 1}}
policy: {{kind: transformers, model: none, template: "{template}", system: "{system}"}}
labelers: [{labelers}]
environments: {environments}
max_turns: {max_turns}
"""
BOOKS = "{search: {kind: bm25, corpus: library/passages.jsonl, k: 1}}"


def written(
    folder,
    environments=BOOKS,
    labelers="{kind: monte_carlo}",
    max_turns=8,
    passages=PASSAGES,
    template="{problem}",
    system="",
):
    (folder / "library").mkdir(parents=True)
    corpus(folder / "library" / "passages.jsonl", passages)
    text = RUN.format(environments=environments, labelers=labelers, max_turns=max_turns,
                      template=template, system=system)  # fmt: skip
    (folder / "run.yaml").write_text(text)
    return folder / "run.yaml"


def made(config):
    return build(config, (PROBLEMS, []), {POLICY: ActingSampler()})


def test_files_are_found_from_the_run_file_and_tools_are_called_by_their_keys(tmp_path):
    config = load_config(written(tmp_path))
    [search] = build_environments(config, None)
    assert isinstance(search, Bm25Search)
    assert search.search("novel Amber") == "[Amber] Amber is a novel by Quill."
    policy = made(config).recipe.policy
    assert policy.acting.environments == {"search": "search"}
    assert json.loads(policy.acting.tools) == list(search.tools)
    assert (policy.acting.max_turns, policy.sampling.stop) == (
        8,
        ("</tool_call>", "<tool_response>"),
    )


def test_every_kind_is_made_and_asked_on_a_route_of_its_own(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    everything = (
        "{search: {kind: bm25, corpus: library/passages.jsonl}, "
        "wiki: {kind: http, url: 'http://h'}, "
        "calc: {kind: calculator, description: Reckons.}, run: {kind: python}, "
        "db: {kind: sql, tables: {t: t.csv}}}"
    )
    config = load_config(written(tmp_path, everything), ["sandbox={kind: unsafe}"])
    parts = made(config)
    known = routes(parts.samplers, parts.checker, parts.sandbox, parts.environments)
    names = [name for kind, name in known if kind is Act]
    assert names == ["search", "wiki", "calc", "run", "db"]
    tools = json.loads(parts.recipe.policy.acting.tools)
    assert [tool["function"]["name"] for tool in tools] == names
    assert tools[2]["function"]["description"] == "Reckons."


def test_where_a_corpus_lies_is_no_part_of_a_run_what_it_says_is(tmp_path):
    here, there = load_config(written(tmp_path / "a")), load_config(written(tmp_path / "b"))
    other = load_config(written(tmp_path / "c", passages=PASSAGES[1:]))
    assert here.identity() == there.identity() == other.identity()
    assert run_ids(made(here))[0] == run_ids(made(there))[0] != run_ids(made(other))[0]
    stale = [version_hashes(one, made(one))["environments"] for one in (here, there, other)]
    assert stale[0] == stale[1] != stale[2]


def test_settings_that_decide_answers_are_part_of_a_run_others_are_not(tmp_path):
    def identity(name, environments, **more):
        return load_config(written(tmp_path / name, environments, **more)).identity()

    url = "{search: {kind: http, url: 'http://%s', index: wiki, timeout_s: %s}}"
    assert identity("a", url % ("a", 1)) == identity("b", url % ("b", 2))
    assert identity("c", BOOKS) != identity("d", BOOKS.replace("k: 1", "k: 2"))
    assert identity("e", BOOKS) != identity("f", BOOKS, max_turns=9)


def test_a_run_without_environments_is_the_run_it_was(tmp_path):
    one, other = (load_config(written(tmp_path / str(n), "{}", max_turns=n)) for n in (8, 9))
    assert one.identity() == other.identity()
    assert "environments" not in version_hashes(one, made(one))


@pytest.mark.parametrize(
    ("environments", "labelers", "said"),
    [
        ("{search: {kind: bm26, corpus: x}}", "{kind: monte_carlo}", "kind bm26: .*did you mean"),
        ("{search: {kind: bm25}}", "{kind: monte_carlo}", "'.*corpus' is missing"),
        ("{search: {kind: bm25, corpus: x, kk: 1}}", "{kind: monte_carlo}", "unknown key .*kk"),
        ("{a b: {kind: calculator}}", "{kind: monte_carlo}", "a b"),
        ("{t: {kind: sql}}", "{kind: monte_carlo}", "name either tables or a database"),
        (BOOKS, "{kind: omegaprm, unit: tokens}", "omegaprm cuts between tokens"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_remedy(tmp_path, environments, labelers, said):
    with pytest.raises(ConfigError, match=said) as error:
        load_config(written(tmp_path, environments, labelers))
    assert "\n" not in str(error.value)


def test_a_corpus_that_is_not_there_is_told_before_anything_is_asked(tmp_path):
    config = load_config(written(tmp_path, BOOKS.replace("library", "nowhere")))
    with pytest.raises(DataError, match=r"nowhere/passages\.jsonl: cannot read the corpus"):
        made(config)


def test_a_prompt_may_show_the_tools(tmp_path):
    config = load_config(written(tmp_path, system="Tools:\\n{tools}", template="{problem}?"))
    policy = made(config).recipe.policy
    assert policy.system == f"Tools:\n{json.dumps(json.loads(policy.acting.tools)[0])}"
    assert PolicyPrompt().template == "{problem}"


def test_a_run_file_reaches_another_process_whole(tmp_path):
    """As Ray's tasks get it: the run file as JSON, the rest pickled (`flows.ray_shards`)."""
    config = load_config(written(tmp_path))
    again = RunConfig.model_validate_json(config.model_dump_json())
    assert again == config
    parts, there = made(config), made(again)
    assert run_ids(parts) == run_ids(there)
    assert pickle.loads(pickle.dumps(parts.recipe.policy)) == there.recipe.policy
    assert Path(again.environments["search"].corpus).is_absolute()


def test_doctor_says_which_tools_answer(tmp_path, monkeypatch):
    monkeypatch.setattr("labeler.environments.http.TRIES", 1)
    both = BOOKS[:-1] + ", wiki: {kind: http, url: 'http://127.0.0.1:9'}}"
    config = load_config(written(tmp_path, both))
    found = {one.name: one for one in findings(config, tmp_path)}
    assert found["tool search"].remedy == ""
    assert found["tool wiki"].found == "does not answer"
    assert "environments.wiki.url" in found["tool wiki"].remedy
