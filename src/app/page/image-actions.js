/** Image actions: what can be done with one image as a whole. */

import { ApiError, makeKey } from "./api.js";
import { make, makeButton } from "./elements.js";
import { explain } from "./notices.js";
import { awaitReplacement, sendReplacement } from "./replacement.js";
import { say } from "./texts.js";

/** @import { Api, Image } from "./api.js" */

/**
 * Fires `ended` when the image has left the list, `found` with the image as it is now and its ETag, and `told` with what
 * became of it, if the person looks at something else by then.
 */
export class ImageActions extends HTMLElement {
  /** Whether a file is on its way. */
  isSending = false;

  /**
   * @param {Api} api
   * @param {Image} image
   * @param {string} etag
   */
  constructor(api, image, etag) {
    super();
    this.api = api;
    this.image = image;
    this.etag = etag;
    this.said = make("div", { role: "status", className: "said" });
    this.chooser = make("input", { type: "file", accept: "image/*", hidden: true });
    this.chooser.addEventListener("change", () => this.#replace());
    const buttons = image.trashedAt ? this.#makeTrashButtons() : this.#makeButtons();
    this.append(make("div", { className: "actions" }, ...buttons), this.chooser, this.said);
  }

  /**
   * @param {Image} image as it is after a change
   * @param {string} etag
   */
  update(image, etag) {
    [this.image, this.etag] = [image, etag];
  }

  #makeButtons() {
    return [
      makeButton(say("download"), () => this.#run(() => this.#download()), { icon: "download" }),
      makeButton(say("replace"), () => this.chooser.click(), { icon: "replace" }),
      makeButton(say("trash"), () => this.#run(() => this.#end("POST", "/trash")), { icon: "trash" }),
    ];
  }

  #makeTrashButtons() {
    const remove = () => confirm(say("deleteSure", { count: 1 })) && this.#run(() => this.#end("DELETE", ""));
    return [
      makeButton(say("restore"), () => this.#run(() => this.#end("POST", "/restore")), { icon: "restore" }),
      makeButton(say("delete"), remove, { icon: "trash" }),
    ];
  }

  /** @param {() => Promise<void>} work */
  async #run(work) {
    try {
      await work();
    } catch (error) {
      this.#tell(explain(error));
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   */
  async #end(method, path) {
    /** @type {Record<string, string>} */
    const headers = method === "POST" ? { "Idempotency-Key": makeKey() } : {};
    await this.api.call(method, `/images/${this.image.id}${path}`, { headers });
    this.dispatchEvent(new Event("ended"));
  }

  async #download() {
    const json = { rendition: "original", download: true };
    const { body } = await this.api.call("POST", `/images/${this.image.id}/links`, { json });
    make("a", { href: body.url, download: "" }).click();
  }

  async #replace() {
    const file = this.chooser.files?.[0];
    if (!file || this.isSending) return;
    this.chooser.value = "";
    const stopper = new AbortController();
    const bar = make("progress", { max: 1, value: 0, "aria-label": file.name });
    this.said.replaceChildren(say("uploading"), bar, makeButton(say("cancel"), () => stopper.abort()));
    const parcel = { file, signal: stopper.signal, tell: (/** @type {number} */ share) => (bar.value = share) };
    this.isSending = true;
    try {
      await sendReplacement(this.api, this.image.id, parcel, this.etag);
      this.said.replaceChildren(say("replacing"), make("progress", { "aria-label": say("preparing") }));
    } catch (error) {
      await this.#explainFailure(error, stopper.signal.aborted);
      return;
    } finally {
      this.isSending = false;
    }
    await this.#run(() => this.#awaitReplacement());
  }

  async #awaitReplacement() {
    const found = await awaitReplacement(this.api, this.image.id);
    if (!found) return;
    const { replacement } = found.image;
    this.dispatchEvent(new CustomEvent("found", { detail: found }));
    this.#tell(replacement ? say("replaceRejected", { reason: replacement.statusReason ?? "" }) : say("replaced"));
  }

  /**
   * @param {unknown} error
   * @param {boolean} isCancelled
   */
  async #explainFailure(error, isCancelled) {
    const isConflict = error instanceof ApiError && error.status === 412;
    const found = isConflict && (await this.api.getImage(this.image.id).catch(() => null));
    if (found) this.dispatchEvent(new CustomEvent("found", { detail: found }));
    this.#tell(isCancelled ? say("cancelled") : isConflict ? say("replaceConflict") : explain(error));
  }

  /** @param {string} text */
  #tell(text) {
    if (this.isConnected) this.said.replaceChildren(text);
    else this.dispatchEvent(new CustomEvent("told", { detail: text }));
  }
}

customElements.define("image-actions", ImageActions);
