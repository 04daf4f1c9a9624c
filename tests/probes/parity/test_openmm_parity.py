import numpy as np
import pytest

from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes.parity.openmm_parity import probe_openmm_parity
from openmm_mlff.simulation.platforms import usable_platforms


def largest_differences(outcome) -> dict[str, tuple[float, float]]:
    arrays = outcome.arrays
    return {
        path["key"]: (
            float(np.abs(arrays[f"energies_ev_{path['key']}"] - arrays["ase_energies_ev"]).max()),
            float(np.abs(arrays[f"forces_{path['key']}"] - arrays["ase_forces"]).max()),
        )
        for path in outcome.data["paths"]
    }


@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-8), ("mixed", 1e-4)])
def test_every_platform_is_compared(student, subject, water, precision, tolerance):
    outcome = probe_openmm_parity(subject(student, precision=precision))

    system = student.create_system(water, precision=precision)
    usable = usable_platforms(system, water.positions_angstrom)
    assert [path["key"] for path in outcome.data["paths"]] == [
        f"{choice.name}_{choice.precision}{backend}"
        for backend in ("", "_torchforce-plain", "_python")
        for choice in usable
    ]
    assert {"Reference", "CPU"} <= {path["platform"] for path in outcome.data["paths"]}
    assert outcome.data["dtype"] == ("float64" if precision == "double" else "float32")
    assert outcome.arrays["ase_energies_ev"].shape == (3,)
    assert outcome.arrays["ase_forces"].shape == (3, 3, 3)
    for path in outcome.data["paths"]:
        assert outcome.arrays[f"energies_ev_{path['key']}"].shape == (3,)
        assert outcome.arrays[f"forces_{path['key']}"].shape == (3, 3, 3)
        if not path["single_precision"]:
            assert max(largest_differences(outcome)[path["key"]]) < tolerance


def test_processors_hand_over_double(student, subject):
    paths = probe_openmm_parity(subject(student)).data["paths"]

    for path in paths:
        if path["platform"] in ("Reference", "CPU"):
            assert path["single_precision"] is False


def test_one_percent_of_difference_shows(student, subject):
    class OnePercent(StudentPotential):
        def ase_calculator(self, *, precision="mixed", device="cpu"):
            calculator = super().ase_calculator(precision=precision, device=device)
            honest = calculator.calculate

            def calculate(*args, **kwargs):
                honest(*args, **kwargs)
                calculator.results = {k: 1.01 * v for k, v in calculator.results.items()}

            calculator.calculate = calculate
            return calculator

    outcome = probe_openmm_parity(subject(OnePercent(student.student, spec="wrong")))

    largest_force = np.abs(outcome.arrays["ase_forces"]).max() / 1.01
    for _, force in largest_differences(outcome).values():
        assert force == pytest.approx(0.01 * largest_force, rel=1e-6)


def test_any_ase_calculator_is_compared_too(springs, subject):
    outcome = probe_openmm_parity(subject(springs()))

    for energy, force in largest_differences(outcome).values():
        assert energy < 1e-9
        assert force < 1e-8


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-8), ("mixed", 1e-4)])
def test_cuda_agrees_in_each_of_its_precisions(cuda, student, subject, precision, tolerance):
    outcome = probe_openmm_parity(subject(student, precision=precision))

    on_cuda = {
        path["precision"]: path for path in outcome.data["paths"] if path["platform"] == cuda
    }
    assert set(on_cuda) == {"single", "mixed", "double"}
    for name, path in on_cuda.items():
        assert path["single_precision"] is (name != "double")
        limit = 1e-3 if path["single_precision"] else tolerance
        assert largest_differences(outcome)[path["key"]][1] < limit
