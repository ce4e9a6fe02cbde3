/** Staleness: which images have to be read again, and when. */

/** @import { Image } from "./api.js" */

const MEND_MS = 60_000; // the least time between two tries with new URLs
const FIRST_LOOK_MS = 1000;
const MAX_LOOK_MS = 15_000;

/** Tells the ids of images that have to be read again. */
export class Staleness {
  /** @type {Map<string, number>} when the URLs of an image were asked for again */
  #mended = new Map();
  #pauseMs = FIRST_LOOK_MS;
  #timer = 0;

  /** @param {(ids: string[]) => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /**
   * Look again at images that are being prepared, as long as they are shown.
   *
   * @param {Iterable<Image | undefined>} shown
   */
  watch(shown) {
    const ids = [...shown].flatMap((image) => (image?.status === "processing" ? [image.id] : []));
    if (!ids.length) this.#pauseMs = FIRST_LOOK_MS;
    if (!ids.length || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#pauseMs = Math.min(MAX_LOOK_MS, this.#pauseMs * 1.5);
      this.tell(ids);
    }, this.#pauseMs);
  }

  /**
   * URLs of private pictures end. Ask for new ones, but not again and again.
   *
   * @param {string} id
   */
  mend(id) {
    const now = Date.now();
    if (now - (this.#mended.get(id) ?? 0) < MEND_MS) return;
    this.#mended.set(id, now);
    this.tell([id]);
  }
}
