"""The cases beside the repository: read as meant, or refused before anything runs."""

import pytest

from openmm_mlff.errors import UserError
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.request import request_from

from .conftest import CASES, SHARED, needs_cases

FOREIGN = SHARED / "foreign"

pytestmark = needs_cases

REFUSED = [
    ("ts-customop", "Custom.pt", "ownneigh::dist"),
    ("ts-indexed", "Indexed.pt", "--contract numbers-positions"),
    ("ts-inplace", "InPlace.pt", "positions.clone()"),
    ("ts-inplace-forces", "InPlaceForces.pt", "positions.clone()"),
    ("foreign", "ase:wrong:EnergyOnly", "returns no forces"),
    ("foreign", "ase:wrong:ClaimsForces", "returns no forces"),
    ("foreign", "ase:wrong:StressOnly", "returns no forces"),
    ("foreign", "ase:wrong:Misspelt", "module wrong has no Misspelt"),
    ("foreign", "ase:wrong:factory?kk=3", "no option 'kk'"),
    ("foreign", "ase:filepot:FileSprings?pth=k.txt", "no option 'pth'"),
]

TAKEN = [
    ("ts-double-only", "DoubleOnly.pt"),
    ("ts-noncontig", "NonContig.pt"),
    ("ts-frozen", "Frozen.pt"),
    ("cases", "ase:pots:Healthy"),
    ("cases", "ase:pots:Smeared"),
    ("cases", "ase:pots:ReusedArray"),
    ("foreign", "ase:wrong:NeedsSpin"),
    ("foreign", "ase:wrong:PrintsALot"),
    ("foreign", "ase:wrong:ForcesFloat32List"),
    ("foreign", "ase:wrong:EnergyArray"),
    ("foreign", "ase:wrong:factory?k=9"),
]


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """Return a function that prepares a validation in the folder of a case."""
    monkeypatch.chdir(tmp_path)

    def of(case: str, spec: str, **settings):
        folder = {"foreign": FOREIGN, "cases": CASES}.get(case, CASES / case)
        monkeypatch.syspath_prepend(str(folder))
        monkeypatch.chdir(folder)
        given = {
            "systems": ("water",),
            "platform": "Reference",
            "protocol": "quick",
            "reference": "none",
            "output": tmp_path / "out",
        }
        plan = prepare(request_from({**given, **settings, "potential": spec}))
        plan.lock.release()
        return plan

    return of


@pytest.mark.parametrize(("case", "spec", "said"), REFUSED)
def test_what_cannot_run_is_refused_in_one_line(case, spec, said, prepared, tmp_path):
    with pytest.raises(UserError) as caught:
        prepared(case, spec)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("case", "spec"), TAKEN)
def test_what_runs_is_taken(case, spec, prepared):
    assert prepared(case, spec).potential.spec == spec


def test_a_program_of_torch_export_is_called_so(prepared, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = (CASES / "ts-pt2" / "make.py").read_text(encoding="utf-8")
    exec(compile(source, "make.py", "exec"), {})
    for name in ("model.pt2", "model.pt"):
        with pytest.raises(UserError, match=r"program of torch\.export"):
            prepared("ts-pt2", str(tmp_path / name))


@pytest.mark.slow
def test_an_operator_is_there_once_its_library_is_named(programs, tmp_path):
    case = CASES / "ts-customop"
    code = (
        "from openmm_mlff.pipeline.preparing import prepare\n"
        "from openmm_mlff.request import request_from\n"
        f"prepare(request_from({{'potential': {str(case / 'Custom.pt')!r}, 'systems': ('water',), "
        f"'reference': 'none', 'plugins': ({str(case / 'ops.py')!r},)}}))"
    )

    # Operators are registered once a process.
    assert programs.run(code, folder=tmp_path).returncode == 0


ML_MM = [
    ("resname-digit", "small.pdb", "resname 36H", "lig.xml", "tip3p", ""),
    ("mlmm-altloc", "alt.pdb", "resname ETH", "ethanol.xml", "tip3p", ""),
    ("mlmm-tip4p", "nosite.pdb", "resname ETH", "ethanol.xml", "tip4pew", "four-site water"),
    ("mlmm-tip4p-site", "site.pdb", "resname ETH", "ethanol.xml", "tip4pew", "virtual sites"),
]


@pytest.mark.parametrize(
    ("case", "system", "ml_atoms", "ligand", "water", "said"), ML_MM, ids=[one[0] for one in ML_MM]
)
def test_a_system_of_two_parts_is_taken_or_refused(
    case, system, ml_atoms, ligand, water, said, prepared
):
    forcefield = (ligand, f"amber14/{water}.xml")
    options = {"ml_atoms": ml_atoms, "forcefield": forcefield}
    settings = {"systems": (system,), "options": options}
    if said:
        with pytest.raises(UserError, match=said):
            prepared(case, "student:original", **settings)
        return
    plan = prepared(case, "student:original", **settings)
    assert plan.potential.ml_atoms.tolist() == list(range(9))
    (molecule,) = plan.molecules.values()
    assert molecule.formula == "C2H8O2"
    assert ("left out in ETH A 1" in molecule.source) is (case == "mlmm-altloc")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "said"),
    [("tip4p-reporter/run.py", "StabilityReporter ok"), ("npt-reporter/npt.py", "no complaint")],
)
def test_reporters_guard_the_scripts(script, said, programs, tmp_path):
    code = (CASES / script).read_text(encoding="utf-8")

    ended = programs.run(code, folder=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert said in ended.stdout
    assert "Error" not in ended.stdout


ISOLATED = [
    *("b_CP2K.extxyz", "b_FFF.extxyz", "elright.pdb", "hy36.pdb", "oldid.pdb", "seg.pdb"),
    *("xtb.xyz", "znum.xyz"),
]
IN_A_BOX = [
    *("b_brace.extxyz", "b_cols.extxyz", "b_comma.extxyz", "b_mom.extxyz", "b_nopbc.extxyz"),
    *("b_ok.extxyz", "b_order.extxyz", "b_pbc111.extxyz", "b_pbcT.extxyz", "b_pbcbr.extxyz"),
    *("b_pbcflag.extxyz", "b_pbctrue.extxyz", "b_single.extxyz", "trunc.pdb"),
]
READ = [
    ("charmm-ions/charmm_ions.pdb", "BaCaCdCl5CsKLiNaRb", (0, 1)),
    ("gaff-mol2/c6f6_gaff.mol2", "C6F6", (0, 1)),
    ("gaff-mol2/n2o4_gaff.mol2", "N2O4", (0, 1)),
    ("mlmm-altloc/alt.pdb", "C2H8O2", (0, 1)),
    ("mol2-crysin/crysin.mol2", "H2O", (0, 1)),
    ("pdb-left-names/hie_left.pdb", "C4H6N2", (0, 1)),
    ("qm9/qm9.xyz", "H2O", (0, 1)),
    ("qm9/qm9b.xyz", "H2O", (0, 1)),
    *((f"read-ok/{name}", "H2O", (0, 1)) for name in ISOLATED),
    *((f"read-ok/{name}", "H2O", (0, 1)) for name in IN_A_BOX),
    ("read-ok/b_charges.extxyz", "H2O", (-2, 1)),
    ("read-ok/b_magmom.extxyz", "O2", (0, 3)),
    ("read-ok/bom.pdb", "C4H6N2", (0, 1)),
    ("read-ok/latin.sdf", "H2O", (0, 1)),
    ("read-ok/v3000.sdf", "H4N", (1, 1)),
    ("spin-key/o2_spin.extxyz", "O2", (0, 3)),
]

NOT_READ = [
    ("drude/drude2.pdb", "atom 2 (DOH2 of SWM W 1) is a Drude particle"),
    ("mlmm-tip4p-site/site.pdb", "remove them"),
    ("no-hydrogens/acetone_noH.sdf", "6 hydrogens are missing at C1–C3"),
    ("read-ok/b_cell.extxyz", "cell= is not recognised as a box; write Lattice="),
    ("read-ok/b_json.extxyz", "nine numbers"),
    ("read-ok/b_lower.extxyz", "write Lattice="),
    ("read-ok/b_lower2.extxyz", "write Lattice="),
    ("read-ok/b_six.extxyz", "nine numbers"),
    ("read-ok/b_three.extxyz", "nine numbers"),
    ("read-ok/b_unq.extxyz", "nine numbers"),
    ("read-ok/label.xyz", "'O1' is not an element"),
    ("read-ok/tip4p_gmx.pdb", "atom 4 (MW of SOL W 1)"),
    ("tip4p-om/tip4p_charmm.pdb", "O1–O4 are 0.150 Å apart"),
]


@pytest.mark.parametrize(("name", "formula", "electrons"), READ, ids=[name for name, *_ in READ])
def test_a_structure_is_read_as_meant(name, formula, electrons):
    system = load_system(CASES / name)

    assert (system.formula, (system.charge, system.multiplicity)) == (formula, electrons)
    if name.startswith("read-ok/"):
        assert system.is_periodic is (name.removeprefix("read-ok/") in IN_A_BOX)


def test_every_file_of_the_control_is_known():
    named = {name for name, *_ in (*READ, *NOT_READ) if name.startswith("read-ok/")}
    others = {"read-ok/cmd", "read-ok/expect.md", "read-ok/load.py"}

    assert named == {f"read-ok/{path.name}" for path in (CASES / "read-ok").iterdir()} - others


@pytest.mark.parametrize(("name", "said"), NOT_READ, ids=[name for name, _ in NOT_READ])
def test_a_structure_is_refused_in_one_line(name, said):
    with pytest.raises(UserError) as caught:
        load_system(CASES / name)

    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["d2o.xyz", "d2o_iso.sdf", "d2o_sym.sdf", "neutron.pdb", "b_mom.extxyz"]
)
def test_deuterium_has_its_mass_in_every_format(name):
    masses_amu = load_system(CASES / "isotopes" / name).masses_amu[1:].tolist()
    assert masses_amu == pytest.approx([2.014, 2.014], abs=1e-3)
