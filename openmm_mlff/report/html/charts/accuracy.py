"""Charts of accuracy: forces, frequencies and torsions against the reference."""

import numpy as np

from openmm_mlff.report.accuracy_figures import (
    BARRIER_UNIT,
    MOST_BONDS,
    WAVENUMBER_UNIT,
    floats,
    mean_limit,
)
from openmm_mlff.report.force_figure import LEAST_REACH_EV_PER_ANGSTROM, compared_forces
from openmm_mlff.report.html.charts.model import (
    Chart,
    Trace,
    axes,
    band,
    dots,
    element_colour,
    level,
    line,
    numbers,
    palette,
    plain,
)
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult, limit_text
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Labels

MOST_COMPONENTS = 1200
"""Maximum of force components drawn, evenly selected and including the worst."""

UNIT = "eV/Å"


def force_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw predicted against reference force components by element; None without data."""
    pair = compared_forces(observations)
    if pair is None:
        return None
    predicted, reference = pair
    symbols = np.array(observations.system.symbols)
    known = np.isfinite(predicted) & np.isfinite(reference)
    shown = _chosen(np.where(known, np.abs(predicted - reference), -1.0))
    names = sorted(set(symbols.tolist()), key=lambda name: (-int((symbols == name).sum()), name))
    traces = []
    for k, name in enumerate(names):
        mine = shown & known & (symbols == name)[None, :, None]
        colour = element_colour(name, position=k)
        trace = dots(reference[mine], predicted[mine], name=name, colour=colour, size=4)
        traces.append(trace | {"opacity": 0.65})
    reach = max(
        float(np.nanmax(np.abs(predicted))),
        float(np.nanmax(np.abs(reference))),
        LEAST_REACH_EV_PER_ANGSTROM,
    )
    reached = np.array([-1.06 * reach, 1.06 * reach])
    ends = numbers(reached)
    traces.insert(0, line(reached, reached, name="equal", colour="@muted", width=1.0))
    return Chart(
        kind="forces",
        title="Predicted against reference force",
        traces=tuple(traces),
        layout=axes(
            f"Reference ({UNIT})", f"Predicted ({UNIT})", x={"range": ends}, y={"range": ends}
        ),
        caption=_force_caption(observations, result=result, shown=int((shown & known).sum())),
        height=340,
    )


def _chosen(errors: np.ndarray) -> np.ndarray:
    """Select components evenly, and the worst ones."""
    chosen = np.zeros(errors.size, dtype=bool)
    chosen[:: max(1, -(-errors.size // MOST_COMPONENTS))] = True
    chosen[np.argsort(errors.ravel())[-20:]] = True
    return chosen.reshape(errors.shape)


def _force_caption(observations: Evidence, *, result: CheckResult | None, shown: int) -> str:
    record = observations.measurements["reference_labels"].record(Labels)
    frames, atoms, _ = record.model_forces.shape
    parts = [
        f"Force components on {frames} frames of the potential's own trajectories against those of "
        f"{record.reference}; {shown} of {3 * frames * atoms} are drawn, the worst among them."
    ]
    if result is not None and result.value is not None:
        limit = "" if result.threshold is None else f", {limit_text(result)}"
        parts.append(f"RMSE {number(result.value)} {result.unit}{limit}.")
    return " ".join(parts)


def vibration_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the error of each harmonic frequency; None where frequencies were not compared."""
    del observations
    evidence = {} if result is None else result.evidence
    own = floats(evidence.get("model_wavenumbers_per_cm"))
    reference = floats(evidence.get("reference_wavenumbers_per_cm"))
    if not len(own) or len(own) != len(reference) or not np.isfinite(own - reference).any():
        return None
    differences = own - reference
    stems_x = np.repeat(reference, 3)
    stems_y = np.stack([0.0 * differences, differences, np.nan * differences], axis=1).ravel()
    limit = mean_limit(evidence)
    shapes = [level(0.0, colour="@ink", dashes="solid")]
    return Chart(
        kind="vibrations",
        title="Frequencies against the reference",
        traces=(
            line(stems_x, stems_y, name="", colour=palette(0), width=1.2)
            | {"showlegend": False, "hoverinfo": "skip"},
            dots(reference, differences, name="difference", colour=palette(0), size=7)
            | {"showlegend": False},
        ),
        layout={
            **axes(f"Reference frequency ({WAVENUMBER_UNIT})", f"Difference ({WAVENUMBER_UNIT})"),
            "shapes": shapes if limit is None else [band(-limit, limit), *shapes],
        },
    )


def torsion_chart(observations: Evidence, *, result: CheckResult | None) -> Chart | None:
    """Draw the torsion profile of each rotatable bond; None where no bond was judged."""
    del observations
    evidence = {} if result is None else result.evidence
    profiles = [one for one in evidence.get("profiles", []) if one.get("judged")][:MOST_BONDS]
    if not profiles:
        return None
    traces: list[Trace] = []
    for k, profile in enumerate(profiles):
        angles = (floats(profile["angles_degrees"]) + 180.0) % 360.0 - 180.0
        order = np.argsort(angles)
        for whose, dashes, label in (("model", "solid", ""), ("reference", "dash", ", reference")):
            energies = floats(profile[f"{whose}_kcal_per_mol"])
            traces.append(
                line(
                    angles[order],
                    energies[order],
                    name=f"{profile['bond']}{label}",
                    colour=palette(k),
                    dashes=dashes,
                    legendgroup=plain(profile["bond"]),
                    showlegend=whose == "model",
                )
            )
    x_axis = {"range": [-180, 180], "dtick": 60}
    return Chart(
        kind="torsions",
        title="Turning bonds: potential (solid) and reference (dashed)",
        traces=tuple(traces),
        layout=axes("Dihedral angle (°)", f"Energy ({BARRIER_UNIT})", x=x_axis),
    )
