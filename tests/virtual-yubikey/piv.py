"""The PIV application as YubiKeys have it: NIST SP 800-73-4 and the maker's own commands."""
import attestation
import keys
from cryptography import x509
from state import ATTESTATION_OBJECT, ATTESTATION_SLOT, FACTORY_PIN, FACTORY_PUK
from status import (AUTH_FAILED, BLOCKED, BROKEN, CONDITIONS, NO_REFERENCE, NO_ROOM, NOT_ALLOWED,
                    NOT_FOUND, OK, UNKNOWN_INS, WRONG_DATA, WRONG_P1P2, Refused)
from tlv import items, parse, tlv
from touch import ALWAYS, NEVER, Finger

AID = bytes.fromhex("a000000308")
OTP_AID = bytes.fromhex("a0000005272001")  # tells the serial of cards before 5.0
APPLICATION = tlv(0x61, tlv(0x4f, bytes.fromhex("000010000100")) + tlv(0x79, tlv(0x4f, AID)))
DISCOVERY = tlv(0x7e, tlv(0x4f, bytes.fromhex("a000000308000010000100")) + tlv(0x5f2f, b"\x40\x00"))
PIN, PUK, MANAGEMENT = 0x80, 0x81, 0x9b
RETIRED = range(0x82, 0x96)
SLOTS = (0x9a, 0x9c, 0x9d, 0x9e, *RETIRED)
PIN_NEVER, PIN_ONCE, PIN_ALWAYS = 1, 2, 3
LARGEST_OBJECT = 3052


def padded(pin):
    return pin.encode("latin-1").ljust(8, b"\xff")


class Piv:
    def __init__(self, state, log):
        self.state, self.log = state, log
        self.finger = Finger()
        self.commands = {
            0xa4: self.select, 0x20: self.verify, 0x24: self.change, 0x2c: self.unblock,
            0xcb: self.get_data, 0xdb: self.put_data, 0x47: self.generate, 0x87: self.authenticate,
            0xf6: self.move, 0xf7: self.metadata, 0xf8: self.serial, 0xf9: self.attest,
            0xfa: self.set_retries, 0xfb: self.reset, 0xfd: self.version, 0xfe: self.import_key,
            0xff: self.set_management,
        }
        self.power_off()

    def power_off(self):
        self.application = None
        self.forget_login()

    def forget_login(self):
        self.verified = self.fresh = self.managed = False
        self.witness = self.challenge = None

    def execute(self, command):
        """(data, status)."""
        try:
            if command.ins == 0xa4:
                return self.select(command), OK
            if self.application == "otp":
                return self.otp(command), OK
            if self.application != "piv":
                raise Refused(NOT_FOUND)
            known = self.commands.get(command.ins)
            if not known:
                raise Refused(UNKNOWN_INS)
            return known(command), OK
        except Refused as refused:
            return b"", refused.status
        except Exception as error:  # a host's nonsense breaks no card
            self.log(f"INS {command.ins:02x}: {error!r}")
            return b"", BROKEN
        finally:
            self.state.save()

    def since(self, *version):
        if self.state.version < version:
            raise Refused(UNKNOWN_INS)

    def need_management(self):
        if not self.managed:
            raise Refused(NOT_ALLOWED)

    # Applications

    def select(self, command):
        if command.data[:5] == AID:
            self.application = "piv"
            self.forget_login()
            return APPLICATION
        if command.data == OTP_AID and self.state.version < (5, 0, 0):
            self.application = "otp"
            self.forget_login()
            return bytes(self.state.firmware) + bytes(3)
        raise Refused(NOT_FOUND)

    def otp(self, command):
        if command.ins == 0x01 and command.p1 == 0x10 and self.state.serial is not None:
            return self.state.serial.to_bytes(4, "big")
        raise Refused(UNKNOWN_INS)

    def version(self, _):
        return bytes(self.state.firmware)

    def serial(self, _):
        self.since(5, 0, 0)
        return self.state.serial.to_bytes(4, "big")

    # PIN and PUK

    def tried(self, which, value):
        """Exactly one try of the PIN or the PUK."""
        name, tries = ("pin", "pin_tries") if which == PIN else ("puk", "puk_tries")
        if getattr(self.state, tries) == 0:
            raise Refused(BLOCKED)
        if value == padded(getattr(self.state, name)):
            setattr(self.state, tries, getattr(self.state, f"{name}_max"))
            return
        left = getattr(self.state, tries) - 1
        setattr(self.state, tries, left)
        raise Refused(BLOCKED if left == 0 else AUTH_FAILED | 0xc0 | left)

    def new_value(self, value):
        text = value.rstrip(b"\xff")
        if len(value) != 8 or len(text) < 6:
            raise Refused(WRONG_DATA)
        return text.decode("latin-1")

    def verify(self, command):
        if command.p2 != PIN:
            raise Refused(NO_REFERENCE)
        if command.p1 == 0xff:
            self.verified = self.fresh = False
            return b""
        if not command.data:
            return self.verify_state()
        self.verified = self.fresh = False
        self.tried(PIN, command.data)
        self.verified = self.fresh = True
        return b""

    def verify_state(self):
        if self.verified:
            return b""
        left = self.state.pin_tries
        raise Refused(BLOCKED if left == 0 else AUTH_FAILED | 0xc0 | left)

    def change(self, command):
        if command.p2 not in (PIN, PUK):
            raise Refused(NO_REFERENCE)
        self.tried(command.p2, command.data[:8])
        new = self.new_value(command.data[8:16])
        setattr(self.state, "pin" if command.p2 == PIN else "puk", new)
        return b""

    def unblock(self, command):
        if command.p2 != PIN:
            raise Refused(NO_REFERENCE)
        self.tried(PUK, command.data[:8])
        new = self.new_value(command.data[8:16])
        self.state.pin, self.state.pin_tries = new, self.state.pin_max
        return b""

    def set_retries(self, command):
        self.need_management()
        if not self.verified:
            raise Refused(NOT_ALLOWED)
        if not command.p1 or not command.p2:
            raise Refused(WRONG_DATA)
        self.state.pin_max = self.state.pin_tries = command.p1
        self.state.puk_max = self.state.puk_tries = command.p2
        self.state.pin, self.state.puk = FACTORY_PIN, FACTORY_PUK
        return b""

    def reset(self, _):
        if self.state.pin_tries or self.state.puk_tries:
            raise Refused(CONDITIONS)
        self.state.reset()
        self.forget_login()
        return b""

    # Data objects

    def get_data(self, command):
        tag = parse(command.data)[0x5c].hex()
        if tag == "7e":
            return DISCOVERY
        content = self.state.objects.get(tag)
        if not content:
            raise Refused(NOT_FOUND)
        return tlv(0x53, content)

    def put_data(self, command):
        self.need_management()
        found = parse(command.data)
        content = found.get(0x53, b"")
        if len(content) > LARGEST_OBJECT:
            raise Refused(NO_ROOM)
        tag = found[0x5c].hex()
        if content:
            self.state.objects[tag] = content
        else:
            self.state.objects.pop(tag, None)
        return b""

    # Keys

    def policies(self, slot, found):
        default = {0x9c: PIN_ALWAYS, 0x9e: PIN_NEVER}.get(slot, PIN_ONCE)
        pin = found.get(0xaa, b"\0")[0] or default
        touch = found.get(0xab, b"\0")[0] or NEVER
        if pin > PIN_ALWAYS or touch > 3:
            raise Refused(WRONG_DATA)
        return {"pin_policy": pin, "touch_policy": touch}

    def takes(self, algorithm, slot):
        if slot not in SLOTS and slot != ATTESTATION_SLOT:
            raise Refused(WRONG_P1P2)
        if algorithm in keys.SINCE_5_7 and self.state.version < (5, 7, 0):
            raise Refused(WRONG_DATA)
        if algorithm == 0x06 and self.state.fips:
            raise Refused(WRONG_DATA)

    def generate(self, command):
        self.need_management()
        found = parse(parse(command.data)[0xac])
        algorithm = found[0x80][0]
        self.takes(algorithm, command.p2)
        key = keys.generate(algorithm)
        self.state.put_key(command.p2, key, algorithm=algorithm, generated=True,
                           **self.policies(command.p2, found))
        return tlv(0x7f49, keys.public_tlv(key))

    def import_key(self, command):
        self.need_management()
        self.takes(command.p1, command.p2)
        found = parse(command.data)
        self.state.put_key(command.p2, keys.imported(command.p1, found), algorithm=command.p1,
                           generated=False, **self.policies(command.p2, found))
        return b""

    def move(self, command):
        """P2 to P1; FF: nowhere."""
        self.since(5, 7, 0)
        self.need_management()
        if command.p2 not in self.state.keys:
            raise Refused(NO_REFERENCE)
        if command.p1 != 0xff and (command.p1 not in SLOTS or command.p1 in self.state.keys):
            raise Refused(WRONG_P1P2)
        entry = self.state.keys.pop(command.p2)
        if command.p1 != 0xff:
            self.state.keys[command.p1] = entry
        return b""

    def attest(self, command):
        self.since(4, 3, 0)
        entry = self.state.keys.get(command.p1)
        if not entry or not entry["generated"]:
            raise Refused(WRONG_DATA)
        content = self.state.objects.get(ATTESTATION_OBJECT)
        if not content or ATTESTATION_SLOT not in self.state.keys:
            raise Refused(NO_REFERENCE)
        certificate = x509.load_der_x509_certificate(parse(content)[0x70])
        signer = self.state.key(ATTESTATION_SLOT), certificate
        return attestation.der(attestation.leaf(self.state, command.p1, self.state.key(command.p1),
                                                signer))

    def metadata(self, command):
        self.since(5, 3, 0)
        state, slot = self.state, command.p2
        if slot in (PIN, PUK):
            name, factory = ("pin", FACTORY_PIN) if slot == PIN else ("puk", FACTORY_PUK)
            return tlv(1, b"\xff") + tlv(5, bytes([getattr(state, name) == factory])) \
                + tlv(6, bytes([getattr(state, f"{name}_max"), getattr(state, f"{name}_tries")]))
        if slot == MANAGEMENT:
            touch = ALWAYS if state.management["touch"] else NEVER
            return tlv(1, bytes([state.management["algorithm"]])) + tlv(2, bytes([0, touch])) \
                + tlv(5, bytes([state.management["key"] == keys.FACTORY_KEY]))
        entry = state.keys.get(slot)
        if not entry:
            raise Refused(NO_REFERENCE)
        return tlv(1, bytes([entry["algorithm"]])) \
            + tlv(2, bytes([entry["pin_policy"], entry["touch_policy"]])) \
            + tlv(3, b"\1" if entry["generated"] else b"\2") \
            + tlv(4, keys.public_tlv(state.key(slot)))

    # The management key

    def set_management(self, command):
        self.need_management()
        algorithm, slot, size = command.data[:3]
        key = command.data[3:]
        if slot != MANAGEMENT or algorithm not in keys.MANAGEMENT or \
                size != len(key) or size != keys.MANAGEMENT[algorithm][1]:
            raise Refused(WRONG_DATA)
        if algorithm != keys.DES3 and self.state.version < (5, 4, 2):
            raise Refused(WRONG_DATA)
        if command.p1 != 0xff or command.p2 not in (0xff, 0xfe):
            raise Refused(WRONG_P1P2)
        self.state.management = {"algorithm": algorithm, "key": key, "touch": command.p2 == 0xfe}
        return b""

    def manage(self, command, found):
        """Both ways of SP 800-73-4, part 2, A.1."""
        algorithm, key = self.state.management["algorithm"], self.state.management["key"]
        if (command.p1 or keys.DES3) != algorithm:
            raise Refused(WRONG_P1P2)
        if found.get(0x80) == b"":
            self.witness = keys.random_block(algorithm)
            return tlv(0x7c, tlv(0x80, keys.cipher(algorithm, key, self.witness, True)))
        if found.get(0x81) == b"":
            self.challenge = keys.random_block(algorithm)
            return tlv(0x7c, tlv(0x81, self.challenge))
        wanted, self.witness = self.witness, None
        challenge, self.challenge = self.challenge, None
        if 0x80 in found and 0x81 in found and wanted:
            self.let_in(found[0x80] == wanted)
            return tlv(0x7c, tlv(0x82, keys.cipher(algorithm, key, found[0x81], True)))
        if 0x82 in found and challenge:
            self.let_in(found[0x82] == keys.cipher(algorithm, key, challenge, True))
            return b""
        raise Refused(WRONG_DATA)

    def let_in(self, right):
        if not right:
            raise Refused(NOT_ALLOWED)
        self.finger.need(ALWAYS if self.state.management["touch"] else NEVER)
        self.managed = True

    # Using keys

    def authenticate(self, command):
        found = parse(dict(items(command.data))[0x7c])
        if command.p2 == MANAGEMENT:
            return self.manage(command, found)
        entry = self.state.keys.get(command.p2)
        if not entry or entry["algorithm"] != command.p1:
            raise Refused(WRONG_DATA)
        self.need_pin(entry["pin_policy"])
        self.finger.need(entry["touch_policy"])
        key = self.state.key(command.p2)
        if 0x85 in found:
            return tlv(0x7c, tlv(0x82, keys.agree(key, found[0x85])))
        return tlv(0x7c, tlv(0x82, keys.sign(key, found[0x81])))

    def need_pin(self, policy):
        fresh, self.fresh = self.fresh, False
        if policy == PIN_ONCE and not self.verified or policy == PIN_ALWAYS and not fresh:
            raise Refused(NOT_ALLOWED)
