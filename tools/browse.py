"""Open every page of the built site in a browser without a network: ``make browse``.

Reports what a reader would stumble over: errors of the console, links and pictures that lead
nowhere, formulas that stayed text, pages wider than a phone, searches without an answer, and what
axe-core calls serious or critical, in light and in dark. Every figure that moves is moved with the
keyboard. Needs Chromium or Chrome on the machine.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import TimeoutError as Late

from medtutor import language, paths

SITE = paths.root() / "book" / "_build" / "html"
TERM = re.compile(r"^(\S.*)\n(?:\S.*\n)*  .+\[[^]]+\]\(\.\./notebooks/(\d\d)_", re.M)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DESK, PHONE = (1280, 900), (360, 740)
READY = "() => window.MathJax?.startup ? MathJax.startup.promise.then(() => true) : true"
FACTS = """() => ({
  links: [...document.querySelectorAll('a[href]')].map(a => a.href),
  broken: [...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src),
  silent: [...document.images].filter(
    i => !i.hasAttribute('alt') || i.alt.includes('_images/')
  ).map(i => i.src),
  formulas: [...document.querySelectorAll('.math')].filter(
    m => !m.querySelector('mjx-container') || m.querySelector('[data-mjx-error]')
  ).map(m => m.textContent.slice(0, 60)),
})"""
LOCAL = {"preload": False}  # axe would fetch style sheets, which file:// does not allow
WIDE = "() => document.scrollingElement.scrollWidth - window.innerWidth"
WIDEST = """() => [...document.querySelectorAll('main *')].filter(
  e => e.getBoundingClientRect().right > window.innerWidth + 1
).map(e => e.outerHTML.slice(0, 80))"""

SHOWN = """figure => [...figure.querySelectorAll('svg, canvas, .says')].map(
  e => e.toDataURL ? e.toDataURL() : e.outerHTML)"""
STILL = """() => [...document.querySelectorAll('.cell_output > :has(+ * .knob)')].filter(
  e => getComputedStyle(e).display !== 'none').length"""


@cache
def anchors(page: Path) -> set[str]:
    """Places inside a page that a link can lead to."""
    return set(re.findall(r'\bid="([^"]+)"', page.read_text("utf-8")))


def dead(link: str) -> bool:
    """Tell whether a link into the site leads nowhere; the web outside is not asked."""
    url = urlparse(link)
    if url.scheme != "file":
        return False
    target = Path(unquote(url.path))
    place = unquote(url.fragment)
    if not target.is_file():
        return True
    return bool(place) and target.suffix == ".html" and place not in anchors(target)


def faults(page: Page, file: Path, shots: Path | None) -> Iterator[str]:
    """Open a page in light and dark, on a desk and on a phone, and name what is wrong."""
    heard: list[str] = []
    page.on("console", lambda m: heard.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("requestfailed", lambda r: heard.append(f"not loaded: {r.url}"))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        page.goto(file.as_uri())
        page.evaluate(READY)
        page.wait_for_timeout(500)  # colours fade in
        if shots:
            page.screenshot(path=shots / f"{file.stem}-{scheme}.png")
        for violation in Axe().run(page, options=LOCAL).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [n["html"][:80] for n in violation["nodes"]]
                yield f"axe ({scheme}): {violation['id']}, {len(nodes)} times: {nodes[0]}"
    found = page.evaluate(FACTS)
    yield from knob_faults(page)
    yield from (f"console: {text}" for text in dict.fromkeys(heard))
    yield from (f"link: {link}" for link in dict.fromkeys(found["links"]) if dead(link))
    yield from (f"picture: {source}" for source in found["broken"])
    yield from (f"picture without words: {source[:80]}" for source in found["silent"])
    yield from (f"formula: {text}" for text in found["formulas"])
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.wait_for_timeout(500)  # the side bar slides away
    if shots:
        page.screenshot(path=shots / f"{file.stem}-phone.png")
    if page.evaluate(WIDE) > 0:
        yield f"wider than a phone by {page.evaluate(WIDE)} pixels: {page.evaluate(WIDEST)[:3]}"


def knob_faults(page: Page) -> Iterator[str]:
    """Turn each knob of each figure that moves by a key; what is drawn and spoken must change."""
    if page.evaluate(STILL):
        yield "knob: the still picture stands beside the figure that moves"
    for figure in page.locator(".knob").all():
        for label in figure.locator("label").all():
            knob, name = label.locator("input"), label.locator("span").text_content()
            drawn, spoken = figure.evaluate(SHOWN), knob.get_attribute("aria-valuetext")
            at_end = knob.input_value() == knob.get_attribute("max")
            knob.press("Home" if at_end else "End")  # one step may change no sample's call
            if figure.evaluate(SHOWN) == drawn:
                yield f"knob: {name!r} does not move its figure"
            if spoken in (None, knob.get_attribute("aria-valuetext")):
                yield f"knob: {name!r} does not say its value"


def way_faults(page: Page, site: Path, words: dict[str, str]) -> Iterator[str]:
    """Enter by the first page; search for a word of each lesson, which must find it."""
    page.goto((site / "index.html").as_uri())
    try:
        page.wait_for_url("**/book/index.html", timeout=10_000)
    except Late:
        yield f"{site.name}/index.html: does not lead to the start"
    for lesson in sorted((site / "notebooks").glob("*.html")):
        word = words.get(lesson.stem[:2], "")
        page.goto(f"{(site / 'search.html').as_uri()}?q={word}")
        try:
            page.wait_for_selector(f"#search-results a[href*='{lesson.stem}']", timeout=10_000)
        except Late:
            yield f"search: {word!r} does not find {lesson.stem}"


def sites() -> dict[Path, dict[str, str]]:
    """Give the site in each language, with a word to search for by number of lesson.

    The English word is the lesson's name; the Chinese one a word of the glossary that it teaches.
    """
    names = {p.stem[:2]: p.stem[3:].replace("_", " ") for p in paths.notebooks().glob("*.ipynb")}
    text = (paths.root() / "book" / "glossary.md").read_text("utf-8")
    taught = TERM.findall(language.translate(text, language.catalogue("book", "zh_CN")))
    return {
        SITE: names,
        SITE / "zh": {"00": "课程", **{number: word for word, number in taught if word.isalpha()}},
    }


def browse(browser: Browser, wanted: list[str], shots: Path | None) -> int:
    """Look at the pages whose name holds one of these words, or at all; count the faults."""
    count = 0
    first = {site / "index.html" for site in sites()}  # lead on at once
    left_out = {file for site in sites() for file in (site / "_static").rglob("*")}
    pages = sorted(set(SITE.rglob("*.html")) - first - left_out)
    pages = [p for p in pages if not wanted or any(w in p.name for w in wanted)]
    for file in pages:
        context = browser.new_context(offline=True)
        for fault in faults(context.new_page(), file, shots):
            count += 1
            print(f"{file.relative_to(SITE)}: {fault}", flush=True)
        context.close()
    for site, words in sites().items():
        for fault in way_faults(browser.new_context(offline=True).new_page(), site, words):
            count += 1
            print(fault, flush=True)
    print(f"{len(pages)} pages, {count} faults")
    return count


def main() -> int:
    """Find a browser, open the site."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="*", help="only pages whose file name holds one of these")
    parser.add_argument("--shots", type=Path, help="folder for pictures of each page")
    chosen = parser.parse_args()
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not program:
        print("No Chromium or Chrome found; on Debian and Ubuntu: apt install chromium")
        return 2
    if not (SITE / "index.html").is_file():
        print(f"{SITE}: there is no site yet. Build it with: make book")
        return 2
    if chosen.shots:
        chosen.shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            return 1 if browse(browser, chosen.words, chosen.shots) else 0
        finally:
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
