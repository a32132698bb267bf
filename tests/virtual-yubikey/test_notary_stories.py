"""The stories of repositories in Notary's dialect, through ykcs11 on virtual YubiKeys."""
import sys

sys.dont_write_bytecode = True

import main_stories
import story
import test_notary

globals().update(main_stories.on_yubikeys(test_notary))

if __name__ == "__main__":
    sys.exit(story.main())
