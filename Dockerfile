# The labeler on a CPU: what `pip install step-labeler` gives, and bubblewrap for programs of models.
#   docker build -t labeler .
#   docker run --rm -v "$PWD/runs:/work/runs" labeler run quickstart --out runs/quickstart
# The sandbox needs user namespaces: add `--security-opt seccomp=unconfined --security-opt
# apparmor=unconfined` for methods that run programs (`labeler doctor --sandbox` says whether it holds).
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap=0.8.* \
    && rm -rf /var/lib/apt/lists/*

# The CPU build of PyTorch: the default one brings two gigabytes of CUDA.
ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu \
    PIP_NO_CACHE_DIR=1 \
    DO_NOT_TRACK=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false

WORKDIR /src
COPY constraints.txt pyproject.toml setup.py README.md LICENSE ./
COPY labeler labeler
COPY flows flows
COPY data data
RUN pip install --constraint constraints.txt . && rm -rf /src

# Programs of models never run as root.
RUN useradd --create-home --uid 1000 labeler
USER 1000
WORKDIR /work
ENTRYPOINT ["labeler"]
CMD ["--help"]
