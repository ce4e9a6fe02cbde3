/** Suggestions for fields of tags: what a person's pictures are tagged with. */

import { pause } from "./api.js";
import { make } from "./elements.js";

/** @import { Api } from "./api.js" */

const LIST_ID = "known-tags";
const TYPING_MS = 150;
const MAX_SUGGESTIONS = 50;

/** The list that the fields of tags name. It follows what is typed into them. */
export class TagSuggestions {
  /** @type {AbortController | null} */
  #running = null;

  /** @param {Api} api */
  constructor(api) {
    this.list = make("datalist", { id: LIST_ID });
    this.#api = api;
    for (const name of ["focusin", "input"]) document.addEventListener(name, (event) => this.#suggest(event));
  }

  /** @type {Api} */
  #api;

  /** @param {Event} event */
  async #suggest({ target }) {
    if (!(target instanceof HTMLInputElement) || target.getAttribute("list") !== LIST_ID) return;
    this.#running?.abort();
    if (!this.#api.session.me) return;
    const { signal } = (this.#running = new AbortController());
    await pause(TYPING_MS);
    if (signal.aborted) return;
    const [, typed = "", prefix = ""] = /^(.*,\s*)?(.*)$/.exec(target.value) ?? [];
    try {
      const query = { prefix: prefix.trim(), limit: MAX_SUGGESTIONS };
      const { body } = await this.#api.call("GET", "/tags", { query, signal });
      const tags = /** @type {{name: string, count: number}[]} */ (body.tags);
      this.list.replaceChildren(
        ...tags.map(({ name, count }) => make("option", { value: `${typed}${name}`, label: `${name} (${count})` })),
      );
    } catch {
      // Without suggestions the field works as before.
    }
  }
}
