"""Run the remaining cells of a campaign on workers."""

from collections.abc import Callable, Sequence
from pathlib import Path

from openmm_mlff.campaign.plan import Cell
from openmm_mlff.campaign.spec import QUEUES, CampaignSpec, ClusterSpec
from openmm_mlff.campaign.store import LOST, Store
from openmm_mlff.campaign.worker import run_cell
from openmm_mlff.errors import ConfigError, MissingDependencyError
from openmm_mlff.isolation.cores import usable_cores
from openmm_mlff.simulation.environment import gpu_count
from openmm_mlff.storage.run_directory import RunDirectory

Progress = Callable[[int, int, str], None]
"""Called with the number of completed runs, the total, and a short message."""


def open_store(spec: CampaignSpec, cells: Sequence[Cell], *, root: Path) -> Store:
    """Create the folder of a campaign and write its specification.

    Raises:
        RunDirectoryError: the folder cannot be written.
    """
    store = Store(RunDirectory.create(root.resolve()).root)
    store.write_campaign(spec.model_dump(mode="json"), [cell.row() for cell in cells])
    return store


def left_to_do(cells: Sequence[Cell], store: Store) -> list[Cell]:
    """Return the runs without a verdict, each address once.

    Failed runs are included; runs that cannot be run are not.
    """
    first = {cell.address: cell for cell in reversed(cells) if not cell.problem}
    wanted = [cell for cell in cells if first.get(cell.address) is cell]
    return [cell for cell in wanted if not store.is_done(cell.address)]


def run_session(
    spec: CampaignSpec,
    cells: Sequence[Cell],
    store: Store,
    *,
    scheduler: str | None = None,
    on_progress: Progress = lambda done, total, words: None,
) -> None:
    """Run cells; every result is written to the store when it arrives.

    ``scheduler`` is the address of a running Dask scheduler to use instead of the configured
    cluster.

    Raises:
        UserError: the cluster cannot be reached or started.
        MissingDependencyError: Dask is not installed.
    """
    try:
        from openmm_mlff.campaign.cluster import PATIENCE_SECONDS, Loss, open_cluster, run_each
    except ImportError as error:
        raise MissingDependencyError(
            f"a campaign needs Dask, which is not installed ({error}); "
            "run: pip install 'openmm-mlff[campaign]'"
        ) from error
    workers = workers_for(spec.cluster, n_cells=len(cells)) if scheduler is None else 0
    # The working directory of a worker may differ.
    places = {"root": str(store.root), "working_folder": str(Path.cwd())}
    arguments = {cell.address: {"cell": cell, **places} for cell in cells}
    done = 0

    def on_wait(running: int, present: int) -> None:
        on_progress(done, len(cells), f"{running} running, {present} workers")

    local = scheduler is None and spec.cluster.kind not in QUEUES
    with open_cluster(
        spec.cluster, workers=workers, logs=store.root / "logs", scheduler=scheduler
    ) as client:
        for address, result in run_each(
            client,
            run_cell,
            arguments,
            gpu=spec.cluster.gpu,
            patience_seconds=PATIENCE_SECONDS if local else float("inf"),
            on_wait=on_wait,
        ):
            if isinstance(result, Loss):
                store.write_result(address, {"status": LOST, "message": result.reason})
            done += 1
            on_progress(done, len(cells), f"{len(cells) - done} remaining")


def workers_for(cluster: ClusterSpec, *, n_cells: int) -> int:
    """Return the number of workers: at most the number of runs, cores or GPUs, at least one.

    Raises:
        ConfigError: GPUs were requested on a machine without any.
    """
    if cluster.kind in QUEUES:
        return min(cluster.workers or 1, n_cells)
    if not cluster.gpu:
        return min(cluster.workers or usable_cores() or 1, n_cells)
    found = gpu_count()
    if found == 0:
        raise ConfigError(
            "gpu = true requests a GPU for every run, but this machine has none; remove it, or "
            "name a scheduler or a queue that has GPUs"
        )
    return min(cluster.workers or found, found, n_cells)
