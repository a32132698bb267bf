"""The card by itself, APDU by APDU: what Debian's programs are too old to ask of it."""
import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3"  # the one that cards are run by
if os.path.exists(PYTHON) and os.path.realpath(sys.executable) != os.path.realpath(PYTHON):
    os.execv(PYTHON, [PYTHON, "-B", *sys.argv])
sys.path.insert(0, str(HERE.parent / "stories"))

import unittest  # noqa: E402

import story  # noqa: E402

try:
    import apdu
    import keys
    import piv
    import state
    import status
    import touch
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from tlv import parse, tlv
except ImportError as error:
    if story.IN_CI:
        raise
    print(f"SKIP: {PYTHON} lacks {error.name} (package python3-cryptography)")
    sys.exit(77)

SELECT = apdu.Command(0, 0xa4, 4, 0, piv.AID)


class OnCard(unittest.TestCase):
    FIRMWARE = [5, 7, 1]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "state.json"
        self.state = state.State(self.path, {"firmware": self.FIRMWARE})
        self.card = piv.Piv(self.state, self.fail)
        self.good(SELECT)

    def good(self, command):
        data, word = self.card.execute(command)
        self.assertEqual(f"{word:04x}", "9000")
        return data

    def refused(self, command, word):
        self.assertEqual(self.card.execute(command), (b"", word))

    def ask(self, ins, p1, p2, data=b""):
        return apdu.Command(0, ins, p1, p2, data)

    def manage(self, algorithm, key):
        """As a host does it that proves itself and has the card prove itself."""
        answer = self.good(self.ask(0x87, algorithm, 0x9b, tlv(0x7c, tlv(0x80, b""))))
        witness = keys.cipher(algorithm, key, parse(parse(answer)[0x7c])[0x80], False)
        challenge = keys.random_block(algorithm)
        answer = self.good(self.ask(0x87, algorithm, 0x9b,
                                    tlv(0x7c, tlv(0x80, witness) + tlv(0x81, challenge))))
        self.assertEqual(parse(parse(answer)[0x7c])[0x82], keys.cipher(algorithm, key, challenge, True))

    def verify(self, pin=state.FACTORY_PIN):
        return self.ask(0x20, 0, piv.PIN, piv.padded(pin))

    def generate(self, slot, algorithm, *more):
        return self.good(self.ask(0x47, 0, slot, tlv(0xac, tlv(0x80, bytes([algorithm])) + b"".join(more))))

    def sign(self, slot, algorithm, block):
        answer = self.card.execute(self.ask(0x87, algorithm, slot, tlv(0x7c, tlv(0x82, b"") + tlv(0x81, block))))
        return (parse(parse(answer[0])[0x7c])[0x82] if answer[1] == status.OK else None), answer[1]


class ManagementKeys(OnCard):
    def test_since_5_7_it_is_an_aes_192_key(self):
        self.manage(0x0a, keys.FACTORY_KEY)

    def test_of_every_kind_and_asked_for_by_no_other(self):
        present = 0x0a, keys.FACTORY_KEY
        for algorithm, (_, size) in keys.MANAGEMENT.items():
            self.manage(*present)
            key = bytes(range(40, 40 + size))
            self.good(self.ask(0xff, 0xff, 0xff, bytes([algorithm, 0x9b, size]) + key))
            self.good(SELECT)
            other = next(kind for kind in keys.MANAGEMENT if kind != algorithm)
            self.refused(self.ask(0x87, other, 0x9b, tlv(0x7c, tlv(0x80, b""))), status.WRONG_P1P2)
            present = algorithm, key
        self.manage(*present)

    def test_a_wrong_proof_lets_nobody_in(self):
        self.good(self.ask(0x87, 0x0a, 0x9b, tlv(0x7c, tlv(0x80, b""))))
        self.refused(self.ask(0x87, 0x0a, 0x9b, tlv(0x7c, tlv(0x80, bytes(16)) + tlv(0x81, bytes(16)))),
                     status.NOT_ALLOWED)
        self.refused(self.ask(0x47, 0, 0x9c, tlv(0xac, tlv(0x80, b"\x11"))), status.NOT_ALLOWED)


class Keys(OnCard):
    def setUp(self):
        super().setUp()
        self.manage(0x0a, keys.FACTORY_KEY)

    def test_ed25519_signs_and_is_in_the_metadata(self):
        public = self.generate(0x9a, keys.ED25519)
        self.good(self.verify())
        signature, _ = self.sign(0x9a, keys.ED25519, b"what is signed")
        raw = parse(parse(public)[0x7f49])[0x86]
        ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signature, b"what is signed")
        self.assertEqual(parse(self.good(self.ask(0xf7, 0, 0x9a)))[1], b"\xe0")

    def test_9c_wants_the_pin_each_time_and_9a_once(self):
        for slot, second in ((0x9c, status.NOT_ALLOWED), (0x9a, status.OK)):
            self.generate(slot, 0x11)
            self.good(self.verify())
            self.assertEqual(self.sign(slot, 0x11, bytes(32))[1], status.OK)
            self.assertEqual(self.sign(slot, 0x11, bytes(32))[1], second)

    def test_a_cached_touch_is_asked_for_once(self):
        self.generate(0x9e, 0x11, tlv(0xab, bytes([touch.CACHED])))
        for _ in range(3):
            self.assertEqual(self.sign(0x9e, 0x11, bytes(32))[1], status.OK)
        self.assertEqual(self.card.finger.asked, 1)

    def test_a_digest_is_signed_as_it_is(self):
        public = parse(parse(self.generate(0x9e, 0x11))[0x7f49])[0x86]
        digest = hashes.Hash(hashes.SHA256())
        digest.update(b"what is signed")
        signature, _ = self.sign(0x9e, 0x11, digest.finalize())
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public).verify(
            signature, b"what is signed", ec.ECDSA(hashes.SHA256()))

    def test_a_key_is_moved_and_deleted(self):
        self.generate(0x9a, 0x11)
        self.good(self.ask(0xf6, 0x82, 0x9a))
        self.assertEqual(list(self.state.keys), [0x82])
        self.good(self.ask(0xf6, 0xff, 0x82))
        self.refused(self.ask(0xf7, 0, 0x82), status.NO_REFERENCE)


class Older(OnCard):
    FIRMWARE = [4, 3, 5]

    def test_it_tells_no_metadata_and_its_serial_by_another_application(self):
        for ins in (0xf7, 0xf8, 0xf6):
            self.refused(self.ask(ins, 0, 0x9a), status.UNKNOWN_INS)
        self.good(apdu.Command(0, 0xa4, 4, 0, piv.OTP_AID))
        self.assertEqual(self.good(self.ask(1, 0x10, 0)), self.state.serial.to_bytes(4, "big"))

    def test_it_has_a_3des_key_and_takes_no_other(self):
        self.manage(keys.DES3, keys.FACTORY_KEY)
        self.refused(self.ask(0xff, 0xff, 0xff, bytes([0x0a, 0x9b, 24]) + bytes(24)), status.WRONG_DATA)


if __name__ == "__main__":
    sys.exit(story.main())
