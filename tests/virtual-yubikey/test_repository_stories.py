"""The stories of repositories in the TUF dialect, through ykcs11 on virtual YubiKeys."""
import sys

sys.dont_write_bytecode = True

import main_stories
import story
import test_repository

globals().update(main_stories.on_yubikeys(test_repository))

if __name__ == "__main__":
    sys.exit(story.main())
