/** Selection bar: what can be done with the images that a person has chosen. */

import { reverse, runBatch } from "./batch.js";
import { make, makeButton, makeIconButton } from "./elements.js";
import { explain } from "./notices.js";
import { splitTags } from "./tags.js";
import { say } from "./texts.js";

/** @import { Action, Report } from "./batch.js" */
/** @import { Api, Image } from "./api.js" */
/** @import { Notices } from "./notices.js" */
/** @import { Selection } from "./selection.js" */

/**
 * Fires `changed` with the ids of images that have changed, `moved` with the ids of those that are in the trash, out of it
 * or gone, and `all` to select all.
 */
export class SelectionBar extends HTMLElement {
  #isRunning = false;

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
    if (this.#isRunning) return;
    const images = this.selection.images;
    this.#mark(true);
    const report = await runBatch(this.api, images, action);
    this.#mark(false);
    this.selection.remove(report.done);
    const back = reverse(action, report.done);
    this.#report(say("didSome", { count: report.done.length }), report, back.length ? () => this.#undo(back) : null);
    this.#tell(report, action);
  }

  /** @param {boolean} isRunning */
  #mark(isRunning) {
    this.#isRunning = isRunning;
    this.actions.classList.toggle("running", isRunning);
    this.actions.ariaBusy = String(isRunning);
  }

  /**
   * @param {string} text of what is done
   * @param {Report} report
   * @param {(() => void) | null} undo
   */
  #report(text, { done, failed }, undo) {
    const reasons = failed.map(({ image, error }) => make("li", {}, make("bdi", {}, image.filename), `: ${explain(error)}`));
    const said = make(
      "div",
      {},
      done.length > 0 && text,
      failed.length > 0 && ` ${say("didNot", { count: failed.length })}`,
      failed.length > 0 && make("ul", {}, ...reasons),
    );
    this.notices.add(said, undo ? { text: say("undo"), run: undo } : undefined, failed.length > 0);
  }

  /** @param {{images: Image[], action: Action}[]} back */
  async #undo(back) {
    /** @type {Report} */
    const all = { done: [], failed: [] };
    for (const { images, action } of back) {
      const report = await runBatch(this.api, images, action);
      all.done.push(...report.done);
      all.failed.push(...report.failed);
      this.#tell(report, action);
    }
    this.#report(say("undone"), all, null);
  }

  /**
   * @param {Report} report
   * @param {Action} action
   */
  #tell({ done, failed }, { action }) {
    const [moved, changed] = [listIds(done), listIds(failed.map(({ image }) => image))];
    if (action === "update") changed.push(...moved);
    else this.dispatchEvent(new CustomEvent("moved", { detail: { ids: moved, isTrash: action === "delete" ? null : action === "trash" } }));
    this.dispatchEvent(new CustomEvent("changed", { detail: changed }));
  }
}

/** @param {Image[]} images */
function listIds(images) {
  return images.map((image) => image.id);
}

customElements.define("selection-bar", SelectionBar);
