"""Judging of planted records, and potentials of springs."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.base import Check
from openmm_mlff.config import Threshold
from openmm_mlff.measuring.subject import Subject
from openmm_mlff.molecules import load_system
from openmm_mlff.results import CheckResult
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.selftest.oracles.surface import SurfacePotential


class Springs(SurfacePotential):
    """Springs between pairs of atoms: E = Σ ½ k (d − r)²."""

    composition_is_free = False

    def __init__(self, springs: Mapping[tuple[int, int], tuple[float, float]]) -> None:
        super().__init__(name="springs", seed=0)
        self._pairs = np.array(list(springs), dtype=int).reshape(-1, 2)
        self._constants, self._rests = np.array(list(springs.values())).reshape(-1, 2).T

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def radial(distances):
            stretch = distances - self._rests
            return 0.5 * self._constants * stretch**2, self._constants * stretch

        return PairSurface(len(atomic_numbers), self._pairs, radial)


@pytest.fixture
def springs():
    """The class of potentials of springs."""
    return Springs


@pytest.fixture
def judge_runs(at_condition, limits):
    """Judge the replicas of one condition by a check, as a result with its sentence."""

    def make(check: Check):
        def call(system, *runs) -> CheckResult:
            record = at_condition(system, *runs)
            judgement = check.judge(record, limits(check.id))
            return check.result(judgement, system=system.name, condition=record.condition)

        return call

    return make


@pytest.fixture
def faulty(make_subject):
    """A subject with a fault of the selftest, at its gross strength unless another is given."""

    def make(name: str, *, strength: float | None = None, **changes) -> Subject:
        fault = get_fault(name)
        molecule = load_system(fault.system)
        sound = healthy(fault.parent, molecule=molecule, seed=0)
        planted = fault.plant(sound, fault.gross if strength is None else strength)
        return make_subject(planted, molecule, **changes)

    return make


@pytest.fixture
def sound(make_subject):
    """A subject without a fault."""

    def make(name: str = "water", **changes) -> Subject:
        molecule = load_system(name)
        return make_subject(healthy("bonded", molecule=molecule, seed=0), molecule, **changes)

    return make


@pytest.fixture
def with_stability():
    """Change limits of a subject's ``criteria.stability``."""

    def change(subject: Subject, **values: float) -> Subject:
        protocol = subject.settings.protocol
        limits = dict(protocol.limits_for("stability"))
        for name, value in values.items():
            limits[name] = Threshold(value=value, unit=limits[name].unit, source="a test")
        criteria = {**protocol.criteria, "stability": limits}
        protocol = protocol.model_copy(update={"criteria": criteria})
        subject.settings = replace(subject.settings, protocol=protocol)
        return subject

    return change
