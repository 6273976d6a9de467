"""What the tests of videogigagan.data share."""

import sys
from pathlib import Path

# pytest imports tests by path, so a module that they share has to be put within reach.
sys.path.insert(0, str(Path(__file__).parent))
