/** Upload panel: choose files, decide who may see them, and see how far each is. */

import { make, makeButton, makeSignButton } from "./elements.js";
import { listFiles } from "./files.js";
import { joinTags, splitTags } from "./tags.js";
import { say } from "./texts.js";

/** @import { State, Upload, UploadQueue } from "./upload-queue.js" */

/** @type {Record<State, import("./texts.js").TextName>} */
const STATE_TEXTS = {
  waiting: "waiting",
  hashing: "hashing",
  uploading: "uploading",
  paused: "paused",
  offline: "offline",
  preparing: "preparing",
  duplicate: "duplicate",
  ready: "ready",
  refused: "refused",
  broken: "broken",
  cancelled: "cancelled",
};

/** The form and the list of files. */
export class UploadPanel extends HTMLElement {
  /** @type {Map<Upload, HTMLLIElement>} */
  #rows = new Map();

  /** @param {UploadQueue} queue */
  constructor(queue) {
    super();
    this.queue = queue;
    this.visibility = make("select", { id: "visibility" });
    for (const name of /** @type {const} */ (["private", "public"])) this.visibility.append(new Option(say(name), name));
    this.tags = make("input", { id: "tags", type: "text", placeholder: say("tagsHint"), "list": "known-tags" });
    this.files = this.#makeInput({});
    this.folder = this.#makeInput({ webkitdirectory: true });
    this.summary = make("p", { role: "status", className: "summary" });
    this.list = make("ul", { className: "uploads", "aria-label": say("uploads") });
    this.controls = make(
      "div",
      { className: "actions" },
      makeButton(say("pauseAll"), () => queue.uploads.forEach((upload) => queue.pause(upload))),
      makeButton(say("resumeAll"), () => queue.uploads.filter((each) => each.state === "paused").forEach((each) => queue.resume(each))),
      makeButton(say("clearDone"), () => queue.clear()),
    );
    this.append(
      make(
        "div",
        { className: "upload-form" },
        make("div", { className: "actions" }, makeButton(say("chooseFiles"), () => this.files.click(), { className: "main" }), makeButton(say("chooseFolder"), () => this.folder.click()), make("span", { className: "hint" }, say("dropHere"))),
        this.files,
        this.folder,
        make("label", {}, make("span", {}, say("visibility")), this.visibility),
        make("label", {}, make("span", {}, say("tags")), this.tags),
      ),
      this.summary,
      this.controls,
      this.list,
    );
    queue.addEventListener("change", (event) => this.#update(/** @type {CustomEvent} */ (event).detail));
    this.#count();
  }

  /** @param {File[]} files */
  add(files) {
    if (!files.length) return;
    const visibility = /** @type {"public" | "private"} */ (this.visibility.value);
    const tags = splitTags(this.tags.value);
    this.tags.value = joinTags(tags);
    this.queue.add(files, visibility, tags);
  }

  /** @param {Record<string, any>} properties */
  #makeInput(properties) {
    const input = make("input", { type: "file", multiple: true, hidden: true, ...properties });
    if (!properties["webkitdirectory"]) input.accept = "image/*";
    input.addEventListener("change", () => {
      this.add(listFiles(input.files));
      input.value = "";
    });
    return input;
  }

  /** @param {Upload | null} upload null: some are gone */
  #update(upload) {
    const here = new Set(this.queue.uploads);
    for (const [each, row] of this.#rows) {
      if (here.has(each)) continue;
      row.remove();
      this.#rows.delete(each);
    }
    if (upload && here.has(upload)) this.#updateRow(upload);
    this.#count();
  }

  #count() {
    const { uploads } = this.queue;
    const done = uploads.filter((upload) => upload.state === "ready" || upload.state === "preparing").length;
    this.controls.hidden = this.list.hidden = uploads.length === 0;
    this.summary.textContent = uploads.length ? say("uploadsDone", { done, count: uploads.length }) : "";
  }

  /** @param {Upload} upload */
  #updateRow(upload) {
    const row = this.#rows.get(upload) ?? this.#makeRow(upload);
    const bar = /** @type {HTMLProgressElement} */ (row.querySelector("progress"));
    bar.value = upload.progress;
    bar.hidden = upload.state !== "uploading";
    if (row.dataset["state"] === upload.state) return;
    row.dataset["state"] = upload.state;
    const state = /** @type {HTMLElement} */ (row.querySelector(".state"));
    state.textContent = say(STATE_TEXTS[upload.state]) + (upload.reason ? `: ${upload.reason}` : "");
    row.querySelector(".actions")?.replaceChildren(...this.#makeButtons(upload));
  }

  /** @param {Upload} upload */
  #makeRow(upload) {
    const { name } = upload.file;
    const row = make(
      "li",
      { className: "upload" },
      make("img", { src: upload.previewUrl, alt: "", className: "preview" }),
      make("div", { className: "upload-text" }, make("bdi", { className: "name" }, name), make("span", { className: "state" }), make("progress", { max: 1, value: 0, "aria-label": name })),
      make("div", { className: "actions" }),
    );
    this.#rows.set(upload, row);
    this.list.append(row);
    return row;
  }

  /** @param {Upload} upload */
  #makeButtons(upload) {
    const { queue } = this;
    const name = upload.file.name;
    const sign = (/** @type {string} */ text, /** @type {import("./texts.js").TextName} */ word, /** @type {() => void} */ run) =>
      makeSignButton(text, `${say(word)}: ${name}`, run);
    switch (upload.state) {
      case "duplicate":
        return [makeButton(say("uploadAnyway"), () => queue.uploadAnyway(upload)), sign("×", "cancel", () => queue.cancel(upload))];
      case "paused":
      case "broken":
      case "refused":
        return [sign("↻", upload.state === "paused" ? "resume" : "retry", () => queue.resume(upload)), sign("×", "cancel", () => queue.cancel(upload))];
      case "ready":
      case "preparing":
      case "cancelled":
        return [];
      default:
        return [sign("⏸", "pause", () => queue.pause(upload)), sign("×", "cancel", () => queue.cancel(upload))];
    }
  }
}

customElements.define("upload-panel", UploadPanel);
