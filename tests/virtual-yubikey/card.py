"""One card in one reader: connected to vpcd's port it is in the reader, and answers.

vpcd speaks of power and reset in messages of one byte; every other message is an APDU.
"""
import collections
import json
import os
import socket
import struct
import threading
import time

import apdu
import attestation
import state
from faults import Faults
from piv import Piv
from status import BROKEN, CardGone
from tlv import tlv
from touch import NEVER

ATR = bytes.fromhex("3bfd1300008131fe158073c021c057597562694b657940")
ANSWER_TO_RESET = 4
REMEMBERED = 2000
PAUSE = 0.02  # before vpcd is tried again
ABSENCE = 1  # pcscd looks every 0.4 s, and never finds a card again that was away between two looks


class Card:
    """folder: where state.json and the control socket lie; facts: as in state.DEFAULTS, for a new
    card, and constrained: false for an F9 without basicConstraints."""

    def __init__(self, folder, port, maker, facts=None):
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self.port = folder, port
        facts = dict(facts or {})
        constrained = facts.pop("constrained", True)
        self.state = state.State(folder / "state.json", facts)
        if state.ATTESTATION_OBJECT not in self.state.objects and self.state.version >= (4, 3, 0):
            self.be_made(maker, constrained)
        self.trace = collections.deque(maxlen=REMEMBERED)
        self.piv = Piv(self.state, self.trace.append)
        self.talk = apdu.Conversation(self.piv)
        self.faults = Faults(self)
        self.count = 0
        self.inserted, self.link, self.pulled = threading.Event(), None, -ABSENCE
        self.inserted.set()

    def be_made(self, maker, constrained):
        key, certificate = maker.device(self.state.firmware, self.state.fips, constrained)
        algorithm = {"rsa2048": 0x07, "ecdsa-p256": 0x11, "ecdsa-p384": 0x14}[maker.kind]
        self.state.put_key(state.ATTESTATION_SLOT, key, algorithm=algorithm, generated=False,
                           pin_policy=NEVER, touch_policy=NEVER)
        self.state.objects[state.ATTESTATION_OBJECT] = \
            tlv(0x70, attestation.der(certificate)) + tlv(0x71, b"\0") + tlv(0xfe, b"")
        self.state.save()

    # In and out of the reader

    def put_in(self):
        self.inserted.set()

    def pull(self):
        self.inserted.clear()
        self.pulled = time.monotonic()
        if self.link:
            try:
                self.link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it was gone already

    def serve(self):
        while True:
            self.inserted.wait()
            time.sleep(max(0, self.pulled + ABSENCE - time.monotonic()))
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as self.link:
                    self.answer_all(self.link)
            except (OSError, EOFError, CardGone):
                time.sleep(PAUSE)
            self.link = None
            self.power_off()

    def power_off(self):
        self.piv.power_off()
        self.talk.reset()

    @staticmethod
    def receive(link, size):
        data = b""
        while len(data) < size:
            # vpcd sends in two parts, and the second waits for the acknowledgement of the first.
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            part = link.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def answer_all(self, link):
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            size, = struct.unpack(">H", self.receive(link, 2))
            message = self.receive(link, size)
            if size == 1 and message[0] == ANSWER_TO_RESET:
                answer = ATR
            elif size == 1:
                self.power_off()
                continue
            else:
                answer = self.answer(message)
            link.sendall(struct.pack(">H", len(answer)) + answer)

    def answer(self, message):
        command = apdu.parse(message)
        if not command:
            return BROKEN.to_bytes(2, "big")
        self.count += 1
        head = " ".join(f"{byte:02x}" for byte in message[:4])
        try:
            said = self.faults.through(command, self.talk.answer)
        except CardGone:
            self.trace.append(f"{head} pulled")
            raise
        self.trace.append(f"{head} {said[-2:].hex()}")
        return said

    # The control socket: one request and one answer a connection, an object on a line each

    def obey(self):
        path = self.folder / "control"
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            os.chmod(path, 0o600)
            listener.listen()
            while True:
                link, _ = listener.accept()
                with link, link.makefile("rwb") as lines:
                    try:
                        answer = {"facts": self.told(json.loads(lines.readline()))}
                    except Exception as error:  # told to who asked
                        answer = {"error": repr(error)}
                    lines.write(json.dumps(answer).encode() + b"\n")

    def told(self, request):
        return getattr(self, f"do_{request.pop('do')}")(**request)

    def do_insert(self):
        self.put_in()

    def do_remove(self):
        self.pull()

    def do_faults(self, rules):
        self.faults.set(rules)

    def do_touch(self, manner, seconds=1):
        self.piv.finger.set(manner, seconds)

    def do_trace(self):
        """Heads of the APDUs since this was asked last, with the status of each."""
        lines = list(self.trace)
        self.trace.clear()
        return lines

    def do_change(self, facts):
        """Some of state.DEFAULTS that are plain: tries, PINs, firmware."""
        if set(facts) - (set(state.DEFAULTS) - {"keys", "objects", "management"}):
            raise ValueError(f"not to be changed: {sorted(facts)}")
        vars(self.state).update(facts)
        self.state.save()

    def do_facts(self):
        kept = self.state
        return {"inserted": self.inserted.is_set(), "apdus": self.count,
                "touches": self.piv.finger.asked, "verified": self.piv.verified,
                "pin_tries": kept.pin_tries, "puk_tries": kept.puk_tries,
                "firmware": kept.firmware, "serial": kept.serial,
                "management": {**kept.management, "key": kept.management["key"].hex()},
                "objects": sorted(kept.objects),
                "keys": {f"{slot:02x}": {name: value for name, value in entry.items()
                                         if name != "pkcs8"} for slot, entry in kept.keys.items()}}
