import numpy as np

from openmm_mlff.molecules import load_system, load_systems

from ..conftest import assert_read_back

TYPES = {"C": "C.3", "N": "N.am", "O": "O.2", "H": "H"}
AMMONIUM_ATOMS = (
    (0, 0, 0),
    (0.59, 0.59, 0.59),
    (-0.59, -0.59, 0.59),
    (-0.59, 0.59, -0.59),
    (0.59, -0.59, -0.59),
)


def mol2(symbols, positions, bonds, *, title="mine", charges=None):
    kind = "NO_CHARGES" if charges is None else "USER_CHARGES"
    lines = ["@<TRIPOS>MOLECULE", title, f"{len(symbols)} {len(bonds)} 1 0 0", "SMALL", kind, ""]
    lines.append("@<TRIPOS>ATOM")
    for k, (symbol, (x, y, z)) in enumerate(zip(symbols, positions, strict=True)):
        charge = 0.0 if charges is None else charges[k]
        kind = symbol if "." in symbol else TYPES[symbol]
        lines.append(f"{k + 1} A{k} {x:.4f} {y:.4f} {z:.4f} {kind} 1 LIG {charge:.4f}")
    lines.append("@<TRIPOS>BOND")
    for k, (i, j) in enumerate(bonds):
        order = 2 if {symbols[i], symbols[j]} == {"C", "O"} else 1
        lines.append(f"{k + 1} {i + 1} {j + 1} {order}")
    return "\n".join(lines) + "\n"


def of(molecule, **options):
    return mol2(molecule.symbols, molecule.positions_angstrom, molecule.bonds, **options)


def ammonium(**options):
    return mol2(
        ["N.4", "H", "H", "H", "H"], AMMONIUM_ATOMS, [(0, k) for k in range(1, 5)], **options
    )


def test_a_library_molecule_round_trips(write, dipeptide):
    charges = np.linspace(-0.5, 0.5, dipeptide.n_atoms)
    system = load_system(write("peptide.mol2", of(dipeptide, charges=charges)))
    assert_read_back(system, dipeptide, atol=6e-5)
    assert (system.name, system.charge) == ("peptide", 0)


def test_the_charge_is_the_sum_of_the_partial_charges(write):
    assert load_system(write("a.mol2", ammonium(charges=[-0.8] + 4 * [0.4502]))).charge == 1
    # Without partial charges the atom types determine it.
    assert load_system(write("c.mol2", ammonium())).charge == 1


def test_every_molecule_is_a_system(write, water):
    charges = [-0.8, 0.4, 0.4]
    text = (
        "# by hand\n"
        + of(water, title="one", charges=charges)
        + of(water, title="*****", charges=charges)
    )
    systems = load_systems(write("two.mol2", text))
    assert [system.name for system in systems] == ["one", "two-2"]
