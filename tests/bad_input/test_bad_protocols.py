"""Protocols and system.toml files with wrong keys, values, units or encodings."""

import os

import pytest

from .conftest import SYSTEM_TOML, WATER

QUICK = 'extends = "quick"\nname = "mine"\n'
DYNAMICS = QUICK + "[dynamics]\n"
PROBES = QUICK + "[probes]\n"
DRIFT = QUICK + "[criteria.energy_drift]\n"
OWN = 'name = "mine"\nrequired = ["energy_drift"]\n'
OWN_DRIFT = OWN + "[criteria.energy_drift]\n"
UNIT, SOURCE = ', unit = "meV/atom/ps"', ', source = "x"'
GOOD_SLOPE = f"slope = {{ value = 0.1{UNIT}{SOURCE} }}\n"

PROTOCOLS = [
    # No TOML.
    ("empty.toml", "", "name is missing"),
    ("utf16.toml", QUICK.encode("utf-16"), "save it as UTF-8"),
    ("latin.toml", QUICK.encode() + 'description = "Å"'.encode("latin-1"), "byte 47 is 0xc5"),
    ("nul.toml", QUICK.encode() + b"\0", "not valid TOML"),
    ("deep.toml", "a = " + "[" * 20000, "nested too deeply"),
    ("digits.toml", DYNAMICS + "replicas = " + "9" * 5000, "not valid TOML"),
    ("loop.toml", lambda path: path.symlink_to(path), "too many levels of symbolic links"),
    ("pipe.toml", lambda path: os.mkfifo(path), "not a regular file"),
    # Keys.
    ("key.toml", QUICK + 'desription = "x"\n', "did you mean 'description'?"),
    ("unit.toml", DYNAMICS + "duration_fs = 3\n", "did you mean 'duration_ps'?"),
    ("check.toml", DRIFT.replace("drift", "drif") + GOOD_SLOPE, "did you mean 'energy_drift'?"),
    ("criterion.toml", DRIFT + GOOD_SLOPE.replace("slope", "slop"), "did you mean 'slope'?"),
    ("values.toml", DRIFT + GOOD_SLOPE.replace("value =", "valeu ="), "value"),
    ("required.toml", QUICK + 'required = ["energy_drift", "speeed"]\n', "did you mean 'speed'?"),
    # Types and values.
    ("name.toml", 'extends = "quick"\nname = 3\n', "name: expected a valid string"),
    ("text.toml", DYNAMICS + 'duration_ps = "long"\n', "dynamics.duration_ps"),
    ("minus.toml", DYNAMICS + "duration_ps = -1.0\n", "greater than 0"),
    ("inf.toml", DYNAMICS + "duration_ps = inf\nlongest_ps = inf\n", "finite number"),
    ("years.toml", DYNAMICS + "duration_ps = 1e300\nlongest_ps = 1e300\n", "less than or equal"),
    ("longest.toml", DYNAMICS + "duration_ps = 5\nlongest_ps = 1\n", "longest_ps must not be less"),
    ("replicas.toml", DYNAMICS + "replicas = 0\n", "dynamics.replicas"),
    ("cold.toml", DYNAMICS + "temperatures_kelvin = [-10.0]\n", "dynamics.temperatures_kelvin.0"),
    ("star.toml", DYNAMICS + "temperatures_kelvin = [1e9]\n", "temperatures_kelvin.0"),
    ("nokelvin.toml", DYNAMICS + "temperatures_kelvin = []\n", "dynamics.temperatures_kelvin"),
    ("twicekelvin.toml", DYNAMICS + "temperatures_kelvin = [300.0, 300.0]\n", "given twice"),
    ("backwards.toml", DYNAMICS + "timesteps_fs = [-0.5]\n", "dynamics.timesteps_fs.0"),
    ("leap.toml", DYNAMICS + "timesteps_fs = [1e6]\n", "dynamics.timesteps_fs.0"),
    ("scan.toml", PROBES + "scan_step_angstrom = 5.0\n", "probes.scan_step_angstrom"),
    ("list.toml", QUICK + 'required = "energy_drift"\n', "required: expected"),
    ("approve.toml", QUICK + 'may_approve = "perhaps"\n', "may_approve"),
    # Thresholds.
    ("other.unit.toml", DRIFT + GOOD_SLOPE.replace("meV/", "kcal/"), "convert the value"),
    ("nounit.toml", OWN_DRIFT + GOOD_SLOPE.replace(UNIT, ""), "slope.unit is missing"),
    ("nosource.toml", OWN_DRIFT + GOOD_SLOPE.replace(SOURCE, ""), "slope.source is missing"),
    ("bare.toml", DRIFT + "slope = 0.1\n", "criteria.energy_drift.slope"),
    ("missing.limit.toml", OWN, "energy_drift"),
    # What it extends.
    ("self.toml", 'extends = "self.toml"\n', "extends itself"),
    ("absent.toml", 'extends = "nowhere.toml"\n', "no such file"),
    ("number.toml", "extends = 3\n", "unknown protocol '3'"),
    ("nul.name.toml", 'extends = "a\\u0000.toml"\n', "not a valid file name"),
]

NAMES = [
    ("quik", "did you mean 'quick'?"),
    ("''", "unknown protocol ''"),
    ("quick.json", "A path must end in .toml"),
    ("a" * 5000, "aaa..."),
    ("a" * 300 + ".toml", "file name too long"),
]

SYSTEM_TOMLS = [
    ("", "missing or unknown keys"),
    (SYSTEM_TOML.encode("utf-16"), "save it as UTF-8"),
    (SYSTEM_TOML.replace("formula", "fromula"), "missing or unknown keys: formula, fromula"),
    (SYSTEM_TOML.replace('"H2O"', '"CH4"'), "formula is CH4, but s.xyz holds H2O"),
    (SYSTEM_TOML.replace('"s.xyz"', "3"), "structure is 3; expected text in quotes"),
    (SYSTEM_TOML.replace('"s.xyz"', '"absent.xyz"'), "no such file: w/absent.xyz"),
    (SYSTEM_TOML.replace('"s.xyz"', '"s.gro"'), "not a supported structure format"),
    (SYSTEM_TOML.replace('"s.xyz"', '"a\\u0000.xyz"'), "expected one name of letters"),
    (SYSTEM_TOML.replace('"s.xyz"', '"/etc/passwd"'), "structure is '/etc/passwd'"),
    (SYSTEM_TOML.replace('"w"', '"../w"'), "name is '../w'"),
    (SYSTEM_TOML.replace('"w"', '""'), "name is ''"),
    (SYSTEM_TOML.replace("charge = 0", 'charge = "0"'), "charge is '0'; expected a whole number"),
    (SYSTEM_TOML.replace("charge = 0", "charge = true"), "charge is True"),
    (SYSTEM_TOML.replace("multiplicity = 1", "multiplicity = 2"), "set charge or multiplicity"),
]


@pytest.mark.parametrize(
    ("name", "content", "expected"), PROTOCOLS, ids=[name for name, *_ in PROTOCOLS]
)
def test_a_protocol_that_is_none(refuses, name, content, expected):
    refuses(f"checks --protocol {name}", expected, files={name: content})


@pytest.mark.parametrize(("name", "expected"), NAMES, ids=[name[:30] for name, _ in NAMES])
def test_a_name_of_no_protocol(refuses, name, expected):
    refuses(f"validate student:tiny --system water --protocol {name}", expected, files={})


@pytest.mark.parametrize(("content", "expected"), SYSTEM_TOMLS)
def test_a_system_toml_that_is_none(refuses, content, expected):
    files = {"+w/system.toml": content, "+w/s.xyz": WATER}
    refuses("validate student:tiny --protocol quick --output out --system w", expected, files=files)
