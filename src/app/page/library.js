/** Library: the images of one listing. Far pages are forgotten and read again, so that memory does not grow. */

/** @import { Api, Image } from "./api.js" */

const PAGE_SIZE = 100;
const MAX_PAGES = 12;

/**
 * @typedef {object} Page
 * @property {string} cursor that leads to it, empty for the first page
 * @property {number} count how many images of it are shown
 * @property {Image[] | null} images null: forgotten
 * @property {Promise<void> | null} reading
 * @property {number} used when it was last looked at
 */

/** Fires `change` when images come, go or change, and `fail` when a page cannot be read. */
export class Library extends EventTarget {
  /** @type {Page[]} */
  #pages = [];
  /** @type {number[]} */
  #aspects = [];
  #next = "";
  #uses = 0;
  /** @type {Promise<void> | null} */
  #growing = null;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** @type {unknown} why the last page could not be read */
  error = null;

  /**
   * @param {Api} api
   * @param {Record<string, string | string[]>} query
   */
  constructor(api, query) {
    super();
    this.api = api;
    this.query = query;
    this.isComplete = false;
    this.isClosed = false;
  }

  get length() {
    return this.#aspects.length;
  }

  /** Width by height of each image. */
  get aspects() {
    return this.#aspects;
  }

  /** Every image that is in memory. */
  get images() {
    return this.#pages.flatMap((page) => page.images ?? []);
  }

  /** Stop telling of changes: another listing is shown. */
  close() {
    this.isClosed = true;
  }

  /** Read the first page. However often it is called, that happens once. */
  open() {
    this.#opening ??= this.grow();
    return this.#opening;
  }

  /** Read the next page, if there is one and nobody reads it yet. */
  grow() {
    if (this.isComplete || this.isClosed) return Promise.resolve();
    this.#growing ??= this.#readNext().finally(() => {
      this.#growing = null;
    });
    return this.#growing;
  }

  async #readNext() {
    try {
      const cursor = this.#next;
      const { images, nextCursor } = await this.api.listImages({ ...this.query, limit: PAGE_SIZE, cursor });
      const known = new Set(this.#pages[0]?.images?.map((image) => image.id));
      const fresh = images.filter((image) => !known.has(image.id));
      this.#pages.push({ cursor, count: fresh.length, images: fresh, reading: null, used: ++this.#uses });
      this.#aspects.push(...fresh.map(getAspect));
      this.#next = nextCursor ?? "";
      this.isComplete = nextCursor === null;
      this.#forgetFarPages();
      this.#tell();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * Return an image, or undefined while its page is read again.
   *
   * @param {number} index
   * @returns {Image | undefined}
   */
  get(index) {
    const found = this.#locate(index);
    if (!found) return undefined;
    const { page, offset } = found;
    page.used = ++this.#uses;
    if (!page.images) page.reading ??= this.#readAgain(page);
    return page.images?.[offset];
  }

  /** @param {Page} page */
  async #readAgain(page) {
    try {
      const query = { ...this.query, limit: page.count, cursor: page.cursor };
      const { images } = await this.api.listImages(query);
      page.images = images;
      this.#resize(page, images);
      this.#forgetFarPages();
      this.#tell();
    } catch (error) {
      this.#fail(error);
    } finally {
      page.reading = null;
    }
  }

  /** @param {string} id */
  find(id) {
    for (const page of this.#pages) {
      const image = page.images?.find((each) => each.id === id);
      if (image) return image;
    }
    return undefined;
  }

  /** @param {string} id */
  findIndex(id) {
    let start = 0;
    for (const page of this.#pages) {
      const offset = page.images?.findIndex((each) => each.id === id) ?? -1;
      if (offset >= 0) return start + offset;
      start += page.count;
    }
    return -1;
  }

  /**
   * Show a new image before all others, or an image that is there as it is now.
   *
   * @param {Image} image
   */
  put(image) {
    const index = this.findIndex(image.id);
    const found = index < 0 ? null : this.#locate(index);
    if (found?.page.images) {
      found.page.images[found.offset] = image;
      this.#aspects[index] = getAspect(image);
    } else if (this.#pages[0]?.images) {
      this.#pages[0].images.unshift(image);
      this.#pages[0].count++;
      this.#aspects.unshift(getAspect(image));
    }
    this.#tell();
  }

  /** @param {string} id */
  remove(id) {
    const index = this.findIndex(id);
    const found = index < 0 ? null : this.#locate(index);
    if (!found) return;
    found.page.images?.splice(found.offset, 1);
    found.page.count--;
    this.#aspects.splice(index, 1);
    this.#tell();
  }

  /** @param {number} index */
  #locate(index) {
    let offset = index;
    for (const page of this.#pages) {
      if (offset < page.count) return { page, offset };
      offset -= page.count;
    }
    return null;
  }

  /**
   * Other windows may have added or deleted images meanwhile.
   *
   * @param {Page} page
   * @param {Image[]} images
   */
  #resize(page, images) {
    const before = this.#pages.slice(0, this.#pages.indexOf(page));
    const start = before.reduce((sum, each) => sum + each.count, 0);
    this.#aspects.splice(start, page.count, ...images.map(getAspect));
    page.count = images.length;
  }

  /** The first page stays, because new images come before it. */
  #forgetFarPages() {
    const kept = this.#pages.filter((page) => page.images && page !== this.#pages[0]);
    kept.sort((one, other) => other.used - one.used);
    for (const page of kept.slice(MAX_PAGES)) page.images = null;
  }

  #tell() {
    if (!this.isClosed) this.dispatchEvent(new Event("change"));
  }

  /** @param {unknown} error */
  #fail(error) {
    this.error = error;
    if (!this.isClosed) this.dispatchEvent(new CustomEvent("fail", { detail: error }));
  }
}

/** @param {Image} image */
export function getAspect(image) {
  return image.width && image.height ? image.width / image.height : 1;
}
