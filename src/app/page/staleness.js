/** Staleness: which images have to be read again, and when. */

/** @import { Image } from "./api.js" */

const PREPARED_MS = { first: 1000, max: 15_000 };
const BROKEN_MS = { first: 2000, max: 20_000 };
const GROWTH = 1.5;

/** Ids that are told again and again, after pauses that grow, until there are none. */
class Round {
  /** @type {Set<string>} */
  #ids = new Set();
  #timer = 0;

  /**
   * @param {{first: number, max: number}} pausesMs
   * @param {(ids: string[]) => void} tell
   */
  constructor(pausesMs, tell) {
    this.pausesMs = pausesMs;
    this.pauseMs = pausesMs.first;
    this.tell = tell;
  }

  get ids() {
    return [...this.#ids];
  }

  /** @param {string[]} ids */
  take(ids) {
    this.#ids = new Set(ids);
    if (!ids.length) this.pauseMs = this.pausesMs.first;
    if (ids.length && !this.#timer) this.#timer = setTimeout(() => this.run(), this.pauseMs);
  }

  /** Tell them now. */
  run() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#ids.size) return;
    this.pauseMs = Math.min(this.pausesMs.max, this.pauseMs * GROWTH);
    this.tell(this.ids);
    this.take(this.ids);
  }
}

/** Tells the ids of images that have to be read again, as long as they are shown. */
export class Staleness {
  /** @param {(ids: string[]) => void} tell */
  constructor(tell) {
    this.prepared = new Round(PREPARED_MS, tell);
    this.broken = new Round(BROKEN_MS, tell);
  }

  /**
   * Look again at images that are being prepared.
   *
   * @param {Iterable<Image | undefined>} shown all that are shown now
   */
  watch(shown) {
    const images = [...shown].filter((image) => image !== undefined);
    const ids = new Set(images.map(({ id }) => id));
    this.prepared.take(images.flatMap(({ id, status }) => (status === "processing" ? [id] : [])));
    this.broken.take(this.broken.ids.filter((id) => ids.has(id)));
  }

  /**
   * A picture did not come: its URL has ended, the line is down, or the service has too much to do.
   *
   * @param {string} id
   */
  mend(id) {
    this.broken.take([...this.broken.ids, id]);
  }

  /** @param {string} id of an image whose picture is there */
  heal(id) {
    this.broken.take(this.broken.ids.filter((each) => each !== id));
  }

  /** Ask for all pictures that did not come. */
  hurry() {
    this.broken.run();
  }
}
