/** Selection: the images that a person has chosen. */

/** @import { Image } from "./api.js" */

/** Fires `change`. */
export class Selection extends EventTarget {
  /** @type {Map<string, Image>} */
  #images = new Map();

  get size() {
    return this.#images.size;
  }

  get images() {
    return [...this.#images.values()];
  }

  /** @param {string} id */
  has(id) {
    return this.#images.has(id);
  }

  /** @param {Image} image */
  toggle(image) {
    if (!this.#images.delete(image.id)) this.#images.set(image.id, image);
    this.#tell();
  }

  /** @param {Image[]} images */
  add(images) {
    for (const image of images) this.#images.set(image.id, image);
    this.#tell();
  }

  /**
   * Remove images as they were chosen. What has been chosen anew since then stays.
   *
   * @param {Image[]} images
   */
  remove(images) {
    for (const image of images) if (this.#images.get(image.id) === image) this.#images.delete(image.id);
    this.#tell();
  }

  clear() {
    this.#images.clear();
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
