"""Runs and probes made of NumPy arrays, healthy unless a test plants a fault."""

from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.observations import (
    EnergySeries,
    MomentumSeries,
    Observations,
    ProbeObservations,
    RunCondition,
    RunObservations,
    TrajectorySeries,
)

CONDITION = RunCondition(ensemble="nve", temperature_kelvin=300.0, timestep_fs=0.5)


@pytest.fixture
def water() -> MolecularSystem:
    return load_system("water")


@pytest.fixture
def criteria():
    """Thresholds of a check in the standard protocol, by its id."""
    return load_protocol("standard").criteria_for


@pytest.fixture
def make_trajectory():
    """Frames of a rigid molecule; the measures are those of the positions given."""

    def make(system: MolecularSystem, *, time_ps: np.ndarray, positions=None) -> TrajectorySeries:
        if positions is None:
            positions = np.repeat(system.positions_angstrom[None], len(time_ps), axis=0)
        pairs = np.array(system.bonds)
        return TrajectorySeries(
            time_ps=time_ps,
            positions_angstrom=positions,
            rmsd_angstrom=np.zeros(len(time_ps)),
            radius_of_gyration_angstrom=np.ones(len(time_ps)),
            bond_lengths_angstrom=np.linalg.norm(
                positions[:, pairs[:, 0]] - positions[:, pairs[:, 1]], axis=2
            ),
            fragments=np.full(len(time_ps), system.fragments),
            closest_contact=np.full(len(time_ps), 2.0),
        )

    return make


@pytest.fixture
def make_run(make_trajectory):
    """One NVE run of 10 ps at 300 K: energies every 5 fs, frames every 10 fs."""

    def make(system: MolecularSystem, *, total_ev=None, duration_ps=10.0, replica=0, **changes):
        time_ps = np.arange(1, round(duration_ps / 0.005) + 1) * 0.005
        rng = np.random.default_rng(replica)
        kinetic_ev = 0.12 + 0.03 * np.sin(40.0 * time_ps) + 0.001 * rng.normal(size=len(time_ps))
        if total_ev is None:
            total_ev = -140.0 + 1e-4 * rng.normal(size=len(time_ps))
        temperature = np.full(len(time_ps), 300.0)
        energies = EnergySeries(time_ps, total_ev - kinetic_ev, kinetic_ev, total_ev, temperature)
        rows = len(time_ps)
        momenta = MomentumSeries(
            time_ps, np.zeros((rows, 3)), np.zeros((rows, 3)), np.full(rows, 5.0)
        )
        run = RunObservations(
            name=f"nve_300K_0.5fs_r{replica}",
            condition=CONDITION,
            replica=replica,
            requested_ps=duration_ps,
            completed_ps=duration_ps,
            energies=energies,
            momenta=momenta,
            trajectory=make_trajectory(system, time_ps=time_ps[1::2]),
            ms_per_step_blocks=np.array([1.0, 1.2, 5.0]),
            memory_mebibytes={"peak_resident": 500.0},
            platform="CPU",
        )
        return replace(run, **changes)

    return make


@pytest.fixture
def at_condition():
    """Observations of one condition, from its runs."""

    def make(system: MolecularSystem, *runs: RunObservations) -> Observations:
        return Observations(system=system, runs=runs).at(CONDITION)

    return make


@pytest.fixture
def with_probe():
    """Observations with one probe that was done."""

    def make(system: MolecularSystem, *, name: str, data=None, arrays=None, **changes):
        probe = ProbeObservations(
            name=name, status="done", data=data or {}, arrays=arrays or {}, **changes
        )
        return Observations(system=system, probes={name: probe})

    return make


@pytest.fixture
def probe_refusals():
    """Call a check without its probe, with a skipped and with a broken one."""

    def call(function, *, system: MolecularSystem, name: str, limits):
        def judged(**probes):
            return function(Observations(system=system, probes=probes), limits)

        missing = judged()
        skipped = judged(**{name: ProbeObservations(name, "skipped", reason="it has no file.")})
        broken = judged(**{name: ProbeObservations(name, "error", "it fell", traceback="line 7")})
        return missing, skipped, broken

    return call
