/** ThumbHash: a picture of 32 pixels from about 25 bytes (https://evanw.github.io/thumbhash/). */

const EDGE_PX = 32;
const MAX_WAVES = 7;

/**
 * @typedef {object} Channel
 * @property {number} mean
 * @property {{column: number, row: number, strength: number}[]} waves
 */

/**
 * Decode to RGBA. The channels are lightness, two colour differences and, if there is one, alpha, each a mean and a
 * few cosines.
 *
 * @param {Uint8Array} hash
 * @returns {{width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>}}
 */
export function decodeThumbHash(hash) {
  const byte = (/** @type {number} */ index) => hash[index] ?? 0;
  const first = byte(0) | (byte(1) << 8) | (byte(2) << 16);
  const second = byte(3) | (byte(4) << 8);
  const hasAlpha = first >> 23 === 1;
  const isLandscape = second >> 15 === 1;
  const longSide = hasAlpha ? 5 : 7;
  const across = Math.max(3, isLandscape ? longSide : second & 7);
  const down = Math.max(3, isLandscape ? second & 7 : longSide);

  let nibbles = hasAlpha ? 12 : 10;
  /**
   * @param {number} mean
   * @param {number} columns
   * @param {number} rows
   * @param {number} scale
   */
  const readChannel = (mean, columns, rows, scale) => {
    const waves = [];
    for (let row = 0; row < rows; row++) {
      for (let column = row ? 0 : 1; column * rows < columns * (rows - row); column++) {
        const nibble = (byte(nibbles >> 1) >> ((nibbles & 1) * 4)) & 15;
        nibbles++;
        waves.push({ column, row, strength: (nibble / 7.5 - 1) * scale });
      }
    }
    return { mean, waves };
  };
  const lightness = readChannel((first & 63) / 63, across, down, ((first >> 18) & 31) / 31);
  const yellow = readChannel(((first >> 6) & 63) / 31.5 - 1, 3, 3, (((second >> 3) & 63) / 63) * 1.25);
  const red = readChannel(((first >> 12) & 63) / 31.5 - 1, 3, 3, (((second >> 9) & 63) / 63) * 1.25);
  const alpha = hasAlpha ? readChannel((byte(5) & 15) / 15, 5, 5, (byte(5) >> 4) / 15) : { mean: 1, waves: [] };

  const ratio = across / down;
  const width = Math.round(ratio > 1 ? EDGE_PX : EDGE_PX * ratio);
  const height = Math.round(ratio > 1 ? EDGE_PX / ratio : EDGE_PX);
  const rows = makeCosines(height);
  const columns = makeCosines(width);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 4) {
      const read = (/** @type {Channel} */ channel) => add(channel, columns, x, rows, y);
      const l = read(lightness);
      const p = read(yellow);
      const q = read(red);
      const blue = l - (2 / 3) * p;
      const redness = (3 * l - blue + q) / 2;
      pixels[at] = redness * 255;
      pixels[at + 1] = (redness - q) * 255;
      pixels[at + 2] = blue * 255;
      pixels[at + 3] = read(alpha) * 255;
    }
  }
  return { width, height, pixels };
}

/**
 * The waves along one side: the cosines of each frequency at each pixel.
 *
 * @param {number} length in pixels
 */
function makeCosines(length) {
  return Array.from({ length: MAX_WAVES }, (_, wave) =>
    Float64Array.from({ length }, (_, pixel) => Math.cos((Math.PI * wave * (pixel + 0.5)) / length)),
  );
}

/**
 * @param {Channel} channel
 * @param {Float64Array[]} columns
 * @param {number} x
 * @param {Float64Array[]} rows
 * @param {number} y
 */
function add({ mean, waves }, columns, x, rows, y) {
  let sum = mean;
  for (const { column, row, strength } of waves) sum += 2 * strength * (columns[column]?.[x] ?? 0) * (rows[row]?.[y] ?? 0);
  return sum;
}

/**
 * @param {string} text in base64
 * @returns {string} a data URL
 */
export function drawThumbHash(text) {
  const { width, height, pixels } = decodeThumbHash(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas.toDataURL();
}
