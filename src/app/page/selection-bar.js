/** Selection bar: what can be done with the images that a person has chosen. */

import { reverse, runBatch } from "./batch.js";
import { make, makeButton, makeIconButton } from "./elements.js";
import { splitTags } from "./tags.js";
import { say } from "./texts.js";

/** @import { Action, Report } from "./batch.js" */
/** @import { Api, Image } from "./api.js" */
/** @import { Notices } from "./notices.js" */
/** @import { Selection } from "./selection.js" */

/** Fires `changed` with the ids of images that have changed, and `all` to select all. */
export class SelectionBar extends HTMLElement {
  /**
   * @param {Api} api
   * @param {Selection} selection
   * @param {Notices} notices
   */
  constructor(api, selection, notices) {
    super();
    this.api = api;
    this.selection = selection;
    this.notices = notices;
    this.isTrash = false;
    this.count = make("strong", { role: "status" });
    this.actions = make("div", { className: "actions" });
    this.tags = make("input", { type: "text", placeholder: say("tagsHint"), "aria-label": say("tags"), "list": "known-tags" });
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", say("selection"));
    this.append(
      makeIconButton("close", say("clearSelection"), () => selection.clear()),
      this.count,
      makeIconButton("all", say("selectAll"), () => this.dispatchEvent(new Event("all"))),
      this.actions,
    );
    selection.addEventListener("change", () => this.#show());
    this.#show();
  }

  /** @param {boolean} isTrash */
  use(isTrash) {
    this.isTrash = isTrash;
    this.#show();
  }

  #show() {
    this.hidden = this.selection.size === 0;
    this.count.textContent = say("selected", { count: this.selection.size });
    if (this.actions.dataset["isTrash"] === String(this.isTrash)) return;
    this.actions.dataset["isTrash"] = String(this.isTrash);
    this.actions.replaceChildren(...(this.isTrash ? this.#makeTrashButtons() : this.#makeButtons()));
  }

  #makeButtons() {
    return [
      make("div", { className: "tagging" }, this.tags, makeButton(say("tag"), () => this.#runTags("addTags"), { icon: "tag" }), makeButton(say("untag"), () => this.#runTags("removeTags"), { icon: "untag" })),
      makeButton(say("publish"), () => this.#run({ action: "update", update: { visibility: "public" } }), { icon: "public" }),
      makeButton(say("hide"), () => this.#run({ action: "update", update: { visibility: "private" } }), { icon: "private" }),
      makeButton(say("trash"), () => this.#run({ action: "trash" }), { icon: "trash" }),
    ];
  }

  #makeTrashButtons() {
    return [
      makeButton(say("restore"), () => this.#run({ action: "restore" }), { icon: "restore" }),
      makeButton(say("delete"), () => {
        if (confirm(say("deleteSure", { count: this.selection.size }))) this.#run({ action: "delete" });
      }, { icon: "trash" }),
    ];
  }

  /** @param {"addTags" | "removeTags"} field */
  #runTags(field) {
    const tags = splitTags(this.tags.value);
    if (!tags.length) this.tags.focus();
    else this.#run({ action: "update", update: { [field]: tags } });
  }

  /** @param {Action} action */
  async #run(action) {
    const images = this.selection.images;
    try {
      const report = await runBatch(this.api, images, action);
      this.selection.remove(images);
      this.#report(report, action);
    } catch (error) {
      this.notices.addError(error);
    }
    this.#tell(images);
  }

  /**
   * @param {Report} report
   * @param {Action} action
   */
  #report({ done, failed }, action) {
    const reasons = failed.map(({ image, reason }) => make("li", {}, make("bdi", {}, image.filename), `: ${reason}`));
    const said = make(
      "div",
      {},
      done.length > 0 && say("didSome", { count: done.length }),
      failed.length > 0 && ` ${say("didNot", { count: failed.length })}`,
      failed.length > 0 && make("ul", {}, ...reasons),
    );
    const back = reverse(action, done);
    this.notices.add(said, back.length ? { text: say("undo"), run: () => this.#undo(back) } : undefined);
  }

  /** @param {{images: Image[], action: Action}[]} back */
  async #undo(back) {
    try {
      for (const { images, action } of back) await runBatch(this.api, images, action);
      this.notices.add(say("undone"));
    } catch (error) {
      this.notices.addError(error);
    }
    this.#tell(back.flatMap(({ images }) => images));
  }

  /** @param {Image[]} images */
  #tell(images) {
    this.dispatchEvent(new CustomEvent("changed", { detail: images.map((image) => image.id) }));
  }
}

customElements.define("selection-bar", SelectionBar);
