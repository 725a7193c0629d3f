"""Result files: every published figure with its date, machine, versions and command.

The measuring command writes `docs/results/NAME.json`; `report` makes the tables of README and docs from it.
"""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reference.errors import UserError
from reference.files import write_text
from tests.benchmarks.machine import facts

FOLDER = Path("docs/results")
OF_A_RUN = ("date", "commit", "command")  # they may change when a stopped run is continued


def provenance(command: str, threads: int) -> dict[str, Any]:
    """What a result file says beside its figures: date, commit, command, machine with versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "command": command,
        "machine": facts(threads),
    }


def with_source(content: dict[str, Any], command: str, **sections: Any) -> dict[str, Any]:
    """The content with further sections, and in its "sources" when and how each was measured."""
    source = provenance(command, 1)
    return {**content, **sections, "sources": content.get("sources", {}) | dict.fromkeys(sections, source)}


def commit() -> str:
    """The short hash of the checked-out commit, "" outside a git repository."""
    command = ["git", "rev-parse", "--short=7", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def path(name: str) -> Path:
    return FOLDER / f"{name}.json"


def read(name: str) -> dict[str, Any]:
    """Raises UserError for a file that is missing or no JSON."""
    try:
        content: dict[str, Any] = json.loads(path(name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path(name)} is missing: run the command that measures it first") from None
    except ValueError as error:
        raise UserError(f"{path(name)} is not JSON: {error}") from None
    return content


def write(name: str, content: dict[str, Any]) -> None:
    write_json(path(name), content)


def write_json(path: Path, content: Any) -> None:
    """Write the whole file or leave the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, indent=1) + "\n")


def resume(name: str, fresh: dict[str, Any], found: str) -> dict[str, Any]:
    """`fresh`, with the stored figures under `found` if they are of the same machine and things."""
    if not path(name).exists():
        return fresh
    stored = read(name)
    ignored = {key: fresh[key] for key in (found, *OF_A_RUN) if key in fresh}
    return {**fresh, found: stored[found]} if {**stored, **ignored} == fresh else fresh


def source_line(content: dict[str, Any]) -> str:
    """One line of Markdown that says when, where and how the figures were measured."""
    commit = f", commit {content['commit']}" if content.get("commit") else ""
    note = f" {content['note']}" if content.get("note") else ""
    return f"*{content['date']}{commit}; {machine_line(content['machine'])}; `{content['command']}`.{note}*"


def machine_line(machine: dict[str, Any]) -> str:
    flags, versions = (", ".join(machine.get(name, ())) for name in ("flags", "versions"))
    parts = [machine["cpu"]]
    if "threads" in machine:
        cores = f" of {machine['cores']} cores" if "cores" in machine else ""
        parts.append(f"{machine['threads']} thread{'s' if machine['threads'] != 1 else ''}{cores}")
    if "memory_gb" in machine:
        parts.append(f"{machine['memory_gb']} GB")
    if flags:
        parts.append(f"with {flags}")
    return ", ".join(parts) + (f"; {versions}" if versions else "")
