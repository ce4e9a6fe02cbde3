/** Upload panel: choose files, decide who may see them, and see how far each is. */

import { make, makeButton, makeIconButton } from "./elements.js";
import { listFiles } from "./files.js";
import { makeIcon } from "./icons.js";
import { joinTags, splitTags } from "./tags.js";
import { say } from "./texts.js";

/** @import { IconName } from "./icons.js" */
/** @import { State, Upload, UploadQueue } from "./upload-queue.js" */

/** @type {Record<State, import("./texts.js").TextName>} */
const STATE_TEXTS = {
  waiting: "waiting",
  hashing: "hashing",
  uploading: "uploading",
  delayed: "delayed",
  paused: "paused",
  offline: "offline",
  preparing: "preparing",
  duplicate: "duplicate",
  ready: "ready",
  refused: "refused",
  broken: "notUploaded",
  cancelled: "cancelled",
};

/** @type {Set<State>} in which a file waits for what a person decides */
const NEED_PERSON = new Set(["duplicate", "refused", "broken", "paused"]);

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
    this.pauseAll = makeButton(say("pauseAll"), () => queue.uploads.forEach((upload) => queue.pause(upload)), { icon: "pause" });
    this.resumeAll = makeButton(say("resumeAll"), () => listStopped(queue).forEach((each) => queue.resume(each)), { icon: "resume" });
    this.clearDone = makeButton(say("clearDone"), () => queue.clear(), { icon: "check" });
    this.controls = make("div", { className: "actions" }, this.summary, this.pauseAll, this.resumeAll, this.clearDone);
    this.append(
      make(
        "div",
        { className: "upload-form" },
        makeButton(say("chooseFiles"), () => this.files.click(), { icon: "pictures", className: "main" }),
        makeButton(say("chooseFolder"), () => this.folder.click(), { icon: "folder" }),
        this.files,
        this.folder,
        make("label", {}, make("span", {}, say("visibility")), this.visibility),
        make("label", {}, make("span", {}, say("tags")), this.tags),
        make("span", { className: "hint" }, say("dropHere")),
      ),
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
    this.pauseAll.hidden = !this.queue.isMoving;
    this.resumeAll.hidden = listStopped(this.queue).length === 0;
    this.clearDone.hidden = !uploads.some((upload) => upload.state === "ready");
    const open = uploads.filter((upload) => NEED_PERSON.has(upload.state)).length;
    const texts = [uploads.length > 0 && say("uploadsDone", { done, count: uploads.length }), open > 0 && say("uploadsOpen", { count: open })];
    this.summary.textContent = texts.filter(Boolean).join(" ");
  }

  /** @param {Upload} upload */
  #updateRow(upload) {
    const row = this.#rows.get(upload) ?? this.#makeRow(upload);
    const bar = /** @type {HTMLProgressElement} */ (row.querySelector("progress"));
    bar.value = upload.progress;
    bar.hidden = upload.state !== "uploading";
    const state = /** @type {HTMLElement} */ (row.querySelector(".state"));
    const text = say(STATE_TEXTS[upload.state]) + (upload.reason ? `: ${upload.reason}` : "");
    if (state.textContent !== text) state.textContent = text;
    if (row.dataset["state"] === upload.state) return;
    row.dataset["state"] = upload.state;
    row.querySelector(".actions")?.replaceChildren(...this.#makeButtons(upload));
  }

  /** @param {Upload} upload */
  #makeRow(upload) {
    const { name } = upload.file;
    const preview = make("img", { src: upload.previewUrl, alt: "" });
    preview.addEventListener("error", () => preview.remove(), { once: true }); // not every browser shows HEIC
    const row = make(
      "li",
      { className: "upload" },
      make("span", { className: "preview" }, makeIcon("pictures"), preview),
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
    const sign = (/** @type {IconName} */ icon, /** @type {import("./texts.js").TextName} */ word, /** @type {() => void} */ run) =>
      makeIconButton(icon, `${say(word)}: ${name}`, run);
    switch (upload.state) {
      case "duplicate":
        return [makeButton(say("uploadAnyway"), () => queue.uploadAnyway(upload)), sign("close", "cancel", () => queue.cancel(upload))];
      case "paused":
      case "broken":
      case "refused":
        return [sign(upload.state === "paused" ? "resume" : "retry", upload.state === "paused" ? "resume" : "retry", () => queue.resume(upload)), sign("close", "cancel", () => queue.cancel(upload))];
      case "ready":
      case "preparing":
      case "cancelled":
        return [];
      default:
        return [sign("pause", "pause", () => queue.pause(upload)), sign("close", "cancel", () => queue.cancel(upload))];
    }
  }
}

/** @param {UploadQueue} queue */
function listStopped(queue) {
  return queue.uploads.filter((upload) => upload.isStopped);
}

customElements.define("upload-panel", UploadPanel);
