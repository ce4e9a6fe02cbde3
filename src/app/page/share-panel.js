/** Share panel: an image as a URL or a piece of text, and links that end. */

import { make, makeButton } from "./elements.js";
import { explain } from "./notices.js";
import { say, sayTime } from "./texts.js";
import { describe } from "./tile.js";

/** @import { Api, Image } from "./api.js" */

const LIFETIMES_SECONDS = /** @type {const} */ ({ hour: 3600, day: 86_400, week: 604_800 });

/** What others can be given. */
export class SharePanel extends HTMLElement {
  /**
   * @param {Api} api
   * @param {Image} image
   * @param {boolean} isOwn
   */
  constructor(api, image, isOwn) {
    super();
    this.api = api;
    this.image = image;
    this.said = make("div", { role: "status", className: "said" });
    this.url = findPublicUrl(image);
    this.lifetime = make("select", { "aria-label": say("shareFor") });
    for (const [name, seconds] of Object.entries(LIFETIMES_SECONDS)) {
      this.lifetime.append(new Option(say(/** @type {keyof typeof LIFETIMES_SECONDS} */ (name)), String(seconds)));
    }
    this.copies = make("div", { className: "actions" });
    this.append(make("h3", {}, say("share")), this.copies);
    if (isOwn) {
      this.append(
        make("label", {}, make("span", {}, say("shareFor")), this.lifetime),
        make("div", { className: "actions" }, makeButton(say("makeLink"), () => this.#makeLink()), makeButton(say("revokeLinks"), () => this.#revoke())),
      );
    }
    this.append(this.said);
    this.#showCopies();
  }

  /** @param {Image} image as it is after a change */
  update(image) {
    const isOther = image.visibility !== this.image.visibility;
    this.image = image;
    if (isOther) this.url = findPublicUrl(image);
    this.#showCopies();
  }

  #showCopies() {
    if (!this.url) {
      this.copies.replaceChildren(say("copyPrivate"));
      return;
    }
    const name = describe(this.image);
    const texts = /** @type {const} */ ([
      ["copyUrl", this.url],
      ["copyMarkdown", `![${name.replace(/[[\]\\]/g, "\\$&")}](${this.url})`],
      ["copyHtml", makeHtml(this.url, name)],
    ]);
    const buttons = texts.map(([word, text]) => makeButton(say(word), () => this.#copy(text)));
    this.copies.replaceChildren(`${say("copy")}: `, ...buttons);
  }

  /** @param {string} text */
  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      this.said.replaceChildren(say("copied"));
    } catch {
      this.said.replaceChildren(make("label", {}, say("copyByHand"), make("input", { readOnly: true, value: text })));
    }
  }

  async #makeLink() {
    try {
      const json = { rendition: "large", expiresIn: Number(this.lifetime.value) };
      const { body } = await this.api.call("POST", `/images/${this.image.id}/links`, { json });
      this.url = body.url;
      this.#showCopies();
      const shown = make("input", { readOnly: true, value: body.url, "aria-label": say("copyUrl") });
      this.said.replaceChildren(say("linkMade", { time: sayTime(body.expiresAt) }), shown);
    } catch (error) {
      this.said.replaceChildren(explain(error));
    }
  }

  async #revoke() {
    try {
      await this.api.call("DELETE", `/images/${this.image.id}/links`);
      this.url = findPublicUrl(this.image);
      this.#showCopies();
      this.said.replaceChildren(say("linksRevoked"));
    } catch (error) {
      this.said.replaceChildren(explain(error));
    }
  }
}

/** @param {Image} image */
function findPublicUrl(image) {
  return image.visibility === "public" ? (image.renditions["large"]?.url ?? "") : "";
}

/**
 * @param {string} url
 * @param {string} name
 */
function makeHtml(url, name) {
  const picture = document.createElement("img");
  picture.setAttribute("src", url);
  picture.alt = name;
  return picture.outerHTML;
}

customElements.define("share-panel", SharePanel);
