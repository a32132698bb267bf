"""What the card computes: key pairs by PIV's algorithm numbers, and its management key.

A card trusts its host to hash and pad: it exponentiates, or signs what it is given as a digest.
"""
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from status import Refused, WRONG_DATA
from tlv import tlv

RSA_BITS = {0x06: 1024, 0x07: 2048, 0x05: 3072, 0x16: 4096}
CURVES = {0x11: ec.SECP256R1, 0x14: ec.SECP384R1}
ED25519, X25519 = 0xe0, 0xe1
SINCE_5_7 = {0x05, 0x16, ED25519, X25519}

DES3 = 0x03
MANAGEMENT = {DES3: ("3des", 24), 0x08: ("aes128", 16), 0x0a: ("aes192", 24), 0x0c: ("aes256", 32)}
FACTORY_KEY = bytes(range(1, 9)) * 3


def generate(algorithm):
    if algorithm in RSA_BITS:
        return rsa.generate_private_key(65537, RSA_BITS[algorithm])
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    if algorithm == ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == X25519:
        return x25519.X25519PrivateKey.generate()
    raise Refused(WRONG_DATA)


def imported(algorithm, parts):
    """From the parts that IMPORT KEY carries, by tag."""
    try:
        if algorithm in RSA_BITS:
            return rsa_from_primes(parts[1], parts[2])
        if algorithm in CURVES:
            return ec.derive_private_key(int.from_bytes(parts[6], "big"), CURVES[algorithm]())
        if algorithm == ED25519:
            return ed25519.Ed25519PrivateKey.from_private_bytes(parts[7])
        if algorithm == X25519:
            return x25519.X25519PrivateKey.from_private_bytes(parts[8])
    except (KeyError, ValueError):
        pass
    raise Refused(WRONG_DATA)


def rsa_from_primes(first, second):
    p, q = int.from_bytes(first, "big"), int.from_bytes(second, "big")
    public = rsa.RSAPublicNumbers(65537, p * q)
    private = pow(65537, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(p, q, private, private % (p - 1), private % (q - 1),
                                 pow(q, -1, p), public).private_key()


def to_pkcs8(key):
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def from_pkcs8(data):
    return serialization.load_der_private_key(data, None)


def public_tlv(key):
    """As GENERATE and GET METADATA tell it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        numbers = public.public_numbers()
        size = (numbers.n.bit_length() + 7) // 8
        return tlv(0x81, numbers.n.to_bytes(size, "big")) + tlv(0x82, numbers.e.to_bytes(3, "big"))
    if isinstance(public, ec.EllipticCurvePublicKey):
        return tlv(0x86, public.public_bytes(serialization.Encoding.X962,
                                             serialization.PublicFormat.UncompressedPoint))
    return tlv(0x86, public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def sign(key, block):
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        modulus = numbers.public_numbers.n
        size = (modulus.bit_length() + 7) // 8
        if len(block) != size:
            raise Refused(WRONG_DATA)
        return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(size, "big")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(block)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        digest = block[:size].rjust(size, b"\0")
        return key.sign(digest, ec.ECDSA(utils.Prehashed({32: hashes.SHA256, 48: hashes.SHA384}[size]())))
    raise Refused(WRONG_DATA)


def agree(key, point):
    try:
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.exchange(ec.ECDH(),
                                ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point))
        if isinstance(key, x25519.X25519PrivateKey):
            return key.exchange(x25519.X25519PublicKey.from_public_bytes(point))
    except ValueError:
        pass
    raise Refused(WRONG_DATA)


def block_size(algorithm):
    return 8 if algorithm == DES3 else 16


def cipher(algorithm, key, block, encrypt):
    """One block of the management key's cipher."""
    kind = algorithms.TripleDES if algorithm == DES3 else algorithms.AES
    if len(block) != block_size(algorithm):
        raise Refused(WRONG_DATA)
    context = Cipher(kind(key), modes.ECB())
    worker = context.encryptor() if encrypt else context.decryptor()
    return worker.update(block)


def random_block(algorithm):
    return os.urandom(block_size(algorithm))
