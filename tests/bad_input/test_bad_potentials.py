"""Spec strings, checkpoints and TorchScript files that are none, and options that do not fit."""

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from openmm_mlff.students.loading import shipped_path


class Springs(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions**2).sum()


class ManyEnergies(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions**2).sum(dim=1)


class NotANumber(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions**2).sum() * float("nan")


class Constant(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions.detach() ** 2).sum()


class FourAtoms(nn.Module):
    def forward(self, positions: Tensor) -> Tensor:
        return (positions * torch.ones(4, 3)).sum()


class Text(nn.Module):
    def forward(self, name: str) -> str:
        return name


class Nothing(nn.Module):
    def forward(self) -> Tensor:
        return torch.zeros(1)


class TwoTensors(nn.Module):
    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return (first * second).sum()


class Boxed(nn.Module):
    def forward(self, positions: Tensor, boxvectors: Tensor) -> Tensor:
        return (positions @ boxvectors).sum()


class Lambda(nn.Module):
    def forward(self, positions: Tensor, strength: float) -> Tensor:
        return strength * (positions**2).sum()


class BadForces(nn.Module):
    def forward(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        return (positions**2).sum(), positions.sum(dim=0)


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


def _changed(change):
    """Write the smallest shipped student, changed."""

    def write(path):
        from safetensors import safe_open

        with safe_open(shipped_path("ultra-tiny"), framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata())
        change(tensors, metadata)
        save_file(tensors, path, metadata=metadata)

    return write


def _lose(tensors, metadata):
    del tensors[sorted(tensors)[0]]


def _reshape(tensors, metadata):
    tensors[sorted(tensors)[0]] = torch.zeros(7, 7)


def _poison(tensors, metadata):
    name = sorted(tensors)[0]
    tensors[name] = torch.full_like(tensors[name], float("nan"))


def _config(text):
    return lambda tensors, metadata: metadata.update(config=text)


FILES = [
    ("empty.pt", b"", "is empty"),
    ("text.pt", "weights", "is not a checkpoint"),
    ("rubbish.pt", bytes(range(256)) * 9, "is not a checkpoint"),
    ("zeros.pt", bytes(100), "is not a checkpoint"),
    ("pickle.pt", pickle.dumps({"model": Path}), "is not a checkpoint"),
    ("evil.pt", _saved({"f": os.getcwd}), "was not unpickled"),
    ("module.pt", _saved(nn.Linear(1, 1)), "was not unpickled"),
    ("number.pt", _saved(3), "holds a int"),
    ("list.pt", _saved([torch.zeros(2)]), "holds a list"),
    ("none.pt", _saved({}), "holds no tensors"),
    ("other.pt", _saved({"some.weight": torch.zeros(2)}), "unknown architecture"),
    ("keys.pt", _saved({1: torch.zeros(2)}), "unknown architecture"),
    (
        "cutoff.pt",
        _saved({"model_state_dict": {"a": torch.zeros(1)}, "config": {"cutoff": -5}}),
        "cutoff -5",
    ),
    ("zip.pt", _zip("a.txt"), "is damaged"),
    ("onlycode.pt", _zip("x/code/a.py"), "cannot be read as TorchScript"),
    ("halfzip.pt", b"PK\x03\x04" + bytes(60), "is damaged"),
    ("header.safetensors", b"\xff" * 7 + b"\x7f{", "is damaged"),
    ("json.safetensors", b"\x02" + bytes(7) + b"{}", "holds"),
    (
        "cut.safetensors",
        lambda p: p.write_bytes(shipped_path("tiny").read_bytes()[:5000]),
        "is damaged",
    ),
    ("lost.safetensors", _changed(_lose), "do not match its config"),
    ("shape.safetensors", _changed(_reshape), "do not match its config"),
    ("nan.safetensors", _changed(_poison), "not finite"),
    ("config.safetensors", _changed(_config("{")), "is damaged"),
    ("list.safetensors", _changed(_config("[]")), "is damaged"),
    ("key.safetensors", _changed(_config('{"elements": [1], "layers": -1}')), "is damaged"),
    ("folder.pt", lambda path: path.mkdir(), "is a folder"),
    ("loop.pt", lambda path: path.symlink_to(path), "too many levels of symbolic links"),
    ("pipe.pt", lambda path: os.mkfifo(path), "not a regular file"),
    ("dangling.pt", lambda path: path.symlink_to("nowhere"), "no checkpoint at"),
    # TorchScript.
    ("many.ts.pt", _script(ManyEnergies), "expected one number"),
    ("nan.ts.pt", _script(NotANumber), "returns an energy of nan"),
    ("constant.ts.pt", _script(Constant), "has no gradient"),
    ("four.ts.pt", _script(FourAtoms), "does not accept the 3 atoms of water"),
    ("text.ts.pt", _script(Text), "is neither Tensor nor Tuple"),
    ("nothing.ts.pt", _script(Nothing), "matches no contract"),
    ("two.ts.pt", _script(TwoTensors), "--contract"),
    ("box.ts.pt", _script(Boxed), "water"),
    ("lambda.ts.pt", _script(Lambda), "--parameter strength=VALUE"),
    ("forces.ts.pt", _script(BadForces), "returns forces of shape (3,)"),
    ("raises.ts.pt", _script(Raises), "no such molecule"),
]

SPECS = [
    ("''", "unknown potential ''"),
    ("' '", "unknown potential ' '"),
    ("something", "unknown potential 'something'"),
    ("missing.pt", "no checkpoint at missing.pt"),
    ("a/b/c.safetensors", "no checkpoint at a/b/c.safetensors"),
    ("x" * 5000, "unknown potential 'xxx"),
    ("x" * 300 + ".pt", "file name too long"),
    ("student:", "known: original, tiny, ultra-tiny"),
    ("student:orignal", "did you mean 'original'?"),
    ("student:../tiny", "did you mean 'tiny'?"),
    ("Student:tiny", "unknown potential 'Student:tiny'"),
    ("http://example.org/model.pt", "no checkpoint at"),
    ("ase:", "expected ase:MODULE:NAME"),
    ("ase:x", "expected ase:MODULE:NAME"),
    ("ase::X", "expected ase:MODULE:NAME"),
    ("ase:.relative:X", "expected ase:MODULE:NAME"),
    ("ase:no_such_module:X", "install the package that provides it"),
    ("'ase:a b:X'", "cannot be imported"),
    ("ase:ase.calculators.lj:LenardJones", "did you mean 'LennardJones'?"),
    ("ase:os:getcwd", "getcwd returned a str; expected an ASE calculator"),
    ("ase:broken_module:X", "SyntaxError"),
    ("ase:stopping_module:X", "cannot be imported"),
    ("ase:ase.calculators.lj:LennardJones?epsilon", "expected ase:MODULE:NAME?key=value"),
    ("ase:ase.calculators.lj:LennardJones?=3", "expected ase:MODULE:NAME?key=value"),
    ("ase:ase.calculators.lj:LennardJones?a=1&&b=2", "expected ase:MODULE:NAME?key=value"),
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
    ("openmm-ml:mlff-torchscript?path=absent.pt", "absent.pt"),
    ("openmm-ml:mlff-torchscript", "openmm-ml"),
]

OPTIONS = [
    ("student:tiny --backend onnx", "torchforce"),
    ("student:tiny --compiled", "use --backend python"),
    ("student:tiny --ml-atoms all", "without --forcefield"),
    ("student:tiny --forcefield a.xml", "without --ml-atoms"),
    ("student:tiny --hydrogen-mass 1.5", "--ml-atoms"),
    ("student:tiny --constraints hbonds", "--ml-atoms"),
    ("student:tiny --contract positions", "TorchScript"),
    ("student:tiny --energy-unit eV", "TorchScript"),
    ("student:tiny --length-unit nm", "TorchScript"),
    ("student:tiny --parameter a=1", "TorchScript"),
    ("springs.ts.pt --parameter a", "expected NAME=VALUE"),
    ("springs.ts.pt --parameter a=b", "with a number"),
    ("springs.ts.pt --parameter =1", "expected NAME=VALUE"),
    ("springs.ts.pt --parameter strength=nan", "finite number"),
    ("springs.ts.pt --parameter strength=1", "has no global parameter 'strength'"),
    ("springs.ts.pt --parameter a=1 --parameter a=2", "'a' is given twice"),
    ("springs.ts.pt --energy-unit Ry", "unknown unit of energy 'Ry'"),
    ("springs.ts.pt --energy-unit ev", "did you mean 'eV'?"),
    ("springs.ts.pt --length-unit metre", "unknown unit of length 'metre'"),
    ("springs.ts.pt --contract position", "did you mean 'positions'?"),
    ("springs.ts.pt --contract positions-box", "does not match the contract"),
    ("springs.ts.pt --contract numbers-positions", "does not match the contract"),
    ("springs.ts.pt --backend python --compiled", "leave out --compiled"),
    ("student:tiny --precision half", "--precision half: expected 'single', 'mixed' or 'double'"),
    ("student:tiny --platform cuda5", "unknown platform 'cuda5'"),
    ("student:tiny --platform ''", "unknown platform ''"),
]

MODULES = {
    "broken_module.py": "def (\n",
    "stopping_module.py": "raise SystemExit('stop')\n",
}
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
