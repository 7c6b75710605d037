"""Publishes a version: card and Parquet to the Hub, one commit, one tag; a person may have the say.

`labeler publish` calls it. With `approval` the run shows the card and pauses until somebody resumes
it on Prefect's page; a run that nobody resumes fails after `approval_timeout_s`, and nothing was
sent. With `export_format` the version is first written in a trainer's format beside the dataset.
All that `labeler push` can be told, the flow can be told (`labeler.hub.Publication`).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger, runtime, task
from prefect.flow_runs import pause_flow_run
from pydantic import Field

from labeler.dataset import resolve
from labeler.dataset.storage import storage_of
from labeler.dataset.tagging import set_tag
from labeler.export import ExportOptions, format_named
from labeler.export import export as write_export
from labeler.hub import Publication, Pushed, write_dry
from labeler.hub import publish as push_to_hub

from .at_work import told
from .error_filter import explain_errors
from .reporting import show_text, with_version

DAY_S = 24 * 3600


def _run_name() -> str:
    given = runtime.flow_run.parameters
    what = with_version(given["out"], given.get("version"))
    return f"publish {what} as {given['repository']}"


@task(task_run_name="export {format_name}", persist_result=False)
def export_version(out: str, version: int, format_name: str) -> str:
    """Writes the version in a trainer's format to OUT/_exports; an earlier export is left alone."""
    folder = storage_of(out).local / "_exports" / f"{format_name}-v{version}"
    if not folder.exists():
        write_export(resolve(out, version), format_named(format_name), folder, ExportOptions())
    return str(folder)


@task(task_run_name="card of {publication.repository}", persist_result=False)
def card_of(out: str, version: int, publication: Publication) -> str:
    """The card as it would be published; raises where a licence stands against it."""
    with tempfile.TemporaryDirectory(prefix="labeler-card-") as scratch:
        folder = Path(scratch) / "tree"
        write_dry(resolve(out, version), publication, folder)
        return (folder / "README.md").read_text(encoding="utf-8")


@task(task_run_name="push {publication.repository}", persist_result=False, retries=0)
def push_version(out: str, version: int, publication: Publication, private: bool) -> Pushed:
    """One commit and one tag on the Hub; doing it again changes nothing."""
    return push_to_hub(resolve(out, version), publication, private)


@flow(name="publish", flow_run_name=_run_name, validate_parameters=True, persist_result=False)
async def publish(
    out: str,
    repository: str,
    version: int | None = None,
    tag: str = "",
    licence: str | None = None,
    private: bool = True,
    approval: bool = False,
    approval_timeout_s: int = DAY_S,
    export_format: str | None = None,
    dry_run: str | None = None,
    source_licences: dict[str, str] = {},  # noqa: B006, Prefect reads the default
    splits: Annotated[dict[str, float], Field(min_length=1)] = {"train": 1.0},  # noqa: B006
    seed: int = 0,
    config: str | None = None,
    overrides: list[str] = [],  # noqa: B006
) -> Pushed | None:
    """Publishes a version, the newest by default; None with `dry_run`, which writes a folder.

    `tag` names the version here and on the Hub; `{version}` in it stands for the number, so that
    every run of a schedule has a tag of its own. `config` is the path of the run file that made the
    dataset, shown on the card, `overrides` what was `--set` with it. Raises `LabelerError` where it
    cannot be published.
    """
    explain_errors()
    # Chosen once: what somebody approves is what is sent, whatever is committed meanwhile.
    number = resolve(out, version).version
    tag = tag.replace("{version}", str(number))
    publication = Publication(
        repository=repository,
        tag=tag,
        licence=licence,
        source_licences=source_licences,
        splits=splits,
        seed=seed,
        config=None if config is None else Path(config),
        overrides=overrides,
    )
    waits_s = approval_timeout_s if approval else None
    return await told(_publish(out, number, publication, private, waits_s, export_format, dry_run))


async def _publish(
    out: str,
    number: int,
    publication: Publication,
    private: bool,
    waits_s: int | None,
    export_format: str | None,
    dry_run: str | None,
) -> tuple[Pushed | None, str]:
    """The work, and what came of it in one line; `waits_s` for a person, None to wait for none."""
    logger = get_run_logger()
    card = card_of(out, number, publication)
    await show_text("publication-card", f"version {number} of {out}\n\n{card}")
    if export_format:
        logger.info("exported to %s", export_version(out, number, export_format))
    if dry_run:
        files = write_dry(resolve(out, number), publication, Path(dry_run))
        logger.info("%s: %d files, nothing sent", dry_run, len(files))
        return None, f"{dry_run}: {len(files)} files of version {number}, nothing sent"
    if waits_s is not None:
        logger.info("version %d waits for approval: resume this run to publish it", number)
        await pause_flow_run(timeout=waits_s)  # type: ignore[misc]
    pushed = push_version(out, number, publication, private)
    if publication.tag:
        set_tag(out, publication.tag, number)
    what = "was there already" if pushed.already_there else f"published, {pushed.files} files"
    said = f"version {number} is {pushed.repository}@{pushed.tag}: {what}; commit {pushed.commit}"
    logger.info("%s", said)
    return pushed, said
