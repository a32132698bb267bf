"""The stories of repositories with a YubiKey wherever they have a token: what makes them so."""
import sys

sys.dont_write_bytecode = True

import yubikey  # noqa: E402
import story  # noqa: E402

PIN, MANAGEMENT = "424242", "0102030405060708" "1112131415161718" "2122232425262728"
SLOTS = ("9c", "9a", "9d", *(f"{number:02x}" for number in range(0x82, 0x96)))
IDS = {slot: number for number, slot in enumerate(("9a", "9c", "9d", "9e"), 1)} | {
    f"{0x82 + number:02x}": 5 + number for number in range(20)}


class Token(story.Token):
    """A card under the name that the story has for it."""

    def __init__(self, label, card, pin_file):
        self.serial, self.slots = card.serial, {}
        uri = f"pkcs11:serial={self.serial}?module-name=ykcs11"
        super().__init__(label, uri, PIN, MANAGEMENT, pin_file)
        self.shown = f"YubiKey PIV #{self.serial}"

    def next_slot(self, key):
        self.slots[key] = SLOTS[len(self.slots)]
        return self.slots[key]

    def key_uri(self, label):
        return self.uri.replace("?", f";id=%{IDS[self.slots[label]]:02x};type=private?")


class OnYubiKeys:
    """Before a story's class: its tokens are cards, of which as many as it has wait in readers."""

    readers, CARDS = None, 5

    def begin(self):
        facts = [{"serial": 15938791 + number, "pin": PIN, "puk": "24242424",
                  "management": {"algorithm": 3, "key": MANAGEMENT, "touch": False}}
                 for number in range(self.CARDS)]
        self.readers = self.enterContext(yubikey.Readers(self.folder / "yk", facts))
        self.env.update(self.readers.env)
        modules = self.folder / "home" / ".config" / "pkcs11" / "modules"
        modules.mkdir(mode=0o700, parents=True)
        (modules / "ykcs11.module").write_text(f"module: {yubikey.module('libykcs11.so')}\n")
        self.management = self.secret_file("management", MANAGEMENT)

    def token(self, label, pin=None):
        if not self.readers:
            self.begin()
        card = self.readers.cards[len(self.tokens)]
        token = Token(label, card, self.secret_file(f"{label}.pin", PIN))
        self.tokens.append(token)
        return token

    def command(self, arguments, *more, **options):
        words = super().command(arguments, *more, **options)
        for token in self.tokens:
            words = [f"{token.serial}={token.pin_file}" if word == f"{token.label}={token.pin_file}"
                     else word for word in words]
        if tuple(arguments[:2]) == ("key", "generate") and "--slot" not in words:
            token = next(token for token in self.tokens if token.uri in words)
            words += ["--slot", token.next_slot(arguments[2]), "--so-pin-file", str(self.management)]
        return words


# Ed25519 is for a newer ykcs11 than Debian 12's.
NOT_THERE = ("test_ed25519_signs_targets_and_is_no_root",)


def on_yubikeys(module):
    """A class here for each class of stories there."""
    for name, found in list(vars(module).items()):
        if isinstance(found, type) and issubclass(found, story.Story) and found.__module__ == module.__name__:
            title = f"{module.__name__[len('test_'):].capitalize()}{name}"
            without = {test: None for test in NOT_THERE if hasattr(found, test)}
            yield title, type(title, (OnYubiKeys, found), {"__module__": "__main__", **without})
