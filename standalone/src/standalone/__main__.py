"""`python -m standalone` is the same as the command `standalone`."""

from standalone.main import main

main()
