/** Image form: change what is said of an image. Nothing that another window has written is lost without a word. */

import { ApiError } from "./api.js";
import { make, makeButton } from "./elements.js";
import { explain } from "./notices.js";
import { joinTags, splitTags } from "./tags.js";
import { say } from "./texts.js";

/** @import { Api, Image } from "./api.js" */
/** @import { TextName } from "./texts.js" */

/** @type {("description" | "tags" | "visibility" | "filename")[]} */
const FIELDS = ["description", "tags", "visibility", "filename"];

/** Fires `changed` with the image as it is after that. */
export class ImageForm extends HTMLElement {
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
    this.inputs = {
      description: make("textarea", { rows: 2, maxLength: 2000, dir: "auto" }),
      tags: make("input", { type: "text", placeholder: say("tagsHint"), "list": "known-tags", dir: "auto" }),
      visibility: make("select", {}, new Option(say("private"), "private"), new Option(say("public"), "public")),
      filename: make("input", { type: "text", maxLength: 255, required: true, dir: "auto" }),
    };
    this.said = make("div", { role: "status", className: "said" });
    const labels = FIELDS.map((field) => make("label", {}, make("span", {}, say(/** @type {TextName} */ (field))), this.inputs[field]));
    const form = make("form", {}, ...labels, make("button", { className: "main" }, say("save")), this.said);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    this.append(form);
    this.#fill(image);
  }

  /** Whether something is written here that is not saved. */
  get isChanged() {
    return Object.keys(this.#listChanges()).length > 0;
  }

  /** @param {Image} image */
  #fill(image) {
    for (const field of FIELDS) this.inputs[field].value = write(image, field);
  }

  #listChanges() {
    const changed = FIELDS.filter((field) => this.inputs[field].value !== write(this.image, field));
    return Object.fromEntries(changed.map((field) => [field, this.#read(field)]));
  }

  /** @param {typeof FIELDS[number]} field */
  #read(field) {
    const text = this.inputs[field].value;
    if (field === "tags") return splitTags(text);
    return field === "description" ? text || null : text;
  }

  async #save() {
    const changes = this.#listChanges();
    if (!Object.keys(changes).length) {
      this.said.replaceChildren(say("saved"));
      return;
    }
    try {
      const { image, etag } = await this.api.updateImage(this.image.id, changes, this.etag);
      this.#take(image, etag);
      this.said.replaceChildren(say("saved"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 412) await this.#showConflict(changes);
      else this.said.replaceChildren(explain(error));
    }
  }

  /** @param {Record<string, unknown>} changes */
  async #showConflict(changes) {
    const { image, etag } = await this.api.getImage(this.image.id);
    const theirs = FIELDS.filter((field) => field in changes && write(image, field) !== write(this.image, field));
    const others = FIELDS.filter((field) => !(field in changes));
    for (const field of others) this.inputs[field].value = write(image, field);
    [this.image, this.etag] = [image, etag];
    const facts = theirs.map((field) =>
      make("li", {}, `${say(/** @type {TextName} */ (field))}. ${say("theirs", { value: write(image, field) })}`),
    );
    this.said.replaceChildren(
      say("conflict"),
      make("ul", {}, ...facts),
      makeButton(say("keepMine"), () => this.#save()),
      " ",
      makeButton(say("takeTheirs"), () => {
        this.#take(image, etag);
        this.said.replaceChildren();
      }),
    );
  }

  /**
   * @param {Image} image
   * @param {string} etag
   */
  #take(image, etag) {
    [this.image, this.etag] = [image, etag];
    this.#fill(image);
    this.dispatchEvent(new CustomEvent("changed", { detail: image }));
  }
}

/**
 * @param {Image} image
 * @param {typeof FIELDS[number]} field
 */
function write(image, field) {
  return field === "tags" ? joinTags(image.tags) : (image[field] ?? "");
}

customElements.define("image-form", ImageForm);
