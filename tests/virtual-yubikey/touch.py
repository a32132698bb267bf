"""The finger: comes at once, late or never. A real card waits 15 s for it; so does its memory."""
import time

from status import NOT_ALLOWED, Refused

PATIENCE = 15
NEVER, ALWAYS, CACHED = 1, 2, 3
MANNERS = ("granted", "late", "refused")


class Finger:
    """manner: one of MANNERS; seconds: how late it comes, or how soon the card gives up."""

    def __init__(self, manner="granted", seconds=1):
        self.set(manner, seconds)
        self.asked = 0
        self.last = None

    def set(self, manner, seconds=1):
        if manner not in MANNERS:
            raise ValueError(f"no such manner: {manner}")
        self.manner, self.seconds = manner, seconds

    def need(self, policy):
        """Refused: nobody came."""
        if policy == NEVER:
            return
        if policy == CACHED and self.last and time.monotonic() - self.last < PATIENCE:
            return
        self.asked += 1
        if self.manner != "granted":
            time.sleep(min(self.seconds, PATIENCE))
        if self.manner == "refused" or (self.manner == "late" and self.seconds >= PATIENCE):
            raise Refused(NOT_ALLOWED)
        self.last = time.monotonic()
