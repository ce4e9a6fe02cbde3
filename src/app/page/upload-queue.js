/** Upload queue: files on their way, three at a time. Each arrives exactly once, however often it is sent. */

import { ApiError, ConnectionError, choosePause, makeKey, pause } from "./api.js";
import { explain } from "./notices.js";
import { say, sayBytes } from "./texts.js";
import { sendFile } from "./transfer.js";

/** @import { Api, Image } from "./api.js" */
/** @import { Hasher } from "./hashes.js" */

/**
 * @typedef {"waiting" | "hashing" | "uploading" | "delayed" | "paused" | "offline" | "preparing" | "duplicate" | "ready"
 *   | "refused" | "broken" | "cancelled"} State
 */

const MAX_RUNNING = 3;
const MAX_TRIES = 12;
const FIRST_LOOK_MS = 400;
const MAX_LOOK_MS = 5000;
const MAX_LOOKS = 40;
const MOVING = new Set(["waiting", "hashing", "uploading", "delayed", "offline"]);
const STOPPED = new Set(["paused", "broken"]);
const ENDED = new Set(["ready", "cancelled"]);

/** A file, and how far it is. */
export class Upload {
  /**
   * @param {File} file
   * @param {"public" | "private"} visibility
   * @param {string[]} tags
   */
  constructor(file, visibility, tags) {
    this.file = file;
    this.visibility = visibility;
    this.tags = tags;
    this.key = makeKey();
    /** @type {State} */
    this.state = "waiting";
    this.progress = 0;
    this.reason = "";
    this.isWanted = false;
    /** @type {Image | null} */
    this.image = null;
    this.previewUrl = URL.createObjectURL(file);
    this.stopper = new AbortController();
  }

  /** True while it goes on, or waits for its turn or for the network. */
  get isMoving() {
    return MOVING.has(this.state);
  }

  /** True if it is not on its way, but a person can send it on. */
  get isStopped() {
    return STOPPED.has(this.state);
  }
}

/** Fires `change` with the upload, and `image` with an image that is new or has changed. */
export class UploadQueue extends EventTarget {
  /** @type {Upload[]} */
  uploads = [];
  #running = 0;

  /**
   * @param {Api} api
   * @param {Hasher} hasher
   */
  constructor(api, hasher) {
    super();
    this.api = api;
    this.hasher = hasher;
    window.addEventListener("online", () => this.#wake());
    api.session.addEventListener("change", () => this.#pauseForOther());
  }

  get isMoving() {
    return this.uploads.some((upload) => upload.isMoving);
  }

  /** Whether a file is still to be uploaded. A refused file does not count. */
  get isUnfinished() {
    return this.uploads.some((upload) => upload.isMoving || upload.isStopped);
  }

  /**
   * @param {File[]} files
   * @param {"public" | "private"} visibility
   * @param {string[]} tags
   */
  add(files, visibility, tags) {
    const added = files.map((file) => new Upload(file, visibility, tags));
    this.uploads.push(...added);
    for (const upload of added) this.#tell(upload);
    this.#start();
  }

  /** @param {Upload} upload */
  pause(upload) {
    if (!upload.isMoving) return;
    this.#set(upload, "paused");
    upload.stopper.abort(new DOMException("paused", "AbortError"));
  }

  /** Somebody else is signed in, or nobody. No file may end up with a person who did not choose it. */
  #pauseForOther() {
    for (const upload of this.uploads.filter((each) => each.isMoving)) {
      upload.reason = say("signInChanged");
      this.pause(upload);
    }
  }

  /**
   * Go on, with the same key: what has arrived is not uploaded again.
   *
   * @param {Upload} upload
   */
  resume(upload) {
    if (upload.isMoving) return;
    upload.stopper = new AbortController();
    upload.progress = 0;
    upload.reason = "";
    this.#set(upload, "waiting");
    this.#start();
  }

  /** @param {Upload} upload */
  cancel(upload) {
    this.#set(upload, "cancelled");
    upload.stopper.abort(new DOMException("cancelled", "AbortError"));
    this.#forget(upload);
  }

  /** @param {Upload} upload */
  uploadAnyway(upload) {
    upload.isWanted = true;
    this.resume(upload);
  }

  /** Take what is done or cancelled from the list. */
  clear() {
    for (const upload of this.uploads.filter((each) => ENDED.has(each.state))) this.#forget(upload);
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** @param {Upload} upload */
  #forget(upload) {
    URL.revokeObjectURL(upload.previewUrl);
    this.uploads = this.uploads.filter((each) => each !== upload);
    this.#tell(upload);
  }

  #wake() {
    for (const upload of this.uploads) if (upload.state === "offline") this.#set(upload, "waiting");
    this.#start();
  }

  #start() {
    while (this.#running < MAX_RUNNING) {
      const upload = this.uploads.find((each) => each.state === "waiting");
      if (!upload) return;
      this.#running++;
      this.#set(upload, "hashing");
      this.#run(upload).finally(() => {
        this.#running--;
        this.#start();
      });
    }
  }

  /** @param {Upload} upload */
  async #run(upload) {
    const { stopper } = upload;
    for (let tries = 1; ; tries++) {
      try {
        await this.#send(upload, stopper.signal);
        return;
      } catch (error) {
        if (stopper.signal.aborted) return;
        if (error instanceof ConnectionError && !navigator.onLine) {
          this.#set(upload, "offline");
          return;
        }
        const isPassing = error instanceof ConnectionError || (error instanceof ApiError && error.isPassing);
        if (!isPassing || tries === MAX_TRIES) {
          this.#fail(upload, error);
          return;
        }
        upload.reason = explain(error);
        this.#set(upload, "delayed");
        await pause(choosePause(error, tries), stopper.signal);
        if (stopper.signal.aborted) return;
        upload.reason = "";
      }
    }
  }

  /**
   * @param {Upload} upload
   * @param {AbortSignal} signal
   */
  async #send(upload, signal) {
    const limits = await this.api.getLimits();
    if (upload.file.size > limits.maxDirectBytes) {
      const [size, limit] = [sayBytes(upload.file.size), sayBytes(limits.maxDirectBytes)];
      throw new ApiError(413, { detail: say("tooLarge", { size, limit }) }, 0);
    }
    if (!upload.isWanted && (await this.#isThere(upload, signal))) {
      this.#set(upload, "duplicate");
      return;
    }
    if (signal.aborted) return;
    this.#set(upload, "uploading");
    const tell = (/** @type {number} */ share) => {
      upload.progress = share;
      this.#tell(upload);
    };
    const { file, key, visibility, tags } = upload;
    const image = await sendFile(this.api, limits, { file, key, visibility, tags, signal, tell });
    this.#show(upload, image, "preparing");
    this.#follow(upload, image.id);
  }

  /**
   * Tell if the caller has a picture with the same bytes.
   *
   * @param {Upload} upload
   * @param {AbortSignal} signal
   */
  async #isThere(upload, signal) {
    const sha256 = await this.hasher.hash(upload.file);
    if (!sha256) return false;
    const query = { userId: "me", sha256, limit: 1 };
    const { body } = await this.api.call("GET", "/images", { query, signal });
    return body.images.length > 0;
  }

  /**
   * Look at an image until it is ready. Other files do not wait for that.
   *
   * @param {Upload} upload
   * @param {string} id
   */
  async #follow(upload, id) {
    for (let look = 0; look < MAX_LOOKS; look++) {
      await pause(Math.min(MAX_LOOK_MS, FIRST_LOOK_MS * 1.5 ** look));
      const found = await this.api.getImage(id).catch(() => null);
      const image = found?.image;
      if (!image || image.status === "pending" || image.status === "processing") continue;
      if (image.status === "ready") this.#show(upload, image, "ready");
      else {
        upload.reason = image.statusReason ?? say(image.status);
        this.#show(upload, image, "refused");
      }
      return;
    }
  }

  /**
   * @param {Upload} upload
   * @param {Image} image
   * @param {State} state
   */
  #show(upload, image, state) {
    upload.image = image;
    this.dispatchEvent(new CustomEvent("image", { detail: image }));
    this.#set(upload, state);
  }

  /**
   * @param {Upload} upload
   * @param {unknown} error
   */
  #fail(upload, error) {
    const isKnown = error instanceof ApiError || error instanceof ConnectionError;
    upload.reason = isKnown ? explain(error) : say("notReadable");
    const isFinal = error instanceof ApiError && !error.isPassing;
    this.#set(upload, isFinal ? "refused" : "broken");
  }

  /**
   * @param {Upload} upload
   * @param {State} state
   */
  #set(upload, state) {
    upload.state = state;
    this.#tell(upload);
  }

  /** @param {Upload} upload */
  #tell(upload) {
    this.dispatchEvent(new CustomEvent("change", { detail: upload }));
  }
}
