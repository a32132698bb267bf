"""The two bytes that end a card's answer (ISO 7816-4), as an exception where they say no."""

OK = 0x9000
AUTH_FAILED = 0x6300  # the last digit: tries left, 0x63Cn
NOT_ALLOWED = 0x6982  # security status not satisfied; also a touch that did not come
BLOCKED = 0x6983
CONDITIONS = 0x6985
WRONG_DATA = 0x6a80
NOT_FOUND = 0x6a82
NO_ROOM = 0x6a84
WRONG_P1P2 = 0x6a86
NO_REFERENCE = 0x6a88
UNKNOWN_INS = 0x6d00
UNKNOWN_CLA = 0x6e00
BROKEN = 0x6f00


class Refused(Exception):
    """The card says no, in a status word."""

    def __init__(self, status):
        super().__init__(f"{status:04x}")
        self.status = status


class CardGone(Exception):
    """Somebody pulled the card, by script."""
