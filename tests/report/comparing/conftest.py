"""Models of chosen accuracy, speed and verdict."""

import pytest


@pytest.fixture(scope="session")
def make_model(make_report, make_result):
    """Make a report with a force error and a time per step on each system; None omits it."""
    checks = (("force_accuracy", "eV/Å"), ("speed", "ms/step"))

    def make(name, numbers, **fields):
        results = [
            make_result(check, system=system, value=value, unit=unit)
            for system, values in numbers.items()
            for (check, unit), value in zip(checks, values, strict=True)
            if value is not None
        ]
        return make_report(name=name, checks=results, systems=tuple(numbers), **fields)

    return make


@pytest.fixture(scope="session")
def make_models(make_model):
    """Make one report on water for each model; fields by name are those of its verdict."""

    def make(models, **fields):
        return [
            make_model(name, {"water": numbers}, **fields.get(name, {}))
            for name, numbers in models.items()
        ]

    return make
