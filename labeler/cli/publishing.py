"""Commands that hand a dataset on: to trainers, to the Hugging Face Hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from labeler.cli.base import AsJson, DatasetFolder, OutFolder, WhichTag, WhichVersion, app
from labeler.cli.child import run_flow
from labeler.errors import UserError

Shares = Annotated[
    str, typer.Option("--splits", help="Shares of problems, e.g. train=0.9,test=0.1.")
]
SourceLicence = Annotated[
    list[str], typer.Option(help="NAME=ID: the licence of a source set that states none.")
]
CardConfig = Annotated[Path | None, typer.Option(help="The run file, to be shown on the card.")]
CardSettings = Annotated[
    list[str], typer.Option("--set", help="Overrides with which --config was run.")
]
Seed = Annotated[int, typer.Option(help="Seed of splits and choices.")]


@app.command(epilog="Example: labeler export runs/quickstart --format qwen -o exports/qwen")
def export(
    dataset: DatasetFolder,
    format_name: Annotated[
        str, typer.Option("--format", "-f", help="Which format; `--format list` tells them all.")
    ],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to make.")] = None,
    version: WhichVersion = None,
    tag: WhichTag = None,
    labels: Annotated[str, typer.Option(help="hard or soft.")] = "hard",
    threshold: Annotated[
        float | None, typer.Option(help="Right where the soft label is greater (hard labels).")
    ] = None,
    after_error: Annotated[
        str, typer.Option(help="Steps after the first error: cut, mask or keep.")
    ] = "cut",
    neutral: Annotated[str, typer.Option(help="Neutral steps: right, wrong or mask.")] = "right",
    balance: Annotated[
        bool, typer.Option("--balance", help="As many positives as negatives.")
    ] = False,
    dropped_too: Annotated[
        bool, typer.Option("--dropped-too", help="Also what consensus did not keep.")
    ] = False,
    max_length: Annotated[
        int | None, typer.Option(help="Leave out what is longer (characters, or tokens).")
    ] = None,
    tokenizer: Annotated[str, typer.Option(help="Model folder whose tokens count.")] = "",
    splits: Shares = "train=0.9,test=0.1",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Write a dataset in the format of a trainer or benchmark; no problem is in two splits."""
    from labeler.dataset import resolve
    from labeler.export import (
        FORMATS,
        AfterError,
        ExportOptions,
        Labels,
        Neutral,
        format_named,
    )
    from labeler.export import export as write

    if format_name == "list":
        if as_json:
            told = {
                one.name: {"about": one.about, "read_by": one.readers, "not_expressed": one.loss}
                for one in FORMATS.values()
            }
            typer.echo(json.dumps(told))
            return
        for known in FORMATS.values():
            typer.echo(f"{known.name:<14} {known.about}\n{'':<14} read by: {known.readers}")
        return
    fmt = format_named(format_name)
    if out is None:
        raise UserError("--out is missing: name the folder to make, such as -o exports/trl")
    options = ExportOptions(
        labels=Labels(_one_of("--labels", labels, Labels)),
        threshold=threshold,
        after_error=AfterError(_one_of("--after-error", after_error, AfterError)),
        neutral=Neutral(_one_of("--neutral", neutral, Neutral)),
        balance=balance,
        dropped_too=dropped_too,
        max_length=max_length,
        tokenizer=tokenizer,
        splits=_shares(splits),
        seed=seed,
    )
    summary = write(resolve(dataset, version, tag), fmt, out, options)
    if as_json:
        typer.echo(summary.to_json())
        return
    written = ", ".join(f"{name} {n:,}" for name, n in summary.examples.items())
    typer.echo(f"{out}: {fmt.name}, version {summary.version}: {written}")
    for reason, n in summary.rejected.items():
        typer.echo(f"left out: {n:,} ({reason})")
    typer.echo(f"read by: {fmt.readers}\nnot expressed: {fmt.loss}")


@app.command(epilog="Example: labeler push runs/quickstart me/my-steps --dry-run exports/hub")
def push(
    dataset: DatasetFolder,
    repository: Annotated[str, typer.Argument(help="namespace/name on the Hub.")],
    version: WhichVersion = None,
    tag: WhichTag = None,
    name: Annotated[
        str, typer.Option("--as", help="Tag on the Hub; v<version> or --tag if left out.")
    ] = "",
    private: Annotated[
        bool, typer.Option("--private/--public", help="Who may see a new repository.")
    ] = True,
    licence: Annotated[
        str | None, typer.Option(help="Licence to publish under; the sources' own if they agree.")
    ] = None,
    source_licence: SourceLicence = [],  # noqa: B006, typer reads the default
    config: CardConfig = None,
    settings: CardSettings = [],  # noqa: B006
    splits: Shares = "train=1",
    seed: Seed = 0,
    dry_run: Annotated[
        Path | None, typer.Option(help="Write the tree to this folder; send nothing.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a version on the Hugging Face Hub: card and Parquet, one commit, one tag."""
    from dataclasses import asdict

    from labeler.dataset import resolve
    from labeler.hub import Publication, publish, write_dry

    publication = Publication(
        repository=repository,
        tag=name or tag or "",
        licence=licence,
        source_licences=dict(_pair("--source-licence", text) for text in source_licence),
        splits=_shares(splits),
        seed=seed,
        config=config,
        overrides=settings,
    )
    chosen = resolve(dataset, version, tag)
    if dry_run is not None:
        files = write_dry(chosen, publication, dry_run)
        typer.echo(json.dumps({"files": files}) if as_json else "\n".join(files))
        return
    pushed = publish(chosen, publication, private)
    if as_json:
        typer.echo(json.dumps(asdict(pushed)))
        return
    what = "is there already" if pushed.already_there else f"published, {pushed.files} files"
    typer.echo(f"{pushed.repository}@{pushed.tag}: {what}; commit {pushed.commit[:12]}")


@app.command(
    epilog="Example: labeler publish --out runs/my --repository me/my-steps --tag v1.0 --approval"
)
def publish(
    out: OutFolder,
    repository: Annotated[str, typer.Option(help="namespace/name on the Hub.")],
    version: WhichVersion = None,
    tag: Annotated[str, typer.Option(help="Name of the version, here and on the Hub.")] = "",
    licence: Annotated[
        str | None, typer.Option(help="Licence to publish under; the sources' own if they agree.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Everybody may see a new repository.")
    ] = False,
    approval: Annotated[
        bool, typer.Option("--approval", help="Wait until a person resumes it on Prefect's page.")
    ] = False,
    export_format: Annotated[
        str | None, typer.Option(help="Also write the version in this format, beside the dataset.")
    ] = None,
    dry_run: Annotated[
        str | None, typer.Option(help="Write the tree to this folder; send nothing.")
    ] = None,
    source_licence: SourceLicence = [],  # noqa: B006
    config: CardConfig = None,
    settings: CardSettings = [],  # noqa: B006
    splits: Shares = "train=1",
    seed: Seed = 0,
) -> None:
    """Publish as `push` does, but as a Prefect flow: shown on its page, and approved there."""
    run_flow(
        "publish",
        out=out,
        repository=repository,
        version=version,
        tag=tag,
        licence=licence,
        private=not public,
        approval=approval,
        export_format=export_format,
        dry_run=dry_run,
        source_licences=dict(_pair("--source-licence", text) for text in source_licence),
        splits=_shares(splits),
        seed=seed,
        config=None if config is None else str(config),
        overrides=settings,
    )


def _one_of(option: str, value: str, choices: type) -> str:
    from labeler.extensions import choose_among

    known = [str(choice) for choice in choices]  # type: ignore[attr-defined]
    if value not in known:
        raise UserError(f"{option} {value}: {choose_among(value, known)}")
    return value


def _pair(option: str, text: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise UserError(f"{option} {text}: write NAME=VALUE")
    return left.strip(), right.strip()


def _shares(text: str) -> dict[str, float]:
    pairs = [_pair("--splits", part) for part in text.split(",")]
    try:
        return {name: float(share) for name, share in pairs}
    except ValueError as error:
        raise UserError(
            f"--splits {text}: a share is a number, as in train=0.9,test=0.1"
        ) from error
