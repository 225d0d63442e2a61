"""The pages about formats say what the data says."""

import re

from logstats import formats
from logstats.formats.reference import reference_page
from tests.corpus import ROOT

PAGE = ROOT / "docs/reference/formats.md"
HOW_TO = ROOT / "docs/how-to/custom-format.md"


def test_the_reference_page_is_made_from_the_data():
    # write it anew with: python -m tests.test_formats_reference
    assert PAGE.read_text("utf-8") == reference_page()


def test_every_layout_in_the_how_to_compiles():
    layouts = re.findall(r"--format '([^']+)'", HOW_TO.read_text("utf-8"))

    assert len(layouts) >= 3
    for layout in layouts:
        assert formats.load(layout).fields


def test_the_python_example_says_what_it_prints():
    names: dict[str, object] = {}
    code = re.search(r"```python\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)[1]
    exec(code.replace("read_fields([line])[0]", "found = read_fields([line])[0]", 1), names)  # noqa: S102 - our own page

    assert names["found"] == "/a"


if __name__ == "__main__":
    PAGE.write_text(reference_page(), "utf-8")
