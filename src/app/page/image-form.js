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
const MAX_TRIES = 3;

/** Fires `changed` with the image as it is after that, and its ETag. */
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
    for (const field of FIELDS) this.inputs[field].value = write(image, field);
  }

  /** Whether something is written here that is not saved. */
  get isChanged() {
    return Object.keys(this.#listChanges()).length > 0;
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
    this.said.replaceChildren(say("saving"));
    try {
      for (let tries = 1; this.isChanged; tries++) {
        const theirs = await this.#send(tries === MAX_TRIES);
        if (theirs?.length) {
          this.#showConflict(theirs);
          return;
        }
        if (!theirs) break;
      }
      this.said.replaceChildren(say("saved"));
    } catch (error) {
      this.said.replaceChildren(explain(error));
    }
  }

  /**
   * Save what is changed. If the image has changed as well, take what it is now where nothing is written here.
   *
   * @param {boolean} isLast whether nobody tries it again
   * @returns {Promise<typeof FIELDS | null>} null if it is saved, or the fields that somebody else has changed as well
   */
  async #send(isLast) {
    const changes = this.#listChanges();
    const texts = FIELDS.map((field) => this.inputs[field].value);
    try {
      const { image, etag } = await this.api.updateImage(this.image.id, changes, this.etag);
      // Whoever types goes on while it is on its way.
      this.#take(image, etag, FIELDS.filter((field, index) => this.inputs[field].value === texts[index]));
      return null;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412 || isLast) throw error;
    }
    const { image, etag } = await this.api.getImage(this.image.id);
    const theirs = FIELDS.filter((field) => field in changes && write(image, field) !== write(this.image, field));
    const own = Object.keys(this.#listChanges());
    this.#take(image, etag, FIELDS.filter((field) => !own.includes(field)));
    return theirs;
  }

  /** @param {typeof FIELDS} theirs */
  #showConflict(theirs) {
    const { image, etag } = this;
    const facts = theirs.map((field) =>
      make("li", {}, `${say(/** @type {TextName} */ (field))}. ${say("theirs", { value: write(image, field) })}`),
    );
    this.said.replaceChildren(
      say("conflict"),
      make("ul", {}, ...facts),
      makeButton(say("keepMine"), () => this.#save()),
      " ",
      makeButton(say("takeTheirs"), () => {
        this.#take(image, etag, FIELDS);
        this.said.replaceChildren();
      }),
    );
  }

  /**
   * @param {Image} image
   * @param {string} etag
   * @param {typeof FIELDS} filled the fields that show what the image has
   */
  #take(image, etag, filled) {
    [this.image, this.etag] = [image, etag];
    for (const field of filled) this.inputs[field].value = write(image, field);
    this.dispatchEvent(new CustomEvent("changed", { detail: { image, etag } }));
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
