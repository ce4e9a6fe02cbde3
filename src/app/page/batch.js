/** Batch: one action on many images, a report of what happened to each, and the way back. */

import { makeKey } from "./api.js";
import { hasTag } from "./tags.js";

/** @import { Api, Image } from "./api.js" */

const MAX_IDS = 100;

/**
 * @typedef {object} Action
 * @property {"delete" | "trash" | "restore" | "update"} action
 * @property {object} [update]
 */

/**
 * @typedef {object} Report
 * @property {Image[]} done
 * @property {{image: Image, reason: string}[]} failed
 */

/**
 * @param {Api} api
 * @param {Image[]} images
 * @param {Action} action
 * @returns {Promise<Report>}
 */
export async function runBatch(api, images, action) {
  /** @type {Report} */
  const report = { done: [], failed: [] };
  for (let start = 0; start < images.length; start += MAX_IDS) {
    const slice = images.slice(start, start + MAX_IDS);
    const json = { ...action, ids: slice.map((image) => image.id) };
    const { body } = await api.call("POST", "/images/batch", { json, headers: { "Idempotency-Key": makeKey() } });
    for (const result of body.results) {
      const image = slice.find((each) => each.id === result.id);
      if (!image) continue;
      if (result.status < 300) report.done.push(image);
      else report.failed.push({ image, reason: result.error?.detail ?? `${result.status}` });
    }
  }
  return report;
}

/**
 * Return what brings images back to what they were. An action that cannot be undone has none.
 *
 * @param {Action} action
 * @param {Image[]} images as they were before
 * @returns {{images: Image[], action: Action}[]}
 */
export function reverse(action, images) {
  if (action.action === "trash") return [{ images, action: { action: "restore" } }];
  if (action.action === "restore") return [{ images, action: { action: "trash" } }];
  if (action.action !== "update") return [];
  const { addTags = [], removeTags = [], visibility } = /** @type {Record<string, any>} */ (action.update);
  /** @type {Map<string, {images: Image[], action: Action}>} */
  const groups = new Map();
  for (const image of images) {
    const update = {
      ...(visibility && visibility !== image.visibility && { visibility: image.visibility }),
      ...(addTags.length && { removeTags: addTags.filter((/** @type {string} */ tag) => !hasTag(image.tags, tag)) }),
      ...(removeTags.length && { addTags: image.tags.filter((tag) => hasTag(removeTags, tag)) }),
    };
    const isSame = Object.values(update).every((value) => Array.isArray(value) && !value.length);
    if (isSame) continue;
    const key = JSON.stringify(update);
    const others = groups.get(key)?.images ?? [];
    groups.set(key, { images: [...others, image], action: { action: "update", update } });
  }
  return [...groups.values()];
}
