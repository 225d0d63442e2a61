"""`python -m benchmarks`: what `make bench` and `make soak` run."""

import sys

from benchmarks.bench import main

sys.exit(main())
