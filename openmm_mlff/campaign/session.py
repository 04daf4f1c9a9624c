"""One start of a campaign: what is left to do, on workers, into the store."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.plan import Cell
from openmm_mlff.campaign.spec import QUEUES, CampaignSpec, ClusterSpec
from openmm_mlff.campaign.store import LOST, Store
from openmm_mlff.campaign.worker import run_cell
from openmm_mlff.errors import ConfigError, MissingDependencyError
from openmm_mlff.rundir import RunDirectory
from openmm_mlff.simulation.environment import gpu_count, usable_cores

Progress = Callable[[int, int, str], None]
"""Called with how many runs are through, how many there are in all, and a few words."""


def open_store(spec: CampaignSpec, cells: Sequence[Cell], *, root: Path) -> Store:
    """Make the folder of a campaign and write down what is asked for.

    Args:
        spec: of the campaign.
        cells: from :func:`openmm_mlff.campaign.plan.expand`.
        root: of the campaign.

    Returns:
        The store.

    Raises:
        RunDirectoryError: the folder cannot be written.
    """
    store = Store(RunDirectory.create(root.resolve()).root)
    store.write_campaign(spec.model_dump(mode="json"), [cell.row() for cell in cells])
    return store


def left_to_do(cells: Sequence[Cell], store: Store) -> list[Cell]:
    """List the runs that have no verdict yet, each address once.

    Args:
        cells: of the campaign.
        store: what there is already.

    Returns:
        Those to be run, in order; what failed is among them, what cannot be run is not.
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
    """Run cells; every result is in the store as soon as it is there.

    Args:
        spec: of the campaign.
        cells: to be run, from :func:`left_to_do`.
        store: of the campaign.
        scheduler: address of a running Dask scheduler, instead of the campaign's own cluster.
        on_progress: called as runs begin and end.

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
    session = f"{time.time():017.6f}-{os.getpid()}"
    about = {
        "started": time.time(),
        "where": scheduler or spec.cluster.kind,
        "cells": len(cells),
        "ended": None,
    }
    arguments = {cell.address: _arguments(cell, store, session) for cell in cells}
    done = 0

    def on_wait(running: int, present: int) -> None:
        on_progress(done, len(cells), f"{running} running, {present} workers")

    local = scheduler is None and spec.cluster.kind not in QUEUES
    store.write_session(session, about)
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
            on_progress(done, len(cells), f"{len(cells) - done} to go")
    store.write_session(session, about | {"ended": time.time()})


def workers_for(cluster: ClusterSpec, *, n_cells: int) -> int:
    """Say how many workers to start: no more than there are runs, cores or GPUs.

    Args:
        cluster: where the campaign runs.
        n_cells: how many runs there are.

    Returns:
        At least one.

    Raises:
        ConfigError: GPUs were asked for on a machine that has none.
    """
    if cluster.kind in QUEUES:
        return min(cluster.workers or 1, n_cells)
    if not cluster.gpu:
        return min(cluster.workers or usable_cores() or 1, n_cells)
    found = gpu_count()
    if found == 0:
        raise ConfigError(
            "the campaign asks for a GPU for every run (gpu = true), and this machine has none; "
            "leave it out, or name a scheduler or a queue"
        )
    return min(cluster.workers or found, found, n_cells)


def _arguments(cell: Cell, store: Store, session: str) -> dict[str, Any]:
    """Give what a worker needs to know; its own working folder may be another."""
    return {
        "cell": cell,
        "root": str(store.root),
        "working_folder": str(Path.cwd()),
        "session": session,
    }
