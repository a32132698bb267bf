"""What a card remembers when its power goes: one JSON file, replaced as a whole at each change."""
import json
import os

import keys

FACTORY_PIN, FACTORY_PUK = "123456", "12345678"
DEFAULTS = {
    "firmware": [5, 4, 3], "serial": 12345678, "form_factor": 1, "fips": False,
    "pin_max": 3, "puk_max": 3,
    # The applet's own, which a reset makes anew:
    "pin": FACTORY_PIN, "puk": FACTORY_PUK, "pin_tries": 3, "puk_tries": 3,
    "management": None, "keys": {}, "objects": {},
}
ATTESTATION_SLOT, ATTESTATION_OBJECT = 0xf9, "5fff01"


class State:
    """Attributes as in DEFAULTS. keys: slot -> algorithm, pkcs8, pin_policy, touch_policy, generated;
    objects: tag in hex -> content; management: algorithm, key, touch."""

    def __init__(self, path, facts=None):
        self.path, self.saved = path, None
        facts = {**DEFAULTS, **(json.loads(path.read_text()) if path.exists() else facts or {})}
        self.__dict__.update(json.loads(json.dumps(facts)))
        self.keys = {int(slot, 16): {**entry, "pkcs8": bytes.fromhex(entry["pkcs8"])}
                     for slot, entry in self.keys.items()}
        self.objects = {tag: bytes.fromhex(text) for tag, text in self.objects.items()}
        if self.management is None:
            self.management = self.factory_management()
        self.management = {**self.management, "key": bytes.fromhex(self.management["key"])}
        self.save()

    @property
    def version(self):
        return tuple(self.firmware)

    def factory_management(self):
        algorithm = 0x0a if self.version >= (5, 7, 0) else keys.DES3
        return {"algorithm": algorithm, "key": keys.FACTORY_KEY.hex(), "touch": False}

    def save(self):
        facts = {name: getattr(self, name) for name in DEFAULTS}
        facts["keys"] = {f"{slot:02x}": {**entry, "pkcs8": entry["pkcs8"].hex()}
                         for slot, entry in self.keys.items()}
        facts["objects"] = {tag: content.hex() for tag, content in self.objects.items()}
        facts["management"] = {**self.management, "key": self.management["key"].hex()}
        text = json.dumps(facts, indent=1)
        if text != self.saved:
            beside = self.path.with_suffix(".new")
            beside.write_text(text)
            os.replace(beside, self.path)
            self.saved = text

    def reset(self):
        """As new, but for what the maker put into F9."""
        self.keys = {slot: entry for slot, entry in self.keys.items() if slot == ATTESTATION_SLOT}
        self.objects = {tag: content for tag, content in self.objects.items()
                        if tag == ATTESTATION_OBJECT}
        self.pin, self.puk = FACTORY_PIN, FACTORY_PUK
        self.pin_max = self.puk_max = self.pin_tries = self.puk_tries = 3
        management = self.factory_management()
        self.management = {**management, "key": bytes.fromhex(management["key"])}

    def put_key(self, slot, key, **facts):
        self.keys[slot] = {"pkcs8": keys.to_pkcs8(key), **facts}

    def key(self, slot):
        return keys.from_pkcs8(self.keys[slot]["pkcs8"])
