from __future__ import annotations

import re
import shutil
import subprocess
from graphlib import CycleError
from typing import TYPE_CHECKING

import pytest

from app.bundles import EXPORT, IMPORT, make_bundles
from app.webpage import BUNDLES, WORKER, get_assets
from local.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAGE = ROOT / "src" / "app" / "page"
MODULES = {path.name: path.read_text("utf-8") for path in sorted(PAGE.glob("*.js"))}
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")

SHOP = {
    "basket.js": """/** A basket. */

import { count, log } from "./journal.js";
import { Price } from "./price.js";

const unit = 2;
/**
 * Several lines * with signs.
 */
export class Basket {
  get price() {
    return /** @type {number} */ (new Price(unit).value) + count();
  }
}

export async function fill() {
  log("filled");
}
""",
    "journal.js": """const lines = [];
export const log = (line) => lines.push(line);
export function count() {
  return lines.length;
}
log("the journal begins");
""",
    "price.js": """/** @type {number} */ const unit = 10;
export class Price {
  constructor(value) {
    this.value = value * unit;
  }
}
""",
    "open.js": """import { Basket, fill } from "./basket.js";

const unit = 0;
await fill();
console.log("open", new Basket().price, unit);
import("./till.js").then(({ pay }) => pay());
""",
    "till.js": """import { Basket, fill } from "./basket.js";
import { log } from "./journal.js";
import { makeNote } from "./note.js";

export async function pay() {
  await fill();
  log("paid");
  console.log(makeNote(new Basket().price));
}
""",
    "note.js": """import { count } from "./journal.js";

export const makeNote = (price) => `note ${price} ${count()}`;
""",
}


def run(folder: Path, files: Mapping[str, str], entry: str) -> str:
    folder.mkdir()
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    command = ["node", str(folder / entry)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@needs_node
def test_bundles_do_what_the_modules_do(tmp_path: Path) -> None:
    bundles = make_bundles(SHOP, ("open.js", "till.js"))
    expected = "open 22 0\nnote 24 4\n"
    assert run(tmp_path / "modules", SHOP, "open.js") == expected
    assert run(tmp_path / "bundles", bundles, "open.js") == expected


def test_later_bundle_holds_nothing_again_and_imports_what_it_uses() -> None:
    first, later = make_bundles(SHOP, ("open.js", "till.js")).values()
    assert later.startswith(
        'import { journal_js } from "./open.js";\nimport { basket_js } from "./open.js";\n'
    )
    assert [text.count("class Basket") for text in (first, later)] == [1, 0]
    assert [text.count("makeNote =") for text in (first, later)] == [0, 1]


def test_bundle_has_no_comments_that_stand_alone() -> None:
    (text,) = make_bundles(SHOP, ("open.js",)).values()
    assert "A basket" not in text
    assert "Several lines" not in text
    assert "/** @type {number} */ const unit = 10;" in text


def test_circle_of_imports_is_an_error() -> None:
    circle = {
        "a.js": 'import { b } from "./b.js";\nexport const a = 1;\n',
        "b.js": 'import { a } from "./a.js";\nexport const b = 1;\n',
    }
    with pytest.raises(CycleError):
        make_bundles(circle, ("a.js",))


@pytest.mark.parametrize("name", MODULES)
def test_every_import_and_export_of_the_page_is_understood(name: str) -> None:
    text = MODULES[name]
    assert len(re.findall(r"^import\b", text, re.MULTILINE)) == len(IMPORT.findall(text))
    assert len(re.findall(r"^export\b", text, re.MULTILINE)) == len(EXPORT.findall(text))


def test_every_module_of_the_page_is_in_one_bundle() -> None:
    texts = "".join(get_assets()[name].text for name in BUNDLES)
    wrapped = {name: texts.count(f"export const {re.sub(r'[-.]', '_', name)} = (") for name in MODULES}
    assert wrapped == {name: int(name not in {*BUNDLES, WORKER}) for name in MODULES}


@needs_node
@pytest.mark.parametrize("name", BUNDLES)
def test_bundle_of_the_page_is_valid(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.mjs"
    path.write_text(get_assets()[name].text, "utf-8")
    command = ["node", "--check", str(path)]
    assert subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own code
