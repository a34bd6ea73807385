"""The ledger `runs.jsonl` of a report: what became of each page, so that an interrupted report is resumed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_whole

if TYPE_CHECKING:
    from .jobs import Job


class Ledger:
    """The record of runs in a report folder, one JSON object per line; the last line of a run counts.

    >>> import tempfile
    >>> ledger = Ledger(Path(tempfile.mkdtemp()))
    >>> ledger.add({"id": "p/a.zh", "ok": True})
    >>> Ledger(ledger.path.parent).runs["p/a.zh"]["ok"]
    True
    """

    def __init__(self, out: Path) -> None:
        self.path = out / "runs.jsonl"
        self.runs: dict[str, dict[str, Any]] = {}
        for line in self.path.read_text("utf-8").splitlines() if self.path.exists() else []:
            try:
                run = json.loads(line)
            except ValueError:  # the line an interruption cut off
                continue
            self.runs[run["id"]] = run

    def unchanged(self, job: Job, mark: str) -> dict[str, Any] | None:
        """The finished run of a page that need not be made again, as a run of status skipped."""
        run = self.runs.get(job.name)
        page = self.path.parent / f"{job.name}.html"
        if run and run["ok"] and run["hash"] == mark and page.exists():
            return run | {"status": "skipped"}
        return None

    def add(self, run: dict[str, Any]) -> None:
        """Append one run at once, so that it survives an interruption."""
        self.runs[run["id"]] = run
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run, ensure_ascii=False) + "\n")

    def rewrite(self, runs: Sequence[dict[str, Any]]) -> None:
        """Keep the latest run of every page, this report's first."""
        latest = {run["id"]: run for run in runs}
        latest |= {name: run for name, run in self.runs.items() if name not in latest}
        write_whole(self.path, "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in latest.values()))
