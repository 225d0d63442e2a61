"""Real servers on loopback, started for one test and stopped after it."""
