"""What the page on performance says of each target, from the committed measurements."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openmm_mlff.config import GFN2_XTB
from openmm_mlff.report.wording import number

SATURATED_ATOMS = 32
"""Of an unbranched alkane whose inner atoms have as many neighbours as those of longer ones."""


@dataclass(frozen=True)
class Target:
    """Numbers by name, and the limit that each must keep."""

    what: str
    limit: float
    unit: str
    found: Mapping[str, float]
    at_least: bool = False

    def row(self) -> list[str]:
        """Return the cells: what, the limit, the numbers, and which met it."""
        met = [
            value >= self.limit if self.at_least else value <= self.limit
            for value in self.found.values()
        ]
        unit = f" {self.unit}" if self.unit else ""
        limit = f"{'≥' if self.at_least else '≤'} {self.limit:g}{unit}"
        said = "yes" if all(met) else f"{sum(met)} of {len(met)}" if any(met) else "no"
        said = said if met else "not measured"
        numbers = ", ".join(f"{name} {number(value)}" for name, value in self.found.items())
        return [self.what, limit, numbers.strip() or "–", said]


def target_rows(
    benchmark: Mapping[str, Any],
    peers: Mapping[str, Any],
    replicas: Mapping[str, Any],
    atoms: Mapping[str, Any],
    validations: Mapping[str, Any],
    rest: Mapping[str, Any],
) -> list[list[str]]:
    """Return a row for each target; ``peers`` is the benchmark that ran SchNetPack, too."""
    whole = [row for row in validations["rows"] if row["protocol"] == "standard"]
    called = [row for row in validations["rows"] if "overhead_ratio" in row]
    slow = [row for row in called if row["ms_per_call"] >= 50.0]
    alone, boxes = rest["alone"]["rows"], atoms["rows"]
    fast = {row["potential"] for row in boxes if row["backend"] == "torchforce"}
    per_atom = {
        spec: [row["us_per_atom"] for row in boxes if row["potential"] == spec and _is_fast(row)]
        for spec in sorted(fast)
    }
    benzene = [
        entry
        for entry in benchmark["entries"]
        if (entry["model"], entry["system"]) == ("student:original", "benzene")
    ]
    targets = [
        Target(
            "Calls of the potential in `standard`, over the steps of its NVE runs",
            1.6,
            "",
            {_name(row): row["calls_ratio"] for row in whole if "calls_ratio" in row},
        ),
        Target(
            "Wall time of `standard` over that of its NVE runs, ibuprofen",
            1.6,
            "",
            {_spec(row): row["time_ratio"] for row in whole if row["system"] == "ibuprofen"},
        ),
        Target(
            "Wall time of a validation over that of its calls",
            1.25,
            "",
            {_called(row): row["overhead_ratio"] for row in called if row not in slow},
        ),
        Target(
            "The same for 50 ms a call", 1.05, "", {_called(r): r["overhead_ratio"] for r in slow}
        ),
        Target(
            "Step through `PythonForce` and ASE over a call, ethanol",
            1.15,
            "",
            _rest(rest, "python-force", "ratio"),
        ),
        Target(
            f"Largest over smallest time per atom, alkanes of {SATURATED_ATOMS} to 302 atoms",
            1.3,
            "",
            {**_step(alone, "us_per_atom", ""), **_step(alone, "us_per_atom_in_batch", ", batch")},
        ),
        Target(
            "Largest over smallest time per atom, boxes of 192 to 12,288 atoms",
            1.3,
            "",
            {spec: max(values) / min(values) for spec, values in per_atom.items()},
        ),
        Target("Time of 16 waters in one Context over one water", 3.0, "", _sixteen(replicas)),
        Target("`openmm-mlff --help`", 0.5, "s", _rest(rest, "command-line", "help_s")),
        Target("An error in the spec", 1.0, "s", _rest(rest, "command-line", "error_s")),
        Target("`judge` of a finished run", 3.0, "s", _rest(rest, "command-line", "judge_s")),
        Target("`make validate`", 300.0, "s", _rest(rest, "validate", "seconds")),
        Target(
            "302-atom peptide by student:original, `quick`",
            600.0,
            "s",
            _rest(rest, "peptide", "seconds"),
        ),
        Target("Its memory", 4.0, "GiB", _rest(rest, "peptide", "gibibytes")),
        Target(
            "torch-sim's step over ours (compiled), student:original alone",
            4.0,
            "",
            _torch_sim(replicas, 1),
            at_least=True,
        ),
        Target("The same, 64 replicas", 2.5, "", _torch_sim(replicas, 64), at_least=True),
        Target(
            "SchNetPack's PaiNN of the same size over ours (compiled)",
            1.0,
            "",
            _schnetpack(peers),
            at_least=True,
        ),
        Target("Second use of the compiled backend", 3.0, "s", _rest(rest, "compiled", "second_s")),
        Target(
            "GFN2-xTB's call over a step of student:original, benzene",
            5.0,
            "",
            {one["backend"]: one["ratios"]["teacher_over_step"]["median"] for one in benzene},
            at_least=True,
        ),
        Target(
            "Results missing or made twice, 200 quick validations, 3 workers killed",
            0.0,
            "",
            _lost(rest.get("campaign")),
        ),
        Target(
            "Memory of their scheduler at the end, over that after a quarter",
            1.1,
            "",
            _rest(rest, "campaign", "memory_growth"),
        ),
    ]
    return [target.row() for target in targets]


def _rest(rest: Mapping[str, Any], part: str, key: str) -> dict[str, float]:
    """Return a number without a name; nothing where its part was not measured."""
    return {"": rest[part][key]} if part in rest else {}


def _lost(campaign: Mapping[str, Any] | None) -> dict[str, float]:
    if campaign is None:
        return {}
    missing = float(campaign["runs"] - campaign["results"])
    return {"missing": missing, "twice": float(campaign["made_twice"])}


def _is_fast(row: Mapping[str, Any]) -> bool:
    return str(row["backend"]) == "torchforce"


def _spec(row: Mapping[str, Any]) -> str:
    return "GFN2-xTB" if row["potential"] == GFN2_XTB else str(row["potential"]).split(":")[-1]


def _name(row: Mapping[str, Any]) -> str:
    return f"{_spec(row)} {row['system'].removeprefix('smiles:')}"


def _called(row: Mapping[str, Any]) -> str:
    return f"{_spec(row)} ({row['ms_per_call']:.1f} ms a call)"


def _step(rows: Sequence[Mapping[str, Any]], key: str, what: str) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for row in rows:
        if row["n_atoms"] >= SATURATED_ATOMS:
            found.setdefault(f"{row['potential']}{what}", []).append(float(row[key]))
    return {name: max(values) / min(values) for name, values in sorted(found.items())}


def _of_water(
    replicas: Mapping[str, Any], kept: Callable[[Mapping[str, Any]], bool]
) -> list[Mapping[str, Any]]:
    return [
        row
        for row in replicas["rows"]
        if (row["system"], row["threads"]) == ("water", 1) and kept(row)
    ]


def _sixteen(replicas: Mapping[str, Any]) -> dict[str, float]:
    rows = _of_water(replicas, lambda row: row["replicas"] == 16 and row["engine"] != "torch-sim")
    return {row["engine"]: 16.0 / row["gain"] for row in rows}


def _torch_sim(replicas: Mapping[str, Any], count: int) -> dict[str, float]:
    rows = [
        row
        for row in replicas["rows"]
        if (row["threads"], row["engine"], row["replicas"]) == (1, "python-compiled", count)
    ]
    return {row["system"]: row["faster_than"]["torch-sim"] for row in rows}


def _schnetpack(peers: Mapping[str, Any]) -> dict[str, float]:
    steps = {
        (entry["model"], entry["system"]): entry["openmm_ms_per_step"]["median"]
        for entry in peers["entries"]
        if entry["backend"] == "python-compiled"
    }
    return {
        f"{model.split(':')[-1]} {one['system']}": one["ms_per_call"]["median"]
        / steps[model, one["system"]]
        for one in peers["peers"]
        if (model := one["peer"].partition(": ")[2]) and one["peer"].startswith("schnetpack")
    }
