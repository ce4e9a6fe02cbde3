/** The address: what the page shows stands behind the # of its URL, so that it can be kept and sent. */

import { hasTag } from "./tags.js";

/** @import { Image } from "./api.js" */

/**
 * @typedef {object} View
 * @property {"all" | "mine" | "public" | "trash"} whose
 * @property {string[]} tags
 * @property {"all" | "any"} match
 * @property {string} after a day, or empty
 * @property {string} before a day, or empty
 * @property {string} image the id of the image in the light box, or empty
 */

const DAY = /^\d{4}-\d\d-\d\d$/;
const WHOSE = ["all", "mine", "public", "trash"];

/**
 * @param {string} hash
 * @returns {View}
 */
function readView(hash) {
  const pairs = new URLSearchParams(hash.replace(/^#/, ""));
  const whose = pairs.get("show") ?? "all";
  return {
    whose: /** @type {View["whose"]} */ (WHOSE.includes(whose) ? whose : "all"),
    tags: pairs.getAll("tag").filter(Boolean),
    match: pairs.get("match") === "any" ? "any" : "all",
    after: readDay(pairs.get("after")),
    before: readDay(pairs.get("before")),
    image: pairs.get("image") ?? "",
  };
}

/** @param {string | null} text */
function readDay(text) {
  return text !== null && DAY.test(text) && !Number.isNaN(Date.parse(text)) ? text : "";
}

/**
 * Read what the address asks for, as far as the person may see it. Who signs in later finds what stands there.
 *
 * @param {string} hash
 * @param {boolean} isNamed
 * @returns {View}
 */
export function findView(hash, isNamed) {
  const asked = readView(hash);
  return isNamed ? asked : { ...asked, whose: "all" };
}

/**
 * @param {View} view
 * @returns {string}
 */
export function writeView(view) {
  const pairs = new URLSearchParams();
  if (view.whose !== "all") pairs.append("show", view.whose);
  for (const tag of view.tags) pairs.append("tag", tag);
  if (view.match === "any") pairs.append("match", "any");
  if (view.after) pairs.append("after", view.after);
  if (view.before) pairs.append("before", view.before);
  if (view.image) pairs.append("image", view.image);
  return `#${pairs}`;
}

/**
 * The query of `GET /images` for a view. Days are those of the person who looks.
 *
 * @param {View} view
 * @param {boolean} isNamed
 * @returns {Record<string, string | string[]>}
 */
export function makeListQuery(view, isNamed) {
  return {
    userId: view.whose === "mine" || view.whose === "trash" ? "me" : "",
    // Everybody else sees no other pictures. The document announces this very query.
    visibility: view.whose === "public" || !isNamed ? "public" : "",
    trashed: view.whose === "trash" ? "true" : "",
    tags: view.tags,
    match: view.tags.length > 1 ? view.match : "",
    createdAfter: view.after && startDay(view.after, 0),
    createdBefore: view.before && startDay(view.before, 1),
  };
}

/**
 * Tell if an image is in a view.
 *
 * @param {View} view
 * @param {Pick<Image, "tags" | "visibility" | "userId" | "trashedAt" | "createdAt">} image that the person may see
 * @param {string} userId of the person
 */
export function isIn(view, image, userId) {
  const isOwn = view.whose === "mine" || view.whose === "trash";
  if ((view.whose === "trash") !== (image.trashedAt !== null) || (isOwn && image.userId !== userId)) return false;
  if (view.whose === "public" && image.visibility !== "public") return false;
  if (view.before && startDay(view.before, 1) <= image.createdAt) return false;
  if (view.after && startDay(view.after, 0) > image.createdAt) return false;
  const has = (/** @type {string} */ tag) => hasTag(image.tags, tag);
  return view.match === "any" && view.tags.length ? view.tags.some(has) : view.tags.every(has);
}

/**
 * Tell if two views show the same images, whichever of them is in the light box.
 *
 * @param {View} one
 * @param {View} other
 */
export function isSameList(one, other) {
  return writeView({ ...one, image: "" }) === writeView({ ...other, image: "" });
}

/**
 * Whether a view leaves pictures out by their tags or days.
 *
 * @param {View} view
 */
export function isFiltered(view) {
  return Boolean(view.tags.length || view.after || view.before);
}

/**
 * @param {string} day
 * @param {number} later in days
 */
function startDay(day, later) {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
