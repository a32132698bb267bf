"""One signature as securesystemslib's HSMSigner makes it, in a process of its own.

    peer_sign.py import KEY-FILE NUMBER TOKEN PIN-FILE   note the key with this id (not measured)
    peer_sign.py sign KEY-FILE METADATA PIN-FILE         sign a metadata file and write it
"""
import json
import pathlib
import sys

from securesystemslib.signer import HSMSigner, SSlibKey
from tuf.api.metadata import Metadata


def pin_in(path):
    pin = pathlib.Path(path).read_text().splitlines()[0]
    return lambda _: pin


def import_key(key_file, number, token, pin_file):
    uri, key = HSMSigner.import_(int(number), token, pin_in(pin_file))
    noted = {"uri": uri, "keyid": key.keyid, "key": key.to_dict()}
    pathlib.Path(key_file).write_text(json.dumps(noted))


def sign(key_file, metadata, pin_file):
    noted = json.loads(pathlib.Path(key_file).read_text())
    key = SSlibKey.from_dict(noted["keyid"], noted["key"])
    signer = HSMSigner.from_priv_key_uri(noted["uri"], key, pin_in(pin_file))
    document = Metadata.from_file(metadata)
    document.sign(signer)
    document.to_file(metadata)


if __name__ == "__main__":
    {"import": import_key, "sign": sign}[sys.argv[1]](*sys.argv[2:])
