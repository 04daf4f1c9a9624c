"""Perform the measurements that the checks of a plan need for one molecule."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

from openmm_mlff.checks.base import Check, conditions_of, measurement_name
from openmm_mlff.checks.registry import get_check
from openmm_mlff.measuring.guard import Broken, Outcome, guarded
from openmm_mlff.measuring.journal import NO_JOURNAL, PLATFORM, Journal
from openmm_mlff.measuring.shared import SHARED, needs_in_order
from openmm_mlff.measuring.stage_names import Progress
from openmm_mlff.measuring.subject import Settings, Subject
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.pipeline.resuming import keep_platform
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.results import Status
from openmm_mlff.simulation.environment import all_torch_threads
from openmm_mlff.simulation.platforms import PlatformChoice, choose_platform
from openmm_mlff.storage.measurements import (
    DONE,
    ERROR,
    NOT_APPLICABLE,
    MeasurementStore,
    NotApplicable,
    Skipped,
)
from openmm_mlff.storage.run_directory import SYSTEM_FILE, molecule_to_json, write_json
from openmm_mlff.storage.runs import Runs

SETTLED = (DONE, NOT_APPLICABLE)
NOT_EVALUATED = "labelled frames can be compared, not evaluated at other geometries"
STEPPED = ("box", "npt", "minimum", "trajectories", "samples", "short_runs")
"""Shared measurements with one geometry per call, which more threads would slow down."""


def produce(
    plan: Plan, molecule: MolecularSystem, *, on_progress: Progress, journal: Journal = NO_JOURNAL
) -> str:
    """Perform all measurements of a plan for one of its molecules.

    A failure is recorded with its measurement; the others continue.

    Returns:
        Name of the platform; empty if no platform could run it.
    """
    folder = plan.directory.system(molecule.name)
    write_json(folder / SYSTEM_FILE, molecule_to_json(molecule))
    chosen = journal.run(
        f"{molecule.name}: platform",
        lambda: keep_platform(plan.directory.root, lambda: _choose_platform(plan, molecule)),
    )
    checks = [check for check, _ in plan.checks]
    if chosen.value is None:
        broken = chosen.broken or Broken("no platform was chosen", "")
        for check in checks:
            for condition in conditions_of(check, plan.spec.protocol):
                name = measurement_name(check, condition)
                MeasurementStore(folder).write_error(name, **vars(broken))
        return ""
    journal.tell(PLATFORM, chosen.value.name)
    subject = Subject(
        plan.potential,
        molecule,
        platform=chosen.value,
        settings=Settings(plan.spec.protocol, plan.spec.precision, plan.spec.seed),
        folder=folder,
        reference=None if molecule.name in plan.no_reference else plan.reference,
        on_progress=partial(on_progress, molecule.name),
        journal=journal,
        is_undecided=partial(_is_undecided, plan),
    )
    if plan.spec.protocol.box is not None:
        failed: dict[str, Broken] = {}
        _obtain(subject, "box", broken=failed)
        if not failed:
            subject.move_to_own_box()
            write_json(folder / SYSTEM_FILE, molecule_to_json(subject.asked))
    no_reference = plan.no_reference.get(molecule.name, "")
    measure_checks(subject, checks, no_reference_reason=no_reference)
    return chosen.value.name


def measure_checks(subject: Subject, checks: list[Check], *, no_reference_reason: str = "") -> None:
    """Measure for each check in order, except where a measurement is already stored.

    `no_reference_reason` states why there is no reference.
    """
    broken: dict[str, Broken] = {}
    for index, check in enumerate(checks):
        subject.report(check.id, index, len(checks))
        for condition in conditions_of(check, subject.settings.protocol):
            name = measurement_name(check, condition)
            lacking = _lacking(subject, check, no_reference_reason)
            if lacking:
                subject.store.write(name, Skipped(lacking))
            else:
                view = subject if condition is None else subject.at(condition)
                _measure(view, check, name=name, broken=broken)


def _lacking(subject: Subject, check: Check, no_reference_reason: str) -> str:
    """Return why the reference does not suffice for a check; empty if it does."""
    needs = {name for name in check.needs if name.startswith("reference")}
    if needs and subject.reference_source is None:
        return no_reference_reason or "there is no reference"
    if isinstance(subject.reference_source, LabelledFrames) and needs - {"reference_labels"}:
        return NOT_EVALUATED
    return ""


def _measure(subject: Subject, check: Check, *, name: str, broken: dict[str, Broken]) -> None:
    """Perform the measurement of one check after the shared ones that it needs."""
    stored = subject.store.read(name)
    if stored is not None and stored.status in SETTLED and check.record is not Runs:
        return
    key = f"{subject.asked.name}: {name}"
    if key in subject.journal.settled:
        return
    for need in needs_in_order(check.needs):
        _obtain(subject, need, broken=broken)
        if need in broken:
            reason = f"the measurement {need!r} failed: {broken[need].reason}"
            subject.store.write_error(name, reason=reason, traceback=broken[need].traceback)
            return
    cost = subject.start_cost()
    if check.record is Runs:
        # The simulations were separate stages; reading them takes negligible time.
        outcome = guarded(lambda: _measured(subject, check))
        _keep(subject, check, outcome, name=name, cost=cost)
        return
    with _threads(stepped=check.group not in ("surface", "accuracy")):
        subject.journal.run(
            key,
            lambda: _measured(subject, check),
            keep=lambda outcome: _keep(subject, check, outcome, name=name, cost=cost),
        )


def _measured(subject: Subject, check: Check) -> Any:
    """Return the measurement of one check; raise if it has the wrong type."""
    value = check.measure(subject)
    if not isinstance(value, (check.record, NotApplicable, Skipped)):
        raise TypeError(
            f"measure returned {type(value).__name__}, expected {check.record.__name__}, "
            "NotApplicable or Skipped"
        )
    return value


def _obtain(subject: Subject, need: str, *, broken: dict[str, Broken]) -> None:
    """Perform a shared measurement unless it is available or failed before."""
    if need in broken or subject.has(need):
        return
    if need == "trajectories":
        # Each simulation is a separate stage.
        outcome: Outcome[Any] = guarded(lambda: subject.obtain(need))
    else:
        key = f"{subject.asked.name}: {need}"
        stored = subject.store.read(need) if SHARED[need].record is not None else None
        if key in subject.journal.settled and stored is not None and stored.status == ERROR:
            broken[need] = Broken(stored.reason, stored.traceback)
            return
        with _threads(stepped=need in STEPPED):
            outcome = subject.journal.run(
                key,
                lambda: subject.obtain(need),
                keep=lambda outcome: _keep_error(subject.store, need, outcome),
            )
    if outcome.broken is not None:
        broken[need] = outcome.broken


def _threads(*, stepped: bool) -> Any:
    """Use all cores for calls with many geometries, one thread for single geometries."""
    return nullcontext() if stepped else all_torch_threads()


def _keep(
    subject: Subject,
    check: Check,
    outcome: Outcome[Any],
    *,
    name: str,
    cost: Callable[[], dict[str, float]],
) -> None:
    """Store the measurement of a check, or its failure."""
    store = subject.store
    if outcome.broken is not None:
        _keep_error(store, name, outcome)
    elif isinstance(outcome.value, (NotApplicable, Skipped)):
        store.write(name, outcome.value)
    elif shared := "trajectories" if check.record is Runs else subject.name_of(outcome.value):
        store.write_link(name, shared=shared)
    else:
        store.write(name, outcome.value, cost=cost())


def _keep_error(store: MeasurementStore, name: str, outcome: Outcome[Any]) -> None:
    if outcome.broken is not None:
        store.write_error(name, **vars(outcome.broken))


def _choose_platform(plan: Plan, molecule: MolecularSystem) -> PlatformChoice:
    system = plan.potential.create_system(molecule, precision=plan.spec.precision)
    return choose_platform(
        system,
        molecule.positions_angstrom,
        request=plan.spec.platform,
        precision=plan.spec.precision,
    )


def _is_undecided(plan: Plan, runs: Runs) -> bool:
    """Check whether the energy drift of these simulations is INCONCLUSIVE."""
    if "energy_drift" not in {check.id for check, _ in plan.checks}:
        return False
    limits = plan.spec.protocol.limits_for("energy_drift")
    judged = guarded(lambda: get_check("energy_drift").judge(runs, limits)).value
    return judged is not None and judged.status is Status.INCONCLUSIVE
