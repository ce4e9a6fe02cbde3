/** Batch: one action on many images, a report of what happened to each, and the way back. */

import { ApiError, makeKey, pause } from "./api.js";
import { hasTag } from "./tags.js";

/** @import { Api, Image } from "./api.js" */

const MAX_IDS = 100;
const MAX_TRIES = 5;

/**
 * @typedef {object} Action
 * @property {"delete" | "trash" | "restore" | "update"} action
 * @property {object} [update]
 */

/**
 * @typedef {object} Report
 * @property {Image[]} done
 * @property {{image: Image, error: unknown}[]} failed
 */

/**
 * Nothing that is done is left out of the report, even if the line breaks in the middle.
 *
 * @param {Api} api
 * @param {Image[]} images
 * @param {Action} action
 * @returns {Promise<Report>}
 */
export async function runBatch(api, images, action) {
  /** @type {Report} */
  const report = { done: [], failed: [] };
  for (let start = 0; start < images.length; start += MAX_IDS) {
    try {
      await runPart(api, images.slice(start, start + MAX_IDS), action, report);
    } catch (error) {
      const told = new Set([...report.done, ...report.failed.map(({ image }) => image)]);
      report.failed.push(...images.filter((image) => !told.has(image)).map((image) => ({ image, error })));
      break;
    }
  }
  return report;
}

/**
 * Run the action on as many images as one request takes. Those that there was no time for are sent again.
 *
 * @param {Api} api
 * @param {Image[]} images
 * @param {Action} action
 * @param {Report} report
 */
async function runPart(api, images, action, report) {
  let waiting = images;
  for (let tries = 1; waiting.length; tries++) {
    const json = { ...action, ids: waiting.map((image) => image.id) };
    const { body } = await api.call("POST", "/images/batch", { json, headers: { "Idempotency-Key": makeKey() } });
    /** @type {Image[]} */
    const again = [];
    let seconds = 0;
    waiting.forEach((image, index) => {
      const { status, error, retryAfter } = body.results[index];
      if (status < 300) report.done.push(image);
      else if (retryAfter === null || tries === MAX_TRIES) report.failed.push({ image, error: new ApiError(status, error ?? {}, 0) });
      else {
        again.push(image);
        seconds = Math.max(seconds, retryAfter);
      }
    });
    waiting = again;
    if (waiting.length) await pause(seconds * 1000);
  }
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
