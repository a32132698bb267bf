"""APDUs as ISO 7816-4 has them: short and extended, chained, answers in pieces of 256 bytes."""
import dataclasses

from status import OK, UNKNOWN_CLA

PIECE = 256
GET_RESPONSE = 0xc0


@dataclasses.dataclass
class Command:
    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes


def parse(message):
    """None: too short to be one."""
    if len(message) < 4:
        return None
    data = b""
    if len(message) > 7 and message[4] == 0:
        size = int.from_bytes(message[5:7], "big")
        data = message[7:7 + size]
    elif len(message) > 5:
        data = message[5:5 + message[4]]
    return Command(*message[:4], data)


class Conversation:
    """Joins what is chained, and hands out long answers piece by piece."""

    def __init__(self, card):
        self.card = card
        self.reset()

    def reset(self):
        self.chained, self.left = b"", b""

    def answer(self, command):
        if command.cla & 0xec:
            return UNKNOWN_CLA.to_bytes(2, "big")
        if command.ins == GET_RESPONSE:
            return self.piece()
        if command.cla & 0x10:
            self.chained += command.data
            return OK.to_bytes(2, "big")
        command.data, self.chained = self.chained + command.data, b""
        data, status = self.card.execute(command)
        if status != OK:
            return status.to_bytes(2, "big")
        self.left = data
        return self.piece()

    def piece(self):
        data, self.left = self.left[:PIECE], self.left[PIECE:]
        if not self.left:
            return data + OK.to_bytes(2, "big")
        return data + bytes([0x61, len(self.left) if len(self.left) < 256 else 0])
