"""What pyproject.toml cannot say: folders of the repository that are packaged below `labeler`.

`flows/` and `data/` stand at the top of the repository; a top-level package `flows` or `data` in
site-packages would be in the way of others. `data/` holds no module, but the run files and the
embedded policies of the first runs.
"""

from setuptools import find_packages, setup

MODELS = ("policy", "agent")

setup(
    packages=[*find_packages(include=["labeler", "labeler.*"]), "labeler.flows", "labeler.data"],
    package_dir={"labeler.flows": "flows", "labeler.data": "data"},
    package_data={
        "labeler": [
            "py.typed",
            "cli/init.yaml",
            "prompts/*/*.yaml",
            "report/*.j2",
            "view/templates/*",
            "view/static/*",
        ],
        "labeler.data": [
            "*.yaml",
            "agent/corpus.jsonl",
            *(f"{one}/*.{end}" for one in MODELS for end in ("json", "jinja", "safetensors")),
        ],
    },
)
