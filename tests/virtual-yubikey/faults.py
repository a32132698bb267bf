"""What goes wrong, by script: rules that strike at the Nth APDU of a kind.

A rule is an object:
    at         strike at the Nth APDU that fits, from when the rule was given; default 1
    times      how many in a row from there; default 1, 0: all that follow
    ins, p1, p2    in hex: which APDUs fit; default: every one, pieces and chains too
    after      true: the card does as it was told first, and only its answer is spoilt
    do         "status" (with status, in hex), "remove" (the card is pulled; back: seconds until it
               is put in again), "slow" (with seconds; then it answers), "garbage" (an answer that is
               no TLV, with 9000)
"""
import threading
import time

from status import CardGone

KNOWN = {"at", "times", "ins", "p1", "p2", "after", "do", "status", "seconds", "back"}
DEEDS = ("status", "remove", "slow", "garbage")


class Rule:
    def __init__(self, facts):
        unknown = set(facts) - KNOWN
        if unknown or facts.get("do") not in DEEDS:
            raise ValueError(f"no rule: {facts}")
        self.fits = {name: int(facts[name], 16) for name in ("ins", "p1", "p2") if name in facts}
        self.at, self.times = facts.get("at", 1), facts.get("times", 1)
        self.after, self.do = facts.get("after", False), facts["do"]
        self.status = int(facts.get("status", "6f00"), 16)
        self.seconds, self.back = facts.get("seconds", 1), facts.get("back")
        self.seen = 0

    def strikes(self, command):
        if any(getattr(command, name) != value for name, value in self.fits.items()):
            return False
        self.seen += 1
        return self.seen >= self.at and (self.times == 0 or self.seen < self.at + self.times)


class Faults:
    def __init__(self, card):
        self.card, self.rules = card, []

    def set(self, rules):
        self.rules = [Rule(facts) for facts in rules]

    def through(self, command, answer):
        """answer: what the card would say, asked for at most once. Gives what is said."""
        struck = [rule for rule in self.rules if rule.strikes(command)]
        for rule in struck:
            if not rule.after:
                spoilt = self.strike(rule)
                if spoilt is not None:
                    return spoilt
        said = answer(command)
        for rule in struck:
            if rule.after:
                spoilt = self.strike(rule)
                said = said if spoilt is None else spoilt
        return said

    def strike(self, rule):
        if rule.do == "slow":
            time.sleep(rule.seconds)
            return None
        if rule.do == "remove":
            self.card.pull()
            if rule.back is not None:
                timer = threading.Timer(rule.back, self.card.put_in)
                timer.daemon = True
                timer.start()
            raise CardGone
        if rule.do == "garbage":
            return b"\x7c\x82\xff\xff\x00\x90\x00"
        return rule.status.to_bytes(2, "big")
