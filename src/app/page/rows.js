/** Rows: pictures of one height beside each other, which fill the width. Nothing here touches the document. */

/**
 * @typedef {object} Row
 * @property {number} start the first picture
 * @property {number} end behind the last picture
 * @property {number} top
 * @property {number} height
 */

/** What is longer than that is cut off at its ends in the gallery, and whole in the light box. */
const MIN_ASPECT = 0.45;
const MAX_ASPECT = 3.2;
const MAX_STRETCH = 1.4;

/** @type {Record<string, {along?: number, across?: number}>} */
const STEPS = { ArrowLeft: { along: -1 }, ArrowRight: { along: 1 }, ArrowUp: { across: -1 }, ArrowDown: { across: 1 } };

/** @param {number} aspect */
export function boundAspect(aspect) {
  return Math.min(MAX_ASPECT, Math.max(MIN_ASPECT, aspect || 1));
}

/**
 * @param {ArrayLike<number>} aspects width by height of each picture
 * @param {number} width of the rows
 * @param {number} heightPx that rows should have
 * @param {number} gapPx between pictures
 * @returns {Row[]}
 */
export function layOutRows(aspects, width, heightPx, gapPx) {
  const rows = [];
  let [start, sum, top] = [0, 0, 0];
  for (let index = 0; index < aspects.length; index++) {
    sum += boundAspect(aspects[index] ?? 1);
    const end = index + 1;
    const filled = (width - gapPx * (end - start - 1)) / sum;
    const isLast = end === aspects.length;
    if (filled > heightPx && !isLast) continue;
    const height = Math.min(filled, isLast ? heightPx * MAX_STRETCH : Infinity);
    const shown = isLast && filled > heightPx * MAX_STRETCH ? heightPx : height;
    rows.push({ start, end, top, height: shown });
    top += shown + gapPx;
    [start, sum] = [end, 0];
  }
  return rows;
}

/**
 * @param {Row[]} rows
 * @returns {number}
 */
export function measureRows(rows) {
  const last = rows.at(-1);
  return last ? last.top + last.height : 0;
}

/**
 * Find the first row that reaches below a line.
 *
 * @param {Row[]} rows
 * @param {number} line
 * @returns {number} the number of rows if there is none
 */
export function findRow(rows, line) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = /** @type {Row} */ (rows[middle]);
    if (row.top + row.height < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {Row[]} rows
 * @param {number} index of a picture
 */
export function findRowOf(rows, index) {
  return rows.findIndex((row) => index < row.end);
}

/** @param {string} key of a keyboard */
export function isStep(key) {
  return key in STEPS;
}

/**
 * Return the picture that a key leads to.
 *
 * @param {Row[]} rows
 * @param {number} index of the picture now
 * @param {string} key
 * @param {boolean} isBackwards where text runs from right to left
 * @returns {number}
 */
export function stepInRows(rows, index, key, isBackwards) {
  const { along = 0, across = 0 } = STEPS[key] ?? {};
  const at = findRowOf(rows, index);
  const [row, target] = [rows[at], rows[at + across]];
  if (!row || !target) return index;
  if (along) return Math.min((rows.at(-1)?.end ?? 1) - 1, Math.max(0, index + (isBackwards ? -along : along)));
  const share = (index - row.start + 0.5) / (row.end - row.start);
  return target.start + Math.floor(share * (target.end - target.start));
}
