"""The commands and their options. What they do is in a file each, imported when called: ``--help`` stays quick."""

from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    name="chainrule",
    help="Neural networks for tables, trained by backpropagation that you can open.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ModelFile = Annotated[str, typer.Argument(metavar="MODEL", help="A file that train or a model's save wrote.")]
TableFile = Annotated[
    str,
    typer.Argument(metavar="TABLE", help="CSV, TSV, Parquet, Arrow, JSON lines or Excel; - is CSV on standard input."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
TrainingTable = Annotated[str, typer.Argument(metavar="TABLE", help="The table that train or fit was given.")]
RowWeight = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of row weights, as --weight of train.")]
Holdout = Annotated[
    float | None, typer.Option(metavar="SHARE", help="As train was told; 0 after --test. (default: what fits)")
]
Page = Annotated[str | None, typer.Option("--html", metavar="FILE.html", help="Write it as a page, to open offline.")]
Weight = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of row weights.")]


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"chainrule {version('chainrule')}")
        raise typer.Exit


@app.callback()
def chainrule(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Neural networks for tables, trained by backpropagation that you can open."""


@app.command()
def train(
    table: TableFile,
    target: Annotated[str, typer.Option(metavar="COLUMN", help="Column to predict.")],
    out: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model file. (default: the table's name with .chainrule)")
    ] = None,
    task: Annotated[str, typer.Option(metavar="auto|regression|classification")] = "auto",
    test: Annotated[str | None, typer.Option(metavar="TABLE", help="Judge by this table.")] = None,
    holdout: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Judge by this share of the rows; 0: by validation rows. (default: 0.2)"),
    ] = None,
    weight: Weight = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Leave a column out. Repeatable.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KIND", help="Kind of a column: number, boolean, category, date or drop. Repeatable."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter of the estimator. Repeatable."),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="PATH", help="Keep the training state here, and go on from it.")
    ] = None,
    figure: Annotated[str | None, typer.Option(metavar="FILE.html", help="Write the learning curve.")] = None,
    time_limit: Annotated[float | None, typer.Option(metavar="SECONDS", help="Stop training after this time.")] = None,
    threads: Annotated[int | None, typer.Option(metavar="N", min=1, help="Threads of the computation.")] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, max=2**32 - 1, help="The same seed gives the same model.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Train a network on a table, save it, and tell how well it does on rows it has not seen."""
    from chainrule.cli.train import train as run_train
    from chainrule.cli.train_options import TrainOptions

    options = TrainOptions(
        table=table,
        target=target,
        out=out,
        task=task,
        test=test,
        holdout=holdout,
        weight=weight,
        ignore=ignore or [],
        columns=columns or [],
        settings=settings or [],
        checkpoint=checkpoint,
        figure=figure,
        time_limit=time_limit,
        threads=threads,
        seed=seed,
        as_json=as_json,
    )
    if run_train(options):
        raise typer.Exit(130)


@app.command()
def predict(
    model: ModelFile,
    table: TableFile,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="CSV or Parquet by its ending. (default: standard output)")
    ] = None,
    proba: Annotated[bool, typer.Option("--proba", help="Add the probability of each class.")] = False,
    as_json: AsJson = False,
) -> None:
    """Predict every row of a table, however large."""
    from chainrule.cli.predict import predict as run_predict

    run_predict(model, table, out=out, proba=proba, as_json=as_json)


@app.command()
def evaluate(model: ModelFile, table: TableFile, weight: Weight = None, as_json: AsJson = False) -> None:
    """Tell how well a model does on a table that has the target."""
    from chainrule.cli.evaluate import evaluate as run_evaluate

    run_evaluate(model, table, weight=weight, as_json=as_json)


@app.command()
def inspect(model: ModelFile, as_json: AsJson = False) -> None:
    """Tell what is in a model file: network, columns, target, settings, history in short."""
    from chainrule.cli.inspect import inspect as run_inspect

    run_inspect(model, as_json=as_json)


@app.command()
def explain(
    model: ModelFile,
    table: TrainingTable,
    step: Annotated[
        int | None, typer.Option(metavar="T", help="The step, from 0; -1 is the last. (default: 0)")
    ] = None,
    row: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="The last step that took this row of the table, from 0.")
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The weight to derive: 'hidden 1, 7, COLUMN'. (default: that of the largest gradient)"
        ),
    ] = None,
    row_weight: RowWeight = None,
    holdout: Holdout = None,
    html: Page = None,
    as_json: AsJson = False,
) -> None:
    """Open a step of a model's training, in numbers, and derive the change of one weight by the chain rule."""
    from chainrule.cli.explain import explain as run_explain

    run_explain(
        model,
        table,
        step=step,
        row=row,
        weight=weight,
        row_weight=row_weight,
        holdout=holdout,
        html=html,
        as_json=as_json,
    )


@app.command()
def diagnose(
    model: ModelFile,
    table: TrainingTable,
    row_weight: RowWeight = None,
    holdout: Holdout = None,
    html: Page = None,
    as_json: AsJson = False,
) -> None:
    """Examine a model's training: what went wrong, why, and what to do. Ends with 0 whatever it finds."""
    from chainrule.cli.diagnose import diagnose as run_diagnose

    run_diagnose(model, table, row_weight=row_weight, holdout=holdout, html=html, as_json=as_json)


@app.command()
def sample(
    name: Annotated[str, typer.Argument(metavar="NAME", help="iris, wine, breast_cancer, diabetes or digits.")],
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="CSV or Parquet by its ending. (default: NAME.csv)")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a table to try things on."""
    from chainrule.cli.sample import sample as run_sample

    run_sample(name, out=out, force=force)
