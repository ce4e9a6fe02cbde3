/** Tile: one picture of the gallery. */

import { pause } from "./api.js";
import { make } from "./elements.js";
import { say } from "./texts.js";
import { drawThumbHash } from "./thumbhash.js";

/** @import { Image } from "./api.js" */

const STILLS = ["thumbnail", "small", "medium", "large"];
const DAY_MS = 86_400_000;
const MAX_WAIT_MS = 3000;

/** @type {Record<string, import("./texts.js").TextName>} */
const STATUS_TEXTS = { pending: "processing", processing: "processing", rejected: "rejected", failed: "failed" };

/**
 * @typedef {object} TileSettings
 * @property {number} index
 * @property {number} count how many there are, -1 if nobody knows yet
 * @property {boolean} isSelected
 * @property {boolean} canSelect
 * @property {boolean} isOwn
 * @property {number} trashDays
 */

/**
 * Make the content of a tile. Listeners are those of the gallery.
 *
 * @param {Image} image
 * @param {TileSettings} settings
 * @returns {HTMLLIElement}
 */
export function makeTile(image, settings) {
  const name = describe(image);
  const link = make(
    "a",
    { href: `#image=${image.id}`, className: "picture", "aria-label": say("open", { name }), tabIndex: -1 },
    image.status === "ready" && makePicture(image),
  );
  const box = make("input", {
    type: "checkbox",
    checked: settings.isSelected,
    tabIndex: -1,
    "aria-label": say("select", { name }),
  });
  const tile = make(
    "li",
    { className: "tile", dataset: { id: image.id }, "aria-posinset": settings.index + 1, "aria-setsize": settings.count },
    link,
    makeBadges(image, settings),
    settings.canSelect && make("label", { className: "choice" }, box),
  );
  tile.classList.toggle("selected", settings.isSelected);
  const { placeholder } = image;
  if (placeholder) {
    tile.style.backgroundColor = placeholder.dominantColor;
    tile.style.backgroundImage = `url(${drawThumbHash(placeholder.thumbhash)})`;
  }
  return tile;
}

/**
 * @param {EventTarget | null} target a part of a tile
 * @returns {string} the id of the image
 */
export function findId(target) {
  const tile = /** @type {HTMLElement | null | undefined} */ (/** @type {Element | null} */ (target)?.closest(".tile"));
  return tile?.dataset["id"] ?? "";
}

/**
 * What a picture is for those who do not see it.
 *
 * @param {Image} image
 */
export function describe(image) {
  return image.description || image.filename;
}

/** @param {Image} image */
export function makeSourceSet(image) {
  const stills = STILLS.map((name) => image.renditions[name]).filter((rendition) => rendition !== undefined);
  return stills.map((rendition) => `${rendition.url} ${rendition.width}w`).join(", ");
}

/** @param {Image} image */
function makePicture(image) {
  const picture = make("img", { alt: "", decoding: "async", draggable: false });
  picture.sizes = "1px"; // the gallery knows the width
  picture.srcset = makeSourceSet(image);
  picture.src = image.renditions["small"]?.url ?? "";
  picture.addEventListener("load", () => picture.classList.add("loaded"), { once: true });
  return picture;
}

/**
 * @param {Image} image
 * @param {TileSettings} settings
 */
function makeBadges(image, { isOwn, trashDays }) {
  const status = STATUS_TEXTS[image.status];
  const days = image.trashedAt ? countDaysLeft(image.trashedAt, trashDays) : null;
  const texts = [
    status && say(status),
    days !== null && say("daysLeft", { count: days }),
    image.animated && say("animated"),
    isOwn && image.visibility === "private" && !image.trashedAt && say("hidden"),
  ].filter((text) => text !== undefined && text !== false);
  if (!texts.length) return null;
  return make("span", { className: "badges" }, ...texts.map((text) => make("span", { className: "badge" }, text)));
}

/**
 * @param {string} trashedAt
 * @param {number} trashDays
 */
export function countDaysLeft(trashedAt, trashDays) {
  const end = new Date(trashedAt).getTime() + trashDays * DAY_MS;
  return Math.max(0, Math.ceil((end - Date.now()) / DAY_MS));
}

/**
 * @param {HTMLElement} tile
 * @param {{left: number, top: number, width: number, height: number}} box in pixels
 */
export function placeTile(tile, { left, top, width, height }) {
  Object.assign(tile.style, { insetInlineStart: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  const picture = tile.querySelector("img");
  if (picture) picture.sizes = `${Math.ceil(width)}px`;
}

/**
 * Wait until the pictures that are in the window are there, or cannot be, but not for long.
 *
 * @param {HTMLElement} gallery
 */
export async function awaitPictures(gallery) {
  const seen = [...gallery.querySelectorAll("img")].filter((picture) => picture.getBoundingClientRect().top < window.innerHeight);
  const ends = seen.map((picture) => picture.complete || new Promise((resolve) => (picture.onload = picture.onerror = resolve)));
  await Promise.race([Promise.all(ends), pause(MAX_WAIT_MS)]);
}
