import pytest

from openmm_mlff.benchmark import candidates
from openmm_mlff.benchmark.candidates import (
    choose_common_platform,
    compiled_or_refused,
    prepare_candidate,
)
from openmm_mlff.benchmark.memory import MemoryUse
from openmm_mlff.benchmark.variants import load_variants
from openmm_mlff.errors import PlatformError, PotentialError
from openmm_mlff.potentials import load_potential, python_backend
from openmm_mlff.simulation.platforms import available_platforms


def test_the_platform_is_one_for_all_models(specs, water):
    systems = [load_potential(spec).create_system(water) for spec in specs]
    choices = {"request": "reference", "precision": "mixed", "threads": 3}
    found = choose_common_platform(systems[0], systems, water, **choices)
    assert (found.name, found.properties) == ("Reference", {})
    # Only the CPU platform has a number of threads.
    found = choose_common_platform(systems[0], systems, water, **choices | {"request": "cpu"})
    assert (found.name, found.properties["Threads"]) == ("CPU", "3")
    missing = next(name for name in ("HIP", "CUDA") if name not in available_platforms())
    with pytest.raises(PlatformError, match=f"platform {missing} is not available"):
        choose_common_platform(systems[0], systems, water, **choices | {"request": missing})


@pytest.mark.parametrize(("with_ase", "kinds"), [(True, 4), (False, 3)])
def test_a_candidate_is_warm_and_its_reporters_have_whole_cycles(
    specs, setting, start, tmp_path, monkeypatch, with_ase, kinds
):
    asked = []
    monkeypatch.setattr(
        candidates,
        "measure_memory",
        lambda *arguments, options: (
            asked.append((*arguments, options)) or MemoryUse(1.0, 2.0, None, 0.5)
        ),
    )
    (variant,) = load_variants(specs[1], backends=("python",))
    system = variant.potential.create_system(setting.molecule)
    found = prepare_candidate(variant, system, setting, start, folder=tmp_path, with_ase=with_ase)
    blocks = found.participant.blocks
    assert len(blocks) == kinds
    assert ("ase" in blocks) is with_ase
    assert found.participant.steps["reporters"] == 40
    assert all(block(2) > 0.0 for block in blocks.values())
    ((spec, its_setting, its_start, options),) = asked
    assert (spec, its_setting, its_start) == (specs[1], setting, start)
    assert options.backend == "python"
    assert (tmp_path / "energies.csv").is_file()


def test_the_eager_model_is_not_timed_as_the_compiled_one():
    with compiled_or_refused():
        pass
    handlers = list(python_backend.logger.handlers)
    refused = pytest.raises(PotentialError, match="cannot be compiled here: no compiler")
    with refused, compiled_or_refused():
        python_backend.logger.warning("the model cannot be compiled here: %s", "no compiler")
    assert python_backend.logger.handlers == handlers
