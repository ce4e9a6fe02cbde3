/** Light box: one picture, as large as the window, with what is said of it and what can be done with it. */

import { pause } from "./api.js";
import { make, makeButton, makeIconButton, selectNodes } from "./elements.js";
import { makeFacts } from "./facts.js";
import { ImageActions } from "./image-actions.js";
import { ImageForm } from "./image-form.js";
import { explain } from "./notices.js";
import { SharePanel } from "./share-panel.js";
import { say } from "./texts.js";
import { describe, makeSourceSet } from "./tile.js";
import { drawThumbHash } from "./thumbhash.js";

/** @import { Api, Image } from "./api.js" */

const SWIPE_PX = 60;
const FIRST_LOOK_MS = 1000;
const MAX_LOOK_MS = 15_000;
const MEND_MS = 3000;

/**
 * Fires `move` with -1 or 1, `closed`, `changed` with an image, `remove` with the id of an image, `unsaved` with an image
 * whose form was left with changes, `resumed` with its id when it is there again, and `told` with what became of an image
 * that is not shown any more.
 */
export class LightBox extends HTMLElement {
  /** @type {Image | null} */
  image = null;
  /** @type {ImageForm | null} */
  #form = null;
  /** @type {Map<string, ImageForm>} those that were left with changes */
  #unsaved = new Map();
  /** @type {SharePanel | null} */
  #share = null;
  /** @type {Set<ImageActions>} of the image that is shown, and those that are not over yet */
  #actions = new Set();
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
    this.heading = make("bdi");
    this.info = makeButton(say("details"), () => this.#toggleDetails(), { icon: "info", "aria-expanded": "false" });
    this.previous = makeIconButton("previous", say("previous"), () => this.#move(-1), { className: "step previous" });
    this.next = makeIconButton("next", say("next"), () => this.#move(1), { className: "step next" });
    this.dialog = make(
      "dialog",
      { className: "light-box" },
      make(
        "div",
        { className: "bar" },
        makeIconButton("close", say("close"), () => this.dialog.close()),
        this.info,
      ),
      this.previous,
      this.next,
      this.picture,
      this.details,
    );
    this.append(this.dialog);
    this.dialog.addEventListener("close", () => this.dispatchEvent(new Event("closed")));
    this.dialog.addEventListener("keydown", (event) => this.#press(event));
    this.picture.addEventListener("pointerdown", (event) => (this.#swipeStart = event.isPrimary ? event.clientX : NaN));
    this.picture.addEventListener("pointerup", (event) => this.#swipe(event.clientX - this.#swipeStart));
  }

  /**
   * @param {string} id
   * @param {Image} [known] the image as a listing has it: its picture is shown while the details are on their way
   */
  async show(id, known) {
    if (!this.dialog.open) this.dialog.showModal();
    if (this.#wanted === id) return;
    this.#putAside();
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

  /**
   * @param {boolean} hasPrevious
   * @param {boolean} hasNext
   */
  bound(hasPrevious, hasNext) {
    this.previous.ariaDisabled = String(!hasPrevious);
    this.next.ariaDisabled = String(!hasNext);
  }

  hide() {
    this.#putAside();
    this.image = null;
    this.#wanted = "";
    if (this.dialog.open) this.dialog.close();
  }

  /** Whether closing the page would lose something: a change that is not saved, or a file on its way. */
  get isBusy() {
    const isSending = [...this.#actions].some((actions) => actions.isSending);
    return isSending || this.#unsaved.size > 0 || this.#form?.isChanged === true;
  }

  /** Keep a form with changes that are not saved, until its image is shown again. */
  #putAside() {
    const form = this.#form;
    this.#form = null;
    if (!form?.isChanged) return;
    form.said.replaceChildren(say("notSaved"));
    this.#unsaved.set(form.image.id, form);
    this.dispatchEvent(new CustomEvent("unsaved", { detail: form.image }));
  }

  /**
   * @param {Image} image
   * @param {string} etag
   */
  #makeForm(image, etag) {
    const form = new ImageForm(this.api, image, etag);
    form.addEventListener("changed", (event) => {
      const { detail } = /** @type {CustomEvent<{image: Image, etag: string}>} */ (event);
      this.dispatchEvent(new CustomEvent("changed", { detail: detail.image }));
      if (this.#form !== form) {
        if (!form.isChanged) this.#unsaved.delete(image.id);
        return;
      }
      this.image = detail.image;
      for (const actions of this.#actions) if (actions.image.id === image.id) actions.update(detail.image, detail.etag);
      this.heading.replaceChildren(describe(detail.image));
      this.#share?.update(detail.image);
      this.#showPicture(detail.image);
    });
    return form;
  }

  /**
   * @param {Image} image
   * @param {string} etag
   */
  #render(image, etag) {
    this.image = image;
    const isOwn = this.api.session.owns(image);
    const isEditable = isOwn && !image.trashedAt;
    const kept = this.#unsaved.get(image.id) ?? (this.#form?.isChanged ? this.#form : null);
    if (isEditable && this.#unsaved.delete(image.id)) this.dispatchEvent(new CustomEvent("resumed", { detail: image.id }));
    this.#form = isEditable ? (kept ?? this.#makeForm(image, etag)) : null;
    this.#share = image.status === "ready" && !image.trashedAt ? new SharePanel(this.api, image, isOwn) : null;
    this.#showPicture(image);
    this.heading.replaceChildren(describe(image));
    const parts = [this.#form, this.#share, isOwn && this.#provideActions(image, etag)];
    this.details.replaceChildren(make("h2", {}, this.heading), makeFacts(image, { isOwn, hasForm: isEditable }), ...selectNodes(parts));
    if (isUnfinished(image)) this.#watch(image, FIRST_LOOK_MS);
  }

  /**
   * Those that a file is on its way for stay, and tell how far it is.
   *
   * @param {Image} image
   * @param {string} etag
   */
  #provideActions(image, etag) {
    const known = [...this.#actions].find((actions) => actions.image.id === image.id && !actions.image.trashedAt === !image.trashedAt);
    for (const actions of this.#actions) if (!actions.isSending && actions !== known) this.#actions.delete(actions);
    known?.update(image, etag);
    if (known) return known;
    const actions = new ImageActions(this.api, image, etag);
    this.#actions.add(actions);
    actions.addEventListener("ended", () => this.#end(image.id));
    actions.addEventListener("found", (event) => this.#take(/** @type {CustomEvent} */ (event).detail));
    actions.addEventListener("told", (event) => this.dispatchEvent(new CustomEvent("told", { detail: /** @type {CustomEvent} */ (event).detail })));
    return actions;
  }

  /** @param {string} id of an image that is in the list no longer */
  #end(id) {
    if (this.#wanted === id) {
      this.#form = null; // what is written there belongs to nothing any more
      this.dialog.close();
    }
    this.dispatchEvent(new CustomEvent("remove", { detail: id }));
  }

  /** @param {{image: Image, etag: string}} found */
  #take({ image, etag }) {
    if (this.#wanted === image.id) this.#render(image, etag);
    this.dispatchEvent(new CustomEvent("changed", { detail: image }));
  }

  /**
   * Look again at an image that is being prepared, as long as it is shown.
   *
   * @param {Image} image
   * @param {number} pauseMs
   */
  async #watch(image, pauseMs) {
    await pause(pauseMs);
    if (this.image !== image) return;
    const found = await this.api.getImage(image.id).catch(() => null);
    if (this.image !== image) return;
    if (!found || isUnfinished(found.image)) {
      this.#watch(image, Math.min(MAX_LOOK_MS, pauseMs * 1.5));
      return;
    }
    this.#take(found);
  }

  /** @param {Image} image */
  #showPicture(image) {
    this.dialog.setAttribute("aria-label", describe(image));
    const shown = `${image.id} ${image.revision} ${image.status}`;
    const here = this.picture.querySelector("img");
    if (here) here.alt = describe(image);
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
    picture.addEventListener("error", () => this.#mend(image), { once: true });
    this.picture.replaceChildren(picture);
  }

  /**
   * The URL of a private picture may have ended, or the line is down: ask for it again, as long as it is shown.
   *
   * @param {Image} image whose picture did not come
   */
  async #mend(image) {
    if (image.id !== this.#wanted) return;
    this.#shown = "";
    if (this.image === image) this.picture.replaceChildren(make("p", { className: "message" }, say("broken")));
    else if (this.image) this.#showPicture(this.image);
    await pause(MEND_MS);
    const found = this.#shown ? null : await this.api.getImage(image.id).catch(() => null);
    if (image.id === this.#wanted && !this.#shown) this.#showPicture(found?.image ?? image);
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
    const isZoomed = (window.visualViewport?.scale ?? 1) > 1; // fingers move the picture
    if (isZoomed || !(Math.abs(distance) >= SWIPE_PX)) return;
    const isBackwards = document.documentElement.dir === "rtl";
    this.#move(distance > 0 === isBackwards ? 1 : -1);
  }
}

/** @param {Image} image */
function isUnfinished(image) {
  return image.status === "pending" || image.status === "processing";
}

customElements.define("light-box", LightBox);
