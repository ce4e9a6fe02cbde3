/** Library: the images of one listing. Far pages are forgotten and read again, so that memory does not grow. */

import { isIn, makeListQuery } from "./address.js";
import { ApiError } from "./api.js";

/** @import { View } from "./address.js" */
/** @import { Api, Image } from "./api.js" */

const PAGE_SIZE = 100;
const MAX_PAGES = 12;
const MAX_READS = 3;

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
   * @param {View} view
   */
  constructor(api, view) {
    super();
    this.api = api;
    this.view = view;
    this.query = makeListQuery(view, api.session.isNamed);
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

  /**
   * Return an image, and wait for its page if it is not in memory.
   *
   * @param {number} index
   */
  async reach(index) {
    if (index >= this.length) await this.grow();
    const image = this.get(index);
    if (image) return image;
    await this.#locate(index)?.page.reading;
    return this.get(index);
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
   * Show a new image where it belongs, or an image that is there as it is now. One that does not belong here any more goes.
   *
   * @param {Image} image
   */
  put(image) {
    if (!isIn(this.view, image, this.api.session.me?.userId ?? image.userId)) {
      this.remove(image.id);
      return;
    }
    const index = this.findIndex(image.id);
    const found = index < 0 ? null : this.#locate(index);
    if (found?.page.images) {
      found.page.images[found.offset] = image;
      this.#aspects[index] = getAspect(image);
    } else this.#insert(image);
    this.#tell();
  }

  /**
   * The newest image comes first. An image of a page that is not in memory is shown when that page is read.
   *
   * @param {Image} image
   */
  #insert(image) {
    let start = 0;
    let isAfterGap = false;
    for (const page of this.#pages) {
      const isEnd = this.isComplete && page === this.#pages.at(-1);
      let offset = page.images?.findIndex((each) => each.createdAt < image.createdAt) ?? -1;
      if (offset < 0 && isEnd) offset = page.images?.length ?? -1;
      if (page.images && offset >= 0) {
        if (offset === 0 && isAfterGap) return;
        page.images.splice(offset, 0, image);
        page.count++;
        this.#aspects.splice(start + offset, 0, getAspect(image));
        return;
      }
      isAfterGap = page.images === null;
      start += page.count;
    }
  }

  /**
   * Read images again that have changed, some at a time.
   *
   * @param {string[]} ids
   */
  async refresh(ids) {
    const waiting = [...ids];
    const readNext = async () => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await this.#refreshOne(id);
    };
    await Promise.all(Array.from({ length: MAX_READS }, readNext));
  }

  /** @param {string} id */
  async #refreshOne(id) {
    try {
      this.put((await this.api.getImage(id)).image);
    } catch (error) {
      // What cannot be read while the line is down is still there.
      if (error instanceof ApiError && error.status === 404) this.remove(id);
    }
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
