"""Text for a publication: the paragraph on methods, BibTeX entries, and links to sources."""

import re
from pathlib import Path

from markupsafe import Markup, escape

from openmm_mlff.config import short_name
from openmm_mlff.report.wording import listed
from openmm_mlff.results import Status, ValidationReport

DOIS = {
    "GFN2-xTB": "10.1021/acs.jctc.8b01176",
    "physical_validation": "10.1371/journal.pone.0202764",
    "Shirts, J. Chem. Theory Comput. 9 (2013) 909": "10.1021/ct300688p",
    "Fu et al. 2023": "10.48550/arXiv.2210.07237",
    "MDsim": "10.48550/arXiv.2210.07237",
    "Bigi et al. 2025": "10.48550/arXiv.2412.11569",
    "Birch, Phys. Rev. 71 (1947) 809": "10.1103/PhysRev.71.809",
    "Yeh and Hummer 2004": "10.1021/jp0477147",
    "Badger's rule (1934)": "10.1063/1.1749433",
    "Schlegel's constants (1984)": "10.1007/BF00554788",
    "MLIP Arena": "10.5281/zenodo.13704399",
    "LAMBench": "10.48550/arXiv.2504.19578",
}
"""Sources as the checks name them."""

_NAMED = re.compile("|".join(map(re.escape, sorted(DOIS, key=len, reverse=True))))

ENTRIES = Path(__file__).parent / "templates" / "entries.bib"
"""BibTeX by the package that a run used, which is the key of an entry."""


def linked(text: object) -> Markup:
    """Escape text, and link the sources in it to their DOI."""

    def link(found: re.Match[str]) -> str:
        return f'<a href="https://doi.org/{DOIS[found[0]]}">{found[0]}</a>'

    return Markup(_NAMED.sub(link, str(escape(text)).replace("&#39;", "'")))


def methods_text(report: ValidationReport) -> str:
    """Return a paragraph for the methods section of a publication, made of the report alone."""
    scope, versions = report.verdict.scope, report.environment.get("versions") or {}
    passed = sum(check.status is Status.PASS for check in report.checks)
    judged = sum(check.status is not Status.NOT_APPLICABLE for check in report.checks)
    temperatures = listed([f"{value:g}" for value in scope.temperatures_kelvin])
    reference = report.environment.get("reference")
    dynamics = (
        f"Dynamics at constant energy of {scope.duration_ps:g} ps at {temperatures} K with "
        f"timesteps up to {scope.max_timestep_fs:g} fs were run in OpenMM "
        f"{versions.get('openmm', '')} "
        f"(platform {scope.platform}, {scope.precision} precision). "
        if temperatures
        else ""
    )
    failed = [f"{one.id} ({one.system})" for one in report.checks if one.status is Status.FAIL]
    return (
        f"The potential {report.model.name} (SHA-256 {report.model.sha256[:12] or 'unknown'}) was "
        f"validated with openmm_mlff {versions.get('openmm_mlff', '')} by its protocol "
        f"{report.protocol.get('name', 'unknown')} on {listed(scope.systems)}. {dynamics}"
        + (f"The reference was {short_name(str(reference))}. " if reference else "")
        + f"Of {judged} results {passed} passed; verdict: {report.verdict.label}."
        + (f" Failed: {', '.join(failed)}." if failed else "")
    )


def bibtex(report: ValidationReport) -> str:
    """Return the BibTeX entries of what the run used."""
    versions = {"openmm_mlff": "", **(report.environment.get("versions") or {})}
    entries = ENTRIES.read_text(encoding="utf-8").strip().split("\n\n")
    used = [entry for entry in entries if entry.split("{")[1].split(",")[0] in versions]
    return "\n\n".join(used).replace("VERSION", str(versions["openmm_mlff"]))
