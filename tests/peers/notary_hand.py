"""Notary's metadata made by hand: with openssl and this file alone, so that it can be made wrong.

A Hand holds a root key with its certificate and a targets key, both P-256 in files. It gives
`signed` parts as Python objects, signs what it is given, whatever that is, and writes the file
as Notary itself would, or in the ways that break it.
"""
import base64
import datetime
import hashlib
import json
import subprocess

import peer  # noqa: F401
import story

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def text(value):
    """As Go writes it into a file: canonical, and five characters escaped."""
    written = story.canonical(value)
    for char, escape in ESCAPES.items():
        written = written.replace(char, escape)
    return written


def later(days):
    """That many days from now, in the form that every reader takes."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_id(key):
    return hashlib.sha256(story.canonical(key).encode()).hexdigest()


def key_of(kind, public):
    return {"keytype": kind, "keyval": {"private": None, "public": base64.b64encode(public).decode()}}


def run(*words, data=None):
    done = subprocess.run(["openssl", *map(str, words)], input=data, check=True, capture_output=True,
                          timeout=60)
    return done.stdout


def raw_signature(der, width=32):
    """r and s at full width from DER's SEQUENCE of two INTEGERs of less than 128 bytes."""
    at, out = 2, b""
    for _ in range(2):
        length = der[at + 1]
        out += int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(width, "big")
        at += 2 + length
    return out


class Key:
    """One private key in a file; `entry` is what metadata says of it."""

    def __init__(self, path, name=None):
        self.path = path
        run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", path)
        if name:
            config = path.with_suffix(".conf")
            config.write_text("[req]\ndistinguished_name=name\nx509_extensions=leaf\nprompt=no\n"
                              f"[name]\nCN={name}\n[leaf]\nbasicConstraints=critical,CA:FALSE\n")
            certificate = run("req", "-x509", "-new", "-key", path, "-config", config, "-days", 3650)
            self.entry = key_of("ecdsa-x509", certificate)
        else:
            self.entry = key_of("ecdsa", run("pkey", "-in", path, "-pubout", "-outform", "DER"))
        self.id = key_id(self.entry)

    def signature(self, data):
        der = run("dgst", "-sha256", "-sign", self.path, data=data)
        return {"keyid": self.id, "method": "ecdsa",
                "sig": base64.b64encode(raw_signature(der)).decode()}


class Hand:
    def __init__(self, folder, gun):
        folder.mkdir(mode=0o700, exist_ok=True)
        self.folder, self.gun = folder, gun
        self.root_key, self.targets_key = Key(folder / "root.key", gun), Key(folder / "targets.key")

    def signed_root(self, lab, version=1, snapshot=None):
        """The server's keys are asked for once; snapshot: a Key of ours instead of the server's."""
        if version == 1:
            self.server = [json.loads(lab.key(self.gun, "timestamp")),
                           snapshot.entry if snapshot else json.loads(lab.key(self.gun, "snapshot"))]
        keys = [self.root_key.entry, self.targets_key.entry, *self.server]
        names = ("root", "targets", "timestamp", "snapshot")
        roles = {name: {"keyids": [key_id(key)], "threshold": 1} for name, key in zip(names, keys)}
        return {"_type": "Root", "consistent_snapshot": False, "expires": later(3650), "version": version,
                "keys": {key_id(key): key for key in keys}, "roles": roles}

    @staticmethod
    def signed_targets(version=1, targets=None, keys=None, roles=()):
        return {"_type": "Targets", "delegations": {"keys": keys or {}, "roles": list(roles)},
                "expires": later(1095), "targets": targets or {}, "version": version}

    def signatures(self, role, signed):
        key = self.root_key if role == "root" else self.targets_key
        return [key.signature(story.canonical(signed).encode())]

    def file(self, role, signed):
        """The file as Notary writes it."""
        return envelope(signed, self.signatures(role, signed))

    def repository(self, lab, **targets):
        """A good first version of both, published."""
        files = {"root": self.file("root", self.signed_root(lab)),
                 "targets": self.file("targets", self.signed_targets(**targets))}
        status, body = lab.publish(self.gun, files)
        assert status == 200, body
        return files


def envelope(signed, signatures):
    entries = ",".join('{"keyid":"%(keyid)s","method":"%(method)s","sig":"%(sig)s"}' % one
                       for one in signatures)
    return f'{{"signed":{text(signed)},"signatures":[{entries}]}}'.encode()


def target(content=b"content", **more):
    """What targets says of a file with this content."""
    hashes = {name: base64.b64encode(hashlib.new(name, content).digest()).decode()
              for name in ("sha256", "sha512")}
    return {"hashes": hashes, "length": len(content), **more}
