"""Run the systems of a plan in this process."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from openmm_mlff.checks.plugins import packages_of as packages_of_checks
from openmm_mlff.measuring.journal import NO_JOURNAL, Journal
from openmm_mlff.measuring.stage_names import FINISHED, Progress
from openmm_mlff.pipeline.preparing import Plan, write_run_file
from openmm_mlff.pipeline.run_file import one_line_where_the_disk_is_full
from openmm_mlff.pipeline.stages import produce
from openmm_mlff.simulation.environment import describe_environment, one_torch_thread


def restrict(plan: Plan, wanted: Mapping[str, Sequence[str]] | None) -> Plan:
    """Return a plan reduced to the selected checks and systems, or the plan itself if all are.

    A reduced protocol may reject, never approve.  `wanted` has ids of checks by name of the system,
    None for everything; a check selected for one system is run on every selected system.
    """
    if wanted is None:
        return plan
    wanted_ids = {check_id for ids in wanted.values() for check_id in ids}
    molecules = {name: molecule for name, molecule in plan.molecules.items() if name in wanted}
    checks = [(check, required) for check, required in plan.checks if check.id in wanted_ids]
    if len(molecules) == len(plan.molecules) and len(checks) == len(plan.checks):
        return plan
    protocol = plan.spec.protocol
    part = protocol.model_copy(
        update={
            "name": f"{protocol.name} ({len(wanted_ids)} of {len(plan.checks)} checks selected)",
            "may_approve": False,
            "required": tuple(name for name in protocol.required if name in wanted_ids),
            "reported": tuple(name for name in protocol.reported if name in wanted_ids),
        }
    )
    spec = plan.spec.model_copy(update={"protocol": part})
    return replace(plan, spec=spec, molecules=molecules, checks=checks)


def produce_system(
    plan: Plan, system: str, *, on_progress: Progress, journal: Journal = NO_JOURNAL
) -> str:
    """Run one system of a plan.

    Returns:
        Name of its platform; empty if no platform could run it.

    Raises:
        StorageError: the disk is full.
    """
    with one_torch_thread(), one_line_where_the_disk_is_full(plan.directory.root):
        packages = (
            *packages_of_checks(plan.spec.protocol),
            *plan.potential.fingerprint.packages,
            *(plan.reference.fingerprint.packages if plan.reference else ()),
        )
        environment = describe_environment(precision=plan.spec.precision, packages=packages)
        write_run_file(plan, status="running", environment=environment)
        platform = produce(plan, plan.molecules[system], on_progress=on_progress, journal=journal)
    on_progress(system, FINISHED, 1, 1)
    return platform
