"""Random small sites: where groups are small, hiding is hard."""

from __future__ import annotations

import os
import random
from datetime import timedelta

from tests.attacks.site import DAY, Hit
from tests.corpus import IN_CI

# Random sites an attack is tried on; `make soak` tries more.
EXAMPLES = int(os.environ.get("LOGSTATS_SITES", "400" if IN_CI else "40"))

PATHS = ("/", "/a", "/b", "/c", "/d", "/s.css", "/i.png", "/j.png")
STATUSES = (200, 200, 200, 200, 304, 404, 403, 500, 503)
BROWSERS = (("Firefox", "Linux"), ("Chrome", "Windows"), ("Safari", "iOS"), ("Chrome", "Android"))


def random_hits(seed: int, *, days: int = 1) -> list[Hit]:
    """A site of 12 to 150 visitors a day, some bots, now and then a visitor who never stops."""
    rng = random.Random(seed)
    weights = [rng.choice((1, 3, 10, 40)) for _ in PATHS]
    answers = rng.sample(STATUSES, rng.randint(1, 5))
    hits = []
    for day in range(days):
        for visitor in range(rng.choice((12, 25, 60, 150))):
            browser, system = rng.choice(BROWSERS[: rng.randint(1, 4)])
            many = rng.choice((1, 1, 2, 3)) if rng.random() < 0.98 else 300
            paths = rng.choices(PATHS, weights, k=min(many, 4))
            hits += [
                Hit(
                    visitor,
                    path=path,
                    status=rng.choice(answers) if rng.random() < 0.3 else 200,
                    day=DAY + timedelta(days=day),
                    hour=rng.choice((3, 9, 10, 11, 20)),
                    browser=browser,
                    system=system,
                    device="phone" if system in ("iOS", "Android") else "desktop",
                )
                for path in paths * (many // len(paths))
            ]
        hits += [
            Hit(None, path=rng.choice(PATHS), status=rng.choice(STATUSES), day=DAY + timedelta(days=day))
            for _ in range(rng.randint(0, 9))
        ]
    return hits


def heavy_hits(seed: int) -> list[Hit]:
    """A busy site where one to three visitors reload one address all day."""
    rng = random.Random(seed)
    paths, answers = rng.sample(PATHS, rng.randint(2, 6)), rng.sample(STATUSES, rng.randint(2, 5))
    size = rng.choice((60, 150))
    hits = [
        Hit(visitor, path=rng.choice(paths), status=rng.choice(answers))
        for visitor in range(size)
        for _ in range(rng.randint(2, 12))
    ]
    for visitor in range(rng.randint(1, 3)):
        often = Hit(visitor, path=rng.choice(paths), status=rng.choice(answers))
        hits += [often] * rng.choice((150, 400, 1500))
    return hits
