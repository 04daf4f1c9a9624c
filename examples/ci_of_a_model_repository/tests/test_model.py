"""What this model must be able to do beyond what every force field must.

`mlff_potential` is the potential under `--mlff-potential`; a test that takes `mlff_system` is
called once for each molecule under `--mlff-system`; `mlff_report` is the report on all of them.
"""

import numpy as np


def test_the_molecule_is_bound(mlff_potential, mlff_system):
    """Pulled apart, a molecule costs energy."""
    whole = mlff_system.positions_angstrom
    energies_ev = mlff_potential.evaluate(mlff_system, np.stack([whole, 1.5 * whole])).energies_ev
    assert energies_ev[0] < energies_ev[1]


def test_the_model_is_small_enough_for_us(mlff_report):
    """More parameters than this are too slow for what it is for."""
    assert mlff_report.model.n_parameters < 100_000
