"""Lets this service's tests share the modules that lie beside this one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
