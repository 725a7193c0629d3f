"""The score of slow runtimes, whose pictures are judged one by one over several runs."""

from runtime.parity.prompt_following import share

PER_CATEGORY, JUDGED = 20, 120  # prompts


def score(verdicts: str) -> str:
    """The share of pictures that show what was asked for, %; "" until all are judged."""
    return f"{100 * share(verdicts):.1f}" if len(verdicts) == JUDGED else ""
