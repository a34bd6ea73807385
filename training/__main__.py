"""The one training command: read the corpus, train the prior, validate it, write it with its model card."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from qcity_analysis.errors import QcityError
from qcity_analysis.forecasting.annual import SHARES_FILE
from qcity_analysis.forecasting.prior import CHANGES_FILE, FILE

from .borrowing import write_shares
from .changes import write_changes
from .modelcard import write_card
from .outside import PARTS, write_outside
from .priorfile import save
from .record import write_record
from .train import Say, learn, read_corpus


def train_prior(corpus_path: Path | str, out_dir: Path | str, say: Say = print, seed: int = 0) -> Path:
    """Train the prior from a corpus, validate it, write `prior.json`, `moves.json`, `borrowing.json`, `record.json` (on
    held-out indicators) and MODEL_CARD.md; returns the prior's path. Raises QcityError where the corpus is none.
    """
    corpus = read_corpus(corpus_path)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    say(f"{len(corpus.values)} series of {corpus.meta['indicator'].nunique()} indicators")
    training = learn(corpus, seed, say)
    say("training on all indicators")
    save(training.prior(), out / FILE)
    write_changes(corpus, out / CHANGES_FILE)
    write_record(write_card(corpus, training, out / "MODEL_CARD.md", say), out)
    write_shares(corpus, training, out / SHARES_FILE, say)
    write_outside(corpus, Path(corpus_path), out, PARTS, say)
    return out / FILE


def main() -> int:
    """`python -m training BANK --out DIR`; returns the exit status."""
    example = "Example: python -m training path/to/bank --out new_prior"
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__, epilog=example)
    parser.add_argument(
        "bank", type=Path, help="folder with indicator_bank.parquet and indicator_bank_meta.parquet"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for prior.json and MODEL_CARD.md")
    parser.add_argument("--seed", type=int, default=0, help="seed of tasks and training")
    parser.add_argument("--only", default="", help=f"parts to train by themselves: {','.join(PARTS)}")
    given = parser.parse_args()
    only = [name for name in given.only.split(",") if name]
    if set(only) - set(PARTS):
        parser.error(f"--only takes {', '.join(PARTS)}; found {given.only}")
    try:
        if only:
            write_outside(read_corpus(given.bank), given.bank, given.out, only, print)
            return 0
        print(f"written: {train_prior(given.bank, given.out, seed=given.seed)}")
    except QcityError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
