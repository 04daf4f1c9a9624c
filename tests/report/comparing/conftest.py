"""Models of chosen accuracy, speed and verdict."""

import pytest

from openmm_mlff.results import VerdictStatus


@pytest.fixture
def make_model(make_report, make_result):
    """A report with a force error and a time per step on each system; None leaves it out."""

    def make(name, numbers, *, status=VerdictStatus.APPROVED, **verdict):
        checks = []
        for system, (error, time) in numbers.items():
            if error is not None:
                checks.append(
                    make_result("force_accuracy", system=system, value=error, unit="eV/Å")
                )
            if time is not None:
                checks.append(make_result("speed", system=system, value=time, unit="ms/step"))
        return make_report(
            name=name, checks=checks, status=status, systems=tuple(numbers), **verdict
        )

    return make
