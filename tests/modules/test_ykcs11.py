"""The suite of every module, on YubiKeys through their own module."""
import sys

import modules
import story
import suite


class Stories(suite.Suite):
    MODULE = modules.Ykcs11


if __name__ == "__main__":
    sys.exit(story.main())
