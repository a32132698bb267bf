"""The suite of every module, on NSS's softoken."""
import sys

import modules
import story
import suite


class Stories(suite.Suite):
    MODULE = modules.Nss


if __name__ == "__main__":
    sys.exit(story.main())
