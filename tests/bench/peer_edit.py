"""peer_edit.py ROOT TARGETS OUT: one target more, as python-tuf does it.

Loads root and targets, verifies targets under root, adds a target, signs and writes. The key is made
on the spot in software, and snapshot and timestamp are left out: both spare time.
"""
import sys

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, TargetFile


def main(root_file, targets_file, out):
    root = Metadata.from_file(root_file)
    document = Metadata.from_file(targets_file)
    root.verify_delegate("targets", document)
    document.signed.targets["new/1"] = TargetFile(5, {"sha256": "5a" * 32}, "new/1")
    document.signed.version += 1
    document.sign(CryptoSigner.generate_ecdsa())
    document.to_file(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
