"""Spec strings, checkpoints and TorchScript files that are none, and options that do not fit."""

import os
import zipfile

import pytest
import torch
from torch import Tensor, nn


class Springs(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions**2).sum()


class Raises(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        if positions.shape[0] > 1:
            raise ValueError("no such molecule")
        return positions.sum()


def _script(module):
    return lambda path: torch.jit.script(module()).save(str(path))


def _saved(value):
    return lambda path: torch.save(value, path)


def _zip(*names):
    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "rubbish")

    return write


FILES = [
    ("empty.pt", b"", "is empty"),
    ("rubbish.pt", bytes(range(256)) * 9, "is not a checkpoint"),
    ("evil.pt", _saved({"f": os.getcwd}), "was not unpickled"),
    ("other.pt", _saved({"some.weight": torch.zeros(2)}), "unknown architecture"),
    ("zip.pt", _zip("a.txt"), "is damaged"),
    ("onlycode.pt", _zip("x/code/a.py"), "cannot be read as TorchScript"),
    ("folder.pt", lambda path: path.mkdir(), "is a folder"),
    ("loop.pt", lambda path: path.symlink_to(path), "too many levels of symbolic links"),
    ("pipe.pt", lambda path: os.mkfifo(path), "not a regular file"),
    ("dangling.pt", lambda path: path.symlink_to("nowhere"), "no such file:"),
    ("raises.ts.pt", _script(Raises), "no such molecule"),
]

SPECS = [
    ("''", "unknown potential ''"),
    ("missing.pt", "no such file: missing.pt"),
    ("x" * 5000, "unknown potential 'xxx"),
    ("x" * 300 + ".pt", "file name too long"),
    ("student:", "known: original, tiny, ultra-tiny"),
    ("student:orignal", "did you mean 'original'?"),
    ("Student:tiny", "unknown potential 'Student:tiny'"),
    ("http://example.org/model.pt", "no such file:"),
    ("ase:", "expected ase:MODULE:NAME"),
    ("ase:ase..calculators:EMT", "expected ase:MODULE:NAME"),
    ("ase:subprocess:Popen?args=true", "is not an ASE calculator class"),
    ("ase:ase.build:molecule", "molecule rejects its options"),
    ("ase:no_such_module:X", "install the package that provides it"),
    ("ase:ase.calculators.lj:LenardJones", "did you mean 'LennardJones'?"),
    ("ase:os:getcwd", "getcwd returned a str; expected an ASE calculator"),
    ("ase:broken_module:X", "SyntaxError"),
    ("ase:stopping_module:X", "cannot be imported"),
    ("ase:ase.calculators.lj:LennardJones?epsilon", "expected ase:MODULE:NAME?key=value"),
    ("ase:ase.calculators.lj:LennardJones?sigma=1&sigma=2", "expected ase:MODULE:NAME?key=value"),
    ("ase:ase.calculators.calculator:BaseCalculator", "BaseCalculator"),
    ("ase:tblite.ase:TBLite?method=GFN9", "has no such method"),
    ("ase:tblite.ase:TBLite?metod=GFN2-xTB", "did you mean 'method'?"),
    ("ase:tblite.ase:TBLite?method=5", "GFN1-xTB, GFN2-xTB, IPEA1-xTB"),
    ("openmm-ml:", "openmm-ml has no potential ''"),
    ("openmm-ml:ani3x", "did you mean 'ani2x'?"),
    ("openmm-ml:ase", "needs a calculator object"),
    ("openmm-ml:ani2x", "pip install torchani"),
    ("openmm-ml:mace?modelPath", "expected openmm-ml:NAME?key=value"),
]

OPTIONS = [
    ("student:tiny --backend onnx", "torchforce"),
    ("student:tiny --compiled", "use --backend python"),
    ("student:tiny --ml-atoms all", "without --forcefield"),
    ("student:tiny --forcefield a.xml", "without --ml-atoms"),
    ("student:tiny --hydrogen-mass 1.5", "--ml-atoms"),
    ("student:tiny --constraints hbonds", "--ml-atoms"),
    ("student:tiny --contract positions", "TorchScript"),
    ("student:tiny --parameter a=1", "TorchScript"),
    ("springs.ts.pt --parameter a", "expected NAME=VALUE"),
    ("springs.ts.pt --parameter a=b", "with a number"),
    ("springs.ts.pt --parameter =1", "expected NAME=VALUE"),
    ("springs.ts.pt --parameter strength=nan", "finite number"),
    ("springs.ts.pt --parameter strength=1", "has no global parameter 'strength'"),
    ("springs.ts.pt --parameter a=1 --parameter a=2", "'a' is given twice"),
    ("springs.ts.pt --energy-unit Ry", "unknown unit of energy 'Ry'"),
    ("student:tiny --precision half", "--precision half: expected 'single', 'mixed' or 'double'"),
    ("student:tiny --platform cuda5", "unknown platform 'cuda5'"),
    ("student:tiny --platform ''", "unknown platform ''"),
]

MODULES = {"broken_module.py": "def (\n", "stopping_module.py": "raise SystemExit('stop')\n"}
VALIDATE = "validate --protocol quick --reference none --output out --system water "


@pytest.mark.parametrize(("name", "content", "expected"), FILES, ids=[name for name, *_ in FILES])
def test_a_file_that_is_no_potential(refuses, name, content, expected):
    refuses(VALIDATE + name, expected, files={name: content})


@pytest.mark.parametrize(("spec", "expected"), SPECS, ids=[spec[:50] for spec, _ in SPECS])
def test_a_spec_string_that_names_nothing(refuses, tmp_path, monkeypatch, spec, expected):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    refuses(VALIDATE + spec, expected, files={f"+{name}": text for name, text in MODULES.items()})


@pytest.mark.parametrize(("options", "expected"), OPTIONS, ids=[options for options, _ in OPTIONS])
def test_options_that_do_not_fit(refuses, options, expected):
    refuses(VALIDATE + options, expected, files={"springs.ts.pt": _script(Springs)})
