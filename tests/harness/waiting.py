"""Waits for conditions."""

import time

WAIT_SECONDS = 60


def until(condition, what, seconds=WAIT_SECONDS):
    """Waits until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while not (met := condition()):
        assert time.monotonic() < deadline, f"after {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.05)
    return met
