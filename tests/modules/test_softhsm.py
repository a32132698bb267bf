"""The suite of every module, on SoftHSM."""
import sys

import modules
import story
import suite


class Stories(suite.Suite):
    MODULE = modules.SoftHsm


if __name__ == "__main__":
    sys.exit(story.main())
