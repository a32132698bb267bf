"""What the card's maker put into slot F9, and what that key swears about the others.

The chain has the shape of real ones: a root, none or more intermediates that are not on the card,
the certificate of F9 (firmware, CA:TRUE, pathlen:0), and for each generated key a leaf with the
extensions of 1.3.6.1.4.1.41482.3. Dates are those that real ones bear.
"""
import datetime
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

ARC = "1.3.6.1.4.1.41482.3."
FIRMWARE, SERIAL, POLICY, FORM, FIPS = (f"{ARC}{number}" for number in (3, 7, 8, 9, 10))
BEGIN, END = datetime.datetime(2016, 3, 14), datetime.datetime(2052, 4, 17)
ROOT = "Virtual PIV Root CA"
DEVICE = "Virtual PIV Attestation"


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def new_key(kind):
    return rsa.generate_private_key(65537, 2048) if kind == "rsa2048" else \
        ec.generate_private_key({"ecdsa-p256": ec.SECP256R1, "ecdsa-p384": ec.SECP384R1}[kind]())


def integer(number):
    """DER of a positive INTEGER."""
    size = number.bit_length() // 8 + 1
    return bytes([2, size]) + number.to_bytes(size, "big")


def issue(subject, issuer, public, signer, extensions):
    """extensions: (critical, value); a value that is an OID's text and bytes is put in as it is."""
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer) \
        .public_key(public).not_valid_before(BEGIN).not_valid_after(END) \
        .serial_number(int.from_bytes(b"\x01" + os.urandom(15), "big"))
    for critical, value in extensions:
        if isinstance(value, tuple):
            value = x509.UnrecognizedExtension(x509.ObjectIdentifier(value[0]), value[1])
        builder = builder.add_extension(value, critical)
    return builder.sign(signer, hashes.SHA256())


def authority(path_length):
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return [(True, x509.BasicConstraints(True, path_length)), (True, usage)]


class Maker:
    """Whoever makes such cards: one root, `between` intermediates, a card's F9 on demand."""

    def __init__(self, name=ROOT, between=0, kind="ecdsa-p256"):
        self.kind, self.intermediates = kind, []
        self.key = new_key(kind)
        self.root = issue(named(name), named(name), self.key.public_key(), self.key,
                          authority(None))
        self.issuer = self.root
        for number in range(between):
            key = new_key(kind)
            subject = named(f"{name}, intermediate {number + 1}")
            self.issuer = issue(subject, self.issuer.subject, key.public_key(), self.key,
                                authority(between - number))
            self.intermediates.append(self.issuer)
            self.key = key

    def device(self, firmware, fips=False, constrained=True):
        """(key, certificate) of a card's F9; older cards' had no basicConstraints."""
        key = new_key(self.kind)
        extensions = [(False, (FIRMWARE, bytes(firmware)))]
        if fips:
            extensions.append((False, (FIPS, integer(7))))
        if constrained:
            extensions.append((True, x509.BasicConstraints(True, 0)))
        return key, issue(named(DEVICE), self.issuer.subject, key.public_key(), self.key, extensions)

    def write(self, folder):
        """root.pem and intermediates.pem, for who verifies."""
        (folder / "root.pem").write_bytes(pem(self.root))
        (folder / "intermediates.pem").write_bytes(b"".join(map(pem, self.intermediates)))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def leaf(state, slot, key, signer):
    """signer: (key, certificate) of F9 as it is on the card now, whoever put it there."""
    entry = state.keys[slot]
    form = state.form_factor | (0x80 if state.fips else 0)
    extensions = [(FIRMWARE, bytes(state.firmware))]
    if state.serial is not None:
        extensions.append((SERIAL, integer(state.serial)))
    extensions += [(POLICY, bytes([entry["pin_policy"], entry["touch_policy"]])),
                   (FORM, bytes([form]))]
    return issue(named(f"YubiKey PIV Attestation {slot:02x}"), signer[1].subject, key.public_key(),
                 signer[0], [(False, extension) for extension in extensions])
