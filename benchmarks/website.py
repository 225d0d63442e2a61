"""The made-up site that the lines are drawn from: its pages, visitors and links."""

from __future__ import annotations

from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

# Sizes of the vocabularies; a log of 2,000,000 lines shows nearly all of each.
PAGES, STATIC_FILES, VISITORS, AGENTS, QUERIES = 26_000, 15_000, 300_000, 5_000, 250_000
# Steeper means that fewer pages or clients make most of the hits.
PAGE_ZIPF, CLIENT_ZIPF, AGENT_ZIPF = 1.0, 0.75, 0.9
STATIC_SHARE, BOT_SHARE, IPV6_SHARE = 0.55, 0.15, 0.15
# People whose browser sends no referrer; with the bots, 45 % of all lines.
NO_REFERRER_SHARE = 0.35
STATUSES = {
    "200": 850, "304": 55, "301": 25, "302": 15, "206": 5, "204": 3,
    "404": 32, "403": 4, "401": 3, "400": 1, "499": 2, "500": 3, "502": 1, "503": 1,
}  # fmt: skip
WORD_LIST = (
    "about account advice annual archive autumn basket bicycle board book bread bridge "
    "building calendar camera care chair charter city climate clock coffee concert cotton "
    "council course cup data desk dinner door energy evening family field film forest game "
    "garden glass green guide harbour health history home house island jacket journal kitchen "
    "lamp language letter library light market meeting mountain museum music news night north "
    "notes office open orange paper park people phone picture planning project public quiet "
    "rain reading recipe repair report river road room school science sea shoes silver small "
    "sound south spring station stone story street summer table tea theatre tools town travel "
    "tree update village water weather white window winter wood work world writing yellow"
)
WORDS = WORD_LIST.split()
SCANNED = (
    "/wp-login.php", "/.env", "/xmlrpc.php", "/wp-content/plugins/{0}/readme.txt",
    "/phpmyadmin/{0}/index.php", "/backup/{0}-{1}.zip", "/old/{0}/{1}.html", "/.git/config",
    "/{0}/{1}.php", "/cgi-bin/{0}.cgi", "/vendor/{0}/{1}/eval-stdin.php",
)  # fmt: skip
SEARCH_ENGINES = (
    "https://www.google.com/", "https://www.google.com/", "https://www.google.com/",
    "https://www.bing.com/", "https://duckduckgo.com/", "https://www.ecosia.org/",
    "https://search.brave.com/", "https://yandex.ru/", "android-app://com.google.android.gm/",
)  # fmt: skip
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)",
    "curl/7.88.1", "Wget/1.21.3", "python-requests/2.31.0", "Go-http-client/1.1",
)  # fmt: skip
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"
DESKTOPS = (
    "Windows NT 10.0; Win64; x64", "Windows NT 10.0; Win64; x64", "X11; Linux x86_64",
    "Macintosh; Intel Mac OS X 10_15_7", "X11; CrOS x86_64 14541.0.0",
)  # fmt: skip
PHONES = (
    "SM-G991B", "SM-A528B", "SM-S918B", "SM-A145R", "Pixel 6", "Pixel 7a", "Pixel 8 Pro",
    "M2101K6G", "2201117TG", "CPH2211", "moto g(30)", "Redmi Note 9 Pro", "K", "RMX3363",
)  # fmt: skip
T = TypeVar("T")


class Visitor(NamedTuple):
    """What stays the same in all lines of one client."""

    before_time: str
    protocol: str
    agent: str
    is_bot: bool


class Page(NamedTuple):
    """The start of a request line, and the bytes of a full answer to it."""

    request: str
    size: int


class Weighted(Generic[T]):
    """Values of unlike frequency."""

    def __init__(self, values: Sequence[T], weights: Sequence[float]) -> None:
        """Keep running sums, so that a draw is one binary search."""
        self.values = values
        self.sums = list(accumulate(weights))

    def draw(self, rng: Random, count: int) -> list[T]:
        """Return `count` values, drawn with replacement."""
        return rng.choices(self.values, cum_weights=self.sums, k=count)


class Site(NamedTuple):
    """The vocabularies that the lines of one log are drawn from."""

    visitors: Weighted[Visitor]
    pages: Weighted[Page]
    missing: Sequence[Page]
    statuses: Weighted[str]
    queries: Sequence[str]
    referrers: Weighted[str]


def zipf(count: int, exponent: float, total: float = 1.0) -> list[float]:
    """Return falling weights 1/rank**exponent that add up to `total`."""
    weights = [1 / rank**exponent for rank in range(1, count + 1)]
    scale = total / sum(weights)
    return [weight * scale for weight in weights]


def make_site(rng: Random, lines: int) -> Site:
    """Draw the vocabularies of one site, no larger than the log has use for."""
    pages = [_page(rng, number) for number in range(PAGES)]
    files = [_static_file(rng, number) for number in range(STATIC_FILES)]
    page_weights = zipf(PAGES, PAGE_ZIPF, 1 - STATIC_SHARE)
    return Site(
        visitors=_make_visitors(rng, max(600, min(VISITORS, lines))),
        pages=Weighted(pages + files, page_weights + zipf(STATIC_FILES, PAGE_ZIPF, STATIC_SHARE)),
        missing=[Page(f"GET {_missing_path(rng)}", 196) for _ in range(3_000)],
        statuses=Weighted(list(STATUSES), list(STATUSES.values())),
        queries=[_query(rng) for _ in range(max(1, min(QUERIES, lines)))],
        referrers=_make_referrers(rng, pages),
    )


def _slug(rng: Random, words: int) -> str:
    return "-".join(rng.choices(WORDS, k=words))


def _page(rng: Random, number: int) -> Page:
    """Return a page; the first few are the ones every site has."""
    size = int(rng.lognormvariate(9.3, 0.9))
    top = ("/", "/shop/", "/blog/", "/search", "/contact", "/api/v1/status", "/login", "/feed.xml")
    if number < len(top):
        return Page(f"{'POST' if top[number] == '/login' else 'GET'} {top[number]}", size)
    kind = rng.random()
    if kind < 0.45:
        year, month = rng.randint(2009, 2026), rng.randint(1, 12)
        return Page(f"GET /blog/{year}/{month:02}/{_slug(rng, 2)}-{number}/", size)
    if kind < 0.85:
        return Page(f"GET /shop/{rng.choice(WORDS)}/{_slug(rng, 2)}-{number}", size)
    if kind < 0.90:
        return Page(f"POST /api/v1/{rng.choice(WORDS)}/{number}", size // 20)
    return Page(f"GET /docs/{rng.choice(WORDS)}/{_slug(rng, 2)}-{number}.html", size)


def _static_file(rng: Random, number: int) -> Page:
    """Return a style sheet, script, font or picture."""
    kind, size = rng.random(), int(rng.lognormvariate(10.2, 1.2))
    if number < 40 or kind < 0.1:
        suffix = rng.choice(("css", "js", "js", "woff2", "svg"))
        return Page(f"GET /assets/{_slug(rng, 1)}.{rng.getrandbits(32):08x}.{suffix}", size)
    if kind < 0.97:
        width, suffix = rng.choice((320, 480, 640, 1024, 1600)), rng.choice(("jpg", "webp", "png"))
        folder = f"{rng.randint(2009, 2026)}/{rng.randint(1, 12):02}"
        return Page(f"GET /media/{folder}/{_slug(rng, 1)}-{number}-{width}.{suffix}", size)
    return Page(f"GET /downloads/{_slug(rng, 3)}-{number}.pdf", size * 20)


def _missing_path(rng: Random) -> str:
    """Return a path that is not there: probed by a scanner, or moved long ago."""
    path = rng.choice(SCANNED + SCANNED[-3:] * 5)
    return path.format(rng.choice(WORDS), f"{rng.choice(WORDS)}{rng.randint(1, 99)}")


def _query(rng: Random) -> str:
    """Return a query string, some of them with what must not be kept."""
    number = rng.getrandbits(40)
    match rng.randrange(8):
        case 0 | 1:
            query = "q=" + "+".join(rng.choices(WORDS, k=rng.randint(1, 4)))
        case 2:
            query = f"page={number % 400}&sort={rng.choice(WORDS)}"
        case 3:
            query = f"utm_source=letter&utm_medium=mail&utm_campaign={_slug(rng, 2)}-{number % 90}"
        case 4:
            query = f"fbclid=IwAR{number:x}{rng.getrandbits(40):x}"
        case 5:
            query = f"session={rng.getrandbits(96):024x}"
        case 6:
            query = f"email={rng.choice(WORDS)}.{rng.choice(WORDS)}{number % 999}%40example.com"
        case _:
            query = f"v={number % 9}.{number % 31}.{number % 17}&ts={1_770_000_000 + number % 10**6}"
    return f"?{query}"


def _make_referrers(rng: Random, pages: Sequence[Page]) -> Weighted[str]:
    """Return referrers: none, a page of the site itself, a search engine, others."""
    own = [f"https://example.com{page.request.split(' ')[1]}" for page in pages[:8_000]]
    others = [f"https://{_slug(rng, 2)}{n}.example.net/{_slug(rng, 2)}" for n in range(3_000)]
    left = 1 - NO_REFERRER_SHARE
    return Weighted(
        ["-", *own, *SEARCH_ENGINES, *others],
        [
            NO_REFERRER_SHARE,
            *zipf(len(own), PAGE_ZIPF, left * 0.75),
            *zipf(len(SEARCH_ENGINES), 1.0, left * 0.17),
            *zipf(len(others), PAGE_ZIPF, left * 0.08),
        ],
    )


def _make_visitors(rng: Random, count: int) -> Weighted[Visitor]:
    """Return clients, one in a hundred a bot; one address in six has two people."""
    strings = make_agents(rng)
    agents = Weighted(strings, zipf(len(strings), AGENT_ZIPF))
    hosts = [_host(rng) for _ in range(count * 5 // 6)]
    hosts += rng.choices(hosts, k=count - len(hosts))
    bots = count // 100
    visitors = [
        Visitor(_before_time(rng, host), _protocol(rng), agent, is_bot=False)
        for host, agent in zip(hosts[bots:], agents.draw(rng, count - bots), strict=True)
    ]
    visitors += [
        Visitor(f"{host} - - [", "HTTP/1.1", rng.choice(CRAWLERS), is_bot=True) for host in hosts[:bots]
    ]
    people = zipf(count - bots, CLIENT_ZIPF, 1 - BOT_SHARE)
    return Weighted(visitors, people + zipf(bots, CLIENT_ZIPF, BOT_SHARE))


def _before_time(rng: Random, host: str) -> str:
    """Return the start of a line; one client in 400 has logged in."""
    user = f"{rng.choice(WORDS)}{rng.randint(1, 99)}" if rng.random() < 1 / 400 else "-"
    return f"{host} - {user} ["


def _protocol(rng: Random) -> str:
    return rng.choices(("HTTP/1.1", "HTTP/2.0", "HTTP/1.0"), weights=(48, 50, 2))[0]


def _host(rng: Random) -> str:
    """Return an address.

    They spread over the whole unicast space: within 10.0.0.0/8 only 256
    networks would be left after the cut, which is easier than a real log.
    """
    if rng.random() < IPV6_SHARE:
        network = 0x2A00 + int(rng.paretovariate(1.2)) % 14
        groups = [network, rng.randrange(300) * 8, rng.getrandbits(16), rng.getrandbits(8)]
        start = ":".join(f"{group:x}" for group in groups)
        return f"{start}::{rng.getrandbits(16):x}"
    net = int(rng.paretovariate(0.6) * 977) % (88 * 256)
    last = rng.getrandbits(16)
    return f"{11 + net // 256}.{net % 256}.{last >> 8}.{last & 255}"


def make_agents(rng: Random) -> list[str]:
    """Return distinct agent strings of people's browsers."""
    agents = dict.fromkeys(_agent(rng) for _ in range(AGENTS * 2))
    return list(agents)[:AGENTS]


def _agent(rng: Random) -> str:
    """Return an agent string; versions and builds make thousands of them."""
    major, build, patch = rng.randint(96, 144), rng.randint(4000, 7500), rng.randint(40, 260)
    kind, chrome = rng.random(), f"{CHROME}{major}.0.{build}.{patch}"
    if kind < 0.32:
        edge = rng.choice(("", "", f" Edg/{major}.0.{build % 3000}.{patch}"))
        return f"Mozilla/5.0 ({rng.choice(DESKTOPS)}) {chrome} Safari/537.36{edge}"
    if kind < 0.56:
        phone = f"Linux; Android {rng.randint(8, 15)}; {rng.choice(PHONES)}"
        return f"Mozilla/5.0 ({phone}) {chrome} Mobile Safari/537.36"
    if kind < 0.72:
        ios = f"{rng.randint(14, 19)}_{rng.randint(0, 7)}_{rng.randint(1, 3)}"
        app = rng.choice(("Safari/604.1", f"[FBAN/FBIOS;FBAV/{major}.0.0.{patch}]"))
        return (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {ios} like Mac OS X) AppleWebKit/605.1.15 "
            f"(KHTML, like Gecko) Version/{ios[:2]}.0 Mobile/15E{build % 400} {app}"
        )
    return (
        f"Mozilla/5.0 ({rng.choice(DESKTOPS)}; rv:{major}.{patch % 9}) "
        f"Gecko/20100101 Firefox/{major}.{patch % 9}"
    )
