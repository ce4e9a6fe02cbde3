/** Tags: what a person types between commas. */

/**
 * @param {string} text
 * @returns {string[]} each once, whatever its case
 */
export function splitTags(text) {
  const tags = text.split(",").map((tag) => tag.trim()).filter(Boolean);
  const seen = new Map(tags.map((tag) => [tag.toLowerCase(), tag]));
  return [...seen.values()];
}

/** @param {string[]} tags */
export function joinTags(tags) {
  return tags.join(", ");
}

/**
 * Tags match whatever their case, as they do in the service.
 *
 * @param {string[]} tags
 * @param {string} tag
 */
export function hasTag(tags, tag) {
  const fold = (/** @type {string} */ text) => text.normalize().toLowerCase();
  return tags.some((each) => fold(each) === fold(tag));
}
