"""The suite of every module, on YubiKeys through OpenSC."""
import sys

import modules
import story
import suite


class Stories(suite.Suite):
    MODULE = modules.OpenSc


if __name__ == "__main__":
    sys.exit(story.main())
