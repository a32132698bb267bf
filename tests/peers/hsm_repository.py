"""A repository as python-tuf and securesystemslib's HSMSigner make it, in a process of its own,
since a PKCS#11 module is loaded once: hsm_repository.py FOLDER LABEL PIN-FILE ROOT-ID… (decimal).

Root N has the Nth key; snapshot, timestamp and targets have the first one.
"""
import datetime
import pathlib
import sys

from securesystemslib.signer import HSMSigner
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, TargetFile, Timestamp

EXPIRES = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(400)


def signer_of(number, label, pin):
    uri, key = HSMSigner.import_(number, label, lambda _: pin)
    return HSMSigner.from_priv_key_uri(uri, key, lambda _: pin)


def write(folder, document, name):
    document.to_file(str(folder / name))


def roots(folder, signers):
    root = Root(expires=EXPIRES, consistent_snapshot=True)
    for role in root.roles:
        root.add_key(signers[0].public_key, role)
    old = signers[0]
    for version, signer in enumerate(signers, 1):
        root.version = version
        if signer is not old:
            root.add_key(signer.public_key, "root")
            root.revoke_key(old.public_key.keyid, "root")
        document = Metadata(root)
        for one in [signer] if signer is old else [old, signer]:
            document.sign(one, append=True)
        write(folder, document, f"{version}.root.json")
        old = signer


def others(folder, signer):
    targets = Targets(expires=EXPIRES)
    targets.targets["a.txt"] = TargetFile.from_data("a.txt", b"content of a")
    snapshot = Snapshot(expires=EXPIRES)
    for role, name in ((targets, "1.targets.json"), (snapshot, "1.snapshot.json"),
                       (Timestamp(expires=EXPIRES), "timestamp.json")):
        document = Metadata(role)
        document.sign(signer)
        write(folder, document, name)


def main(folder, label, pin_file, *numbers):
    pin = pathlib.Path(pin_file).read_text().splitlines()[0]
    signers = [signer_of(int(number), label, pin) for number in numbers]
    folder = pathlib.Path(folder)
    folder.mkdir()
    roots(folder, signers)
    others(folder, signers[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
