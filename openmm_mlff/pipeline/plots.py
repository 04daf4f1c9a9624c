"""The plots that checks describe, gathered for the report."""

from collections.abc import Mapping

from openmm_mlff.checks.base import conditions_of
from openmm_mlff.checks.registry import select
from openmm_mlff.config import Protocol
from openmm_mlff.pipeline.judge import plots_of
from openmm_mlff.report.check_plots import CheckPlot
from openmm_mlff.storage.runs import Evidence


def check_plots(observations: Mapping[str, Evidence], protocol: Protocol) -> list[CheckPlot]:
    """Return the plots of all checks; the evidence of a result says where they failed.

    Args:
        observations: by name of the system.
        protocol: with the checks and their limits.

    Returns:
        The plots, system by system.
    """
    return [
        CheckPlot(check.id, system, condition, position, plot)
        for system, evidence in observations.items()
        for check, _ in select(protocol)
        for condition in conditions_of(check, protocol)
        for position, plot in enumerate(
            plots_of(check, evidence, protocol, condition=condition).value or (), 1
        )
    ]
