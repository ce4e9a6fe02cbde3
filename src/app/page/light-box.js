/** Light box: one picture, as large as the window, with what is said of it and what can be done with it. */

import { make, makeButton, makeIconButton } from "./elements.js";
import { makeKey } from "./api.js";
import { ImageForm } from "./image-form.js";
import { explain } from "./notices.js";
import { awaitReplacement, sendReplacement } from "./replacement.js";
import { SharePanel } from "./share-panel.js";
import { say, sayBytes, sayTime } from "./texts.js";
import { describe, makeSourceSet } from "./tile.js";
import { drawThumbHash } from "./thumbhash.js";

/** @import { Api, Image } from "./api.js" */

const SWIPE_PX = 60;

/** Fires `move` with -1 or 1, `closed`, `changed` with an image, and `remove` with the id of an image. */
export class LightBox extends HTMLElement {
  /** @type {Image | null} */
  image = null;
  /** @type {ImageForm | null} */
  #form = null;
  #swipeStart = 0;
  /** The id of the image that was asked for last: an answer for another one comes too late. */
  #wanted = "";
  /** The image and the version whose picture is shown. */
  #shown = "";

  /** @param {Api} api */
  constructor(api) {
    super();
    this.api = api;
    this.picture = make("div", { className: "stage" });
    this.details = make("aside", { className: "details", "aria-label": say("details") });
    this.said = make("div", { role: "status", className: "said" });
    this.chooser = make("input", { type: "file", accept: "image/*", hidden: true });
    this.chooser.addEventListener("change", () => this.#replace());
    this.info = makeButton(say("details"), () => this.#toggleDetails(), { icon: "info", "aria-expanded": "false" });
    this.dialog = make(
      "dialog",
      { className: "light-box" },
      make(
        "div",
        { className: "bar" },
        makeIconButton("close", say("close"), () => this.dialog.close()),
        this.info,
      ),
      makeIconButton("previous", say("previous"), () => this.#move(-1), { className: "step previous" }),
      makeIconButton("next", say("next"), () => this.#move(1), { className: "step next" }),
      this.picture,
      this.details,
      this.chooser,
    );
    this.append(this.dialog);
    this.dialog.addEventListener("close", () => this.dispatchEvent(new Event("closed")));
    this.dialog.addEventListener("keydown", (event) => this.#press(event));
    this.picture.addEventListener("pointerdown", (event) => (this.#swipeStart = event.clientX));
    this.picture.addEventListener("pointerup", (event) => this.#swipe(event.clientX - this.#swipeStart));
  }

  /**
   * @param {string} id
   * @param {Image} [known] the image as a listing has it: its picture is shown while the details are on their way
   */
  async show(id, known) {
    if (!this.dialog.open) this.dialog.showModal();
    if (this.#wanted === id) return;
    this.#wanted = id;
    this.image = null;
    this.#shown = "";
    this.picture.replaceChildren(make("p", { className: "message" }, say("loading")));
    this.details.replaceChildren();
    if (known) this.#showPicture(known);
    try {
      const { image, etag } = await this.api.getImage(id);
      if (this.#wanted === id) this.#render(image, etag);
    } catch (error) {
      if (this.#wanted !== id) return;
      this.#shown = "";
      this.picture.replaceChildren(make("p", { className: "message" }, explain(error)));
    }
  }

  hide() {
    this.image = null;
    this.#wanted = "";
    if (this.dialog.open) this.dialog.close();
  }

  /**
   * @param {Image} image
   * @param {string} etag
   */
  #render(image, etag) {
    this.image = image;
    const isOwn = this.api.session.owns(image);
    this.#showPicture(image);
    this.#form = isOwn && !image.trashedAt ? new ImageForm(this.api, image, etag) : null;
    this.#form?.addEventListener("changed", (event) => {
      this.image = /** @type {CustomEvent} */ (event).detail;
      this.dispatchEvent(new CustomEvent("changed", { detail: this.image }));
    });
    this.said.replaceChildren();
    const heading = make("h2", {}, make("bdi", {}, describe(image)));
    const facts = this.#makeFacts(image, isOwn);
    const share = image.status === "ready" && !image.trashedAt && new SharePanel(this.api, image, isOwn);
    this.details.replaceChildren(heading, facts, ...[this.#form, share].filter((part) => part instanceof HTMLElement));
    if (isOwn) this.details.append(this.#makeActions(image));
    this.details.append(this.said);
  }

  /** @param {Image} image */
  #showPicture(image) {
    this.dialog.setAttribute("aria-label", describe(image));
    const shown = `${image.id} ${image.version} ${image.status}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    const large = image.renditions["animation"] ?? image.renditions["large"];
    if (!large) {
      this.picture.replaceChildren(make("p", { className: "message" }, image.statusReason ?? say("processing")));
      return;
    }
    const picture = make("img", { alt: describe(image), draggable: false, className: "shown" });
    if (image.renditions["animation"]) picture.src = large.url;
    else {
      picture.sizes = "100vw";
      picture.srcset = makeSourceSet(image);
      picture.src = large.url;
    }
    if (image.width && image.height) picture.style.aspectRatio = `${image.width} / ${image.height}`;
    if (image.placeholder) picture.style.backgroundImage = `url(${drawThumbHash(image.placeholder.thumbhash)})`;
    picture.addEventListener("load", () => (picture.style.backgroundImage = "none"), { once: true });
    this.picture.replaceChildren(picture);
  }

  /**
   * @param {Image} image
   * @param {boolean} isOwn
   */
  #makeFacts(image, isOwn) {
    const exif = image.exif ?? {};
    const known = /** @type {const} */ ([
      ["pixels", image.width && `${image.width} × ${image.height}`],
      ["size", image.size && sayBytes(image.size)],
      ["uploadedAt", sayTime(image.createdAt)],
      ["takenAt", exif["takenAt"] && `${exif["takenAt"]}`.replace("T", " ")],
      ["camera", exif["camera"]],
      ["lens", exif["lens"]],
      ["owner", !isOwn && image.userId],
      ["description", !this.#form && image.description],
      ["tags", !isOwn && image.tags.join(", ")],
    ]);
    const rows = known
      .filter(([, value]) => value)
      .map(([name, value]) => make("div", {}, make("dt", {}, say(name)), make("dd", {}, make("bdi", {}, String(value)))));
    return make("dl", { className: "facts" }, ...rows);
  }

  /** @param {Image} image */
  #makeActions(image) {
    const { id } = image;
    const run = (/** @type {() => Promise<void>} */ work) => () => {
      work().catch((error) => this.said.replaceChildren(explain(error)));
    };
    const buttons = image.trashedAt
      ? [
          makeButton(say("restore"), run(() => this.#end("POST", `/images/${id}/restore`)), { icon: "restore" }),
          makeButton(say("delete"), run(async () => {
            if (confirm(say("deleteSure", { count: 1 }))) await this.#end("DELETE", `/images/${id}`);
          }), { icon: "trash" }),
        ]
      : [
          makeButton(say("download"), run(() => this.#download()), { icon: "download" }),
          makeButton(say("replace"), () => this.chooser.click(), { icon: "replace" }),
          makeButton(say("trash"), run(() => this.#end("POST", `/images/${id}/trash`)), { icon: "trash" }),
        ];
    return make("div", { className: "actions" }, ...buttons);
  }

  /**
   * @param {string} method
   * @param {string} path
   */
  async #end(method, path) {
    const id = this.image?.id;
    await this.api.call(method, path, { headers: method === "POST" ? { "Idempotency-Key": makeKey() } : {} });
    this.dialog.close();
    this.dispatchEvent(new CustomEvent("remove", { detail: id }));
  }

  async #download() {
    const { body } = await this.api.call("POST", `/images/${this.image?.id}/links`, {
      json: { rendition: "original", download: true },
    });
    make("a", { href: body.url, download: "" }).click();
  }

  async #replace() {
    const file = this.chooser.files?.[0];
    const id = this.image?.id;
    if (!file || !id) return;
    this.chooser.value = "";
    const stopper = new AbortController();
    const bar = make("progress", { max: 1, value: 0, "aria-label": file.name });
    const tell = (/** @type {number} */ share) => (bar.value = share);
    this.said.replaceChildren(say("uploading"), bar, makeButton(say("cancel"), () => stopper.abort()));
    try {
      await sendReplacement(this.api, id, { file, signal: stopper.signal, tell });
      this.said.replaceChildren(say("replacing"), make("progress", { "aria-label": say("preparing") }));
      const found = await awaitReplacement(this.api, id, () => this.image?.id === id);
      if (!found) return;
      const { image, etag } = found;
      this.#render(image, etag);
      this.said.replaceChildren(
        image.replacement ? say("replaceRejected", { reason: image.replacement.statusReason ?? "" }) : say("replaced"),
      );
      this.dispatchEvent(new CustomEvent("changed", { detail: image }));
    } catch (error) {
      this.said.replaceChildren(stopper.signal.aborted ? say("cancelled") : explain(error));
    }
  }

  #toggleDetails() {
    const isShown = this.dialog.classList.toggle("with-details");
    this.info.setAttribute("aria-expanded", String(isShown));
  }

  /** @param {-1 | 1} step */
  #move(step) {
    this.dispatchEvent(new CustomEvent("move", { detail: step }));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.matches("input, textarea, select")) return;
    const isBackwards = document.documentElement.dir === "rtl";
    if (event.key === "ArrowLeft") this.#move(isBackwards ? 1 : -1);
    else if (event.key === "ArrowRight") this.#move(isBackwards ? -1 : 1);
  }

  /** @param {number} distance */
  #swipe(distance) {
    if (Math.abs(distance) < SWIPE_PX) return;
    const isBackwards = document.documentElement.dir === "rtl";
    this.#move(distance > 0 === isBackwards ? 1 : -1);
  }
}

customElements.define("light-box", LightBox);
