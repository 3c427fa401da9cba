"""How far a long command is."""

from collections.abc import Callable, Iterable

from tqdm import tqdm


def bar(verbosity: int) -> Callable[[Iterable], Iterable]:
    """Lets rows pass by a bar on a terminal; nothing is shown elsewhere, or at verbosity 0."""
    return lambda rows: tqdm(rows, unit="", leave=False, disable=None if verbosity else True)
