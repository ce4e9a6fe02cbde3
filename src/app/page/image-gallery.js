/** Image gallery: rows of pictures. Only those near the window are in the document. */

import { make } from "./elements.js";
import { listenForLongPress } from "./long-press.js";
import { boundAspect, findRow, findRowOf, isStep, layOutRows, measureRows, stepInRows } from "./rows.js";
import { say } from "./texts.js";
import { Staleness } from "./staleness.js";
import { findId, makeTile, placeTile } from "./tile.js";

/** @import { Image } from "./api.js" */
/** @import { Library } from "./library.js" */
/** @import { Row } from "./rows.js" */
/** @import { Selection } from "./selection.js" */
/** @import { Session } from "./session.js" */

const GAP_PX = 6;
const NARROW_PX = 600;
const NARROW_ROW_PX = 130;
const ROW_PX = 210;
const OVERSCAN = 1; // windows above and below

/** Fires `open` with an image, `empty`, and `stale` with the ids of images that have to be read again. */
export class ImageGallery extends HTMLElement {
  /** @type {Library | null} */
  #library = null;
  /** @type {Row[]} */
  #rows = [];
  /** @type {Map<number, HTMLLIElement>} */
  #tiles = new Map();
  /** @type {Map<number, Image | undefined>} what the tiles show */
  #shown = new Map();
  #current = 0;
  #anchor = 0;
  #isAsked = false;
  #staleness = new Staleness((ids) => this.dispatchEvent(new CustomEvent("stale", { detail: ids })));
  trashDays = 30;

  /**
   * @param {Session} session
   * @param {Selection} selection
   */
  constructor(session, selection) {
    super();
    this.session = session;
    this.selection = selection;
    this.list = make("ul", { className: "tiles", role: "list", "aria-label": say("gallery"), "aria-describedby": "gallery-keys" });
    this.message = make("div", { className: "message", role: "status" });
    this.append(make("p", { id: "gallery-keys", className: "unseen" }, say("galleryKeys")), this.list, this.message);
  }

  connectedCallback() {
    window.addEventListener("scroll", () => this.#ask(), { passive: true });
    new ResizeObserver(() => this.#layOut()).observe(this);
    this.selection.addEventListener("change", () => this.#markSelection());
    this.list.addEventListener("click", (event) => this.#click(event));
    listenForLongPress(this.list, (target) => this.#select(this.#find(target), false));
    this.list.addEventListener("keydown", (event) => this.#press(event));
    this.list.addEventListener("error", (event) => this.#staleness.mend(findId(event.target)), { capture: true });
    this.list.addEventListener("load", (event) => this.#staleness.heal(findId(event.target)), { capture: true });
    window.addEventListener("online", () => this.#staleness.hurry());
  }

  /** @param {Library} library */
  show(library) {
    this.#library?.close();
    this.#library = library;
    this.#current = 0;
    this.#clear();
    library.addEventListener("change", () => this.#layOut());
    this.say(say("loading"));
    this.#layOut();
    library.open();
  }

  /** @param {string | Node} content */
  say(content) {
    this.message.replaceChildren(content);
  }

  /** @param {string} id */
  reveal(id) {
    const index = this.#library?.findIndex(id) ?? -1;
    const row = this.#rows[findRowOf(this.#rows, index)];
    if (index < 0 || !row) return;
    this.#current = index;
    const top = this.list.getBoundingClientRect().top + window.scrollY + row.top;
    if (top < window.scrollY || top + row.height > window.scrollY + window.innerHeight) window.scrollTo({ top: top - 80 });
    this.#render();
    this.#focusCurrent();
  }

  #layOut() {
    const library = this.#library;
    if (!library) return;
    const width = this.list.clientWidth;
    const height = width < NARROW_PX ? NARROW_ROW_PX : ROW_PX;
    this.#rows = layOutRows(library.aspects, width, height, GAP_PX);
    this.list.style.height = `${measureRows(this.#rows)}px`;
    if (library.length || library.isComplete) this.say("");
    if (!library.length && library.isComplete) this.dispatchEvent(new Event("empty"));
    this.#render();
  }

  #ask() {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#render();
    });
  }

  #render() {
    const library = this.#library;
    if (!library) return;
    const above = -this.list.getBoundingClientRect().top;
    const window_ = window.innerHeight;
    const first = findRow(this.#rows, above - window_ * OVERSCAN);
    const last = findRow(this.#rows, above + window_ * (1 + OVERSCAN));
    const wanted = new Set();
    for (const row of this.#rows.slice(first, last + 1)) this.#renderRow(library, row, wanted);
    for (const [index, tile] of this.#tiles) {
      if (wanted.has(index) || tile.contains(document.activeElement)) continue;
      tile.remove();
      this.#tiles.delete(index);
      this.#shown.delete(index);
    }
    this.#staleness.watch(this.#shown.values());
    if (above + window_ * (2 + OVERSCAN) > measureRows(this.#rows)) library.grow();
  }

  /**
   * @param {Library} library
   * @param {Row} row
   * @param {Set<number>} wanted
   */
  #renderRow(library, row, wanted) {
    const aspects = library.aspects.slice(row.start, row.end).map(boundAspect);
    let left = 0;
    aspects.forEach((aspect, offset) => {
      const index = row.start + offset;
      const width = aspect * row.height;
      const tile = this.#renderTile(library, index);
      placeTile(tile, { left, top: row.top, width, height: row.height });
      left += width + GAP_PX;
      wanted.add(index);
    });
  }

  /**
   * @param {Library} library
   * @param {number} index
   */
  #renderTile(library, index) {
    const image = library.get(index);
    const known = this.#tiles.get(index);
    if (known && this.#shown.get(index) === image) return known;
    const tile = image ? this.#makeTile(image, index) : make("li", { className: "tile" });
    if (known) {
      const hadFocus = known.contains(document.activeElement);
      known.replaceWith(tile);
      if (hadFocus) tile.querySelector("a")?.focus({ preventScroll: true });
    } else this.list.append(tile);
    this.#tiles.set(index, tile);
    this.#shown.set(index, image);
    return tile;
  }

  /**
   * @param {Image} image
   * @param {number} index
   */
  #makeTile(image, index) {
    const isOwn = this.session.owns(image);
    const tile = makeTile(image, {
      index,
      count: this.#library?.isComplete ? this.#library.length : -1,
      isSelected: this.selection.has(image.id),
      canSelect: isOwn,
      isOwn,
      trashDays: this.trashDays,
    });
    const link = /** @type {HTMLAnchorElement} */ (tile.querySelector("a"));
    link.tabIndex = index === this.#current ? 0 : -1;
    link.addEventListener("focus", () => this.#setCurrent(index));
    return tile;
  }

  #clear() {
    for (const tile of this.#tiles.values()) tile.remove();
    this.#tiles.clear();
    this.#shown.clear();
  }

  #markSelection() {
    for (const tile of this.#tiles.values()) {
      const isSelected = this.selection.has(tile.dataset["id"] ?? "");
      tile.classList.toggle("selected", isSelected);
      const box = tile.querySelector("input");
      if (box) box.checked = isSelected;
    }
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {Element} */ (event.target);
    const index = this.#find(target);
    if (index < 0) return;
    const isChoice = target.closest(".choice") !== null;
    if (isChoice && target.tagName !== "INPUT") return; // the click on its box follows
    const isFinger = this.selection.size > 0 && /** @type {PointerEvent} */ (event).pointerType === "touch";
    if (isChoice || isFinger || event.shiftKey || event.ctrlKey || event.metaKey) {
      if (!isChoice) event.preventDefault();
      this.#select(index, event.shiftKey);
    } else if (target.closest("a")) {
      event.preventDefault();
      this.#open(index);
    }
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const index = this.#find(/** @type {Element} */ (event.target));
    if (index < 0) return;
    if (event.key === " ") this.#select(index, false);
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) this.selectAll();
    else if (isStep(event.key)) {
      const next = stepInRows(this.#rows, index, event.key, document.documentElement.dir === "rtl");
      this.#setCurrent(next);
      this.#focusCurrent();
      if (event.shiftKey) this.#select(next, true);
    } else return;
    event.preventDefault();
  }

  /** @param {number} index */
  #setCurrent(index) {
    const mark = (/** @type {number} */ at, /** @type {number} */ value) => {
      const link = this.#tiles.get(at)?.querySelector("a");
      if (link) link.tabIndex = value;
    };
    mark(this.#current, -1);
    this.#current = index;
    mark(index, 0);
  }

  #focusCurrent() {
    const row = this.#rows[findRowOf(this.#rows, this.#current)];
    if (row) {
      const top = this.list.getBoundingClientRect().top + row.top;
      if (top < 80) window.scrollBy(0, top - 80);
      else if (top + row.height > window.innerHeight) window.scrollBy(0, top + row.height - window.innerHeight + GAP_PX);
      this.#render();
    }
    this.#tiles.get(this.#current)?.querySelector("a")?.focus({ preventScroll: true });
  }

  /**
   * @param {number} index
   * @param {boolean} isRange
   */
  #select(index, isRange) {
    const image = this.#library?.get(index);
    if (!image || !this.session.owns(image)) return;
    if (isRange) {
      const [start, end] = [Math.min(this.#anchor, index), Math.max(this.#anchor, index)];
      const range = Array.from({ length: end - start + 1 }, (_, offset) => this.#library?.get(start + offset) ?? image);
      this.selection.add(range.filter((each) => this.session.owns(each)));
    } else {
      this.#anchor = index;
      this.selection.toggle(image);
    }
  }

  /** Select all images that are in memory. */
  selectAll() {
    const images = this.#library?.images ?? [];
    this.selection.add(images.filter((image) => this.session.owns(image)));
  }

  /** @param {number} index */
  #open(index) {
    const image = this.#library?.get(index);
    if (image) this.dispatchEvent(new CustomEvent("open", { detail: image }));
  }

  /** @param {Element} element */
  #find(element) {
    const tile = element.closest(".tile");
    for (const [index, each] of this.#tiles) if (each === tile) return index;
    return -1;
  }
}

customElements.define("image-gallery", ImageGallery);
