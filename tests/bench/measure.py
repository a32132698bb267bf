"""Costs side by side, and what they say about a goal."""
import dataclasses
import statistics

NOT_THERE = "not there"


@dataclasses.dataclass
class Series:
    """The costs of one command, run after run."""
    costs: list

    def least(self, what):
        return min(getattr(cost, what) for cost in self.costs)

    def median(self, what):
        return statistics.median(getattr(cost, what) for cost in self.costs)

    @property
    def rss(self):
        return max(cost.rss for cost in self.costs)

    def figures(self):
        return {"runs": len(self.costs), "peak_kib": self.rss,
                **{f"{what}_{name}": round(function(what), 6) for what in ("cpu", "wall")
                   for name, function in (("least", self.least), ("median", self.median))}}


def pairs(times, ours, theirs, prepare=lambda: None):
    """A B A B …, so that what disturbs one disturbs the other; `prepare` is not measured."""
    found = [], []
    for _ in range(times):
        for costs, run in zip(found, (ours, theirs)):
            prepare()
            costs.append(run())
    return Series(found[0]), Series(found[1])


def alone(times, run, prepare=lambda: None):
    costs = []
    for _ in range(times):
        prepare()
        costs.append(run())
    return Series(costs)


@dataclasses.dataclass
class Ratio:
    """How often theirs goes into ours, by the least and by the median of each."""
    least: float
    median: float

    def __str__(self):
        return f"{self.least:.3g} × ({self.median:.3g})"


def ratio(ours, theirs, what):
    return Ratio(ours.least(what) / theirs.least(what), ours.median(what) / theirs.median(what))


@dataclasses.dataclass
class Row:
    """A line of the table. `met` is None where nothing was judged."""
    goal: str
    what: str
    measured: str
    limit: str
    met: bool
    command: str
    figures: dict = dataclasses.field(default_factory=dict)

    @property
    def verdict(self):
        return {True: "met", False: "missed", None: "–"}[self.met]


def judged(goal, what, found, limit, command, series):
    """A ratio that must not be larger than the limit."""
    return Row(goal, what, str(found), f"≤ {limit:g} ×", found.least <= limit, command,
               {name: costs.figures() for name, costs in series.items()})


def faster(goal, what, found, limit, command, series):
    """Ours is so many times faster than theirs."""
    times = Ratio(1 / found.least, 1 / found.median)
    return Row(goal, what, f"{times} faster", f"≥ {limit:g} ×", times.least >= limit, command,
               {name: costs.figures() for name, costs in series.items()})
