"""The one training command: read the bank, train the prior, validate it, write it with its model card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..forecasting.comparators import FILE as SHARES
from ..forecasting.prior import FILE, save
from .borrowing import write_shares
from .hindcast import Hindcast
from .modelcard import write_card
from .moves import FILE as MOVES
from .moves import write_moves
from .train import ORIGINS, Say, read_bank, train_on

Keep = Callable[[Hindcast, Path], object]


def train_prior(
    bank_path: Path | str, out_dir: Path | str, say: Say = print, seed: int = 0, keep: Keep | None = None
) -> Path:
    """Train the prior from a bank, validate it, write `prior.json`, `moves.json`,
    `borrowing.json` and MODEL_CARD.md; returns the prior's path. `keep` is given the hindcasts on held-out
    indicators and the folder, to write their record there.
    """
    bank = read_bank(bank_path)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    say(f"{len(bank.values)} series of {bank.meta['indicator'].nunique()} indicators")
    say("training on all indicators")
    save(train_on(bank, list(bank.values), ORIGINS, seed, say), out / FILE)
    write_moves(bank, out / MOVES)
    write_shares(bank, out / SHARES, say, seed)
    held_out = write_card(bank, out / "MODEL_CARD.md", say, seed)
    if keep is not None:
        keep(held_out, out)
    return out / FILE
