/** The page: its parts, and how they know of each other. */

import { Api, ApiError } from "./api.js";
import { isNewIn, isSameList, makeListQuery, readView, writeView } from "./address.js";
import { make, makeButton } from "./elements.js";
import { collectFiles } from "./files.js";
import { Hasher } from "./hashes.js";
import { ImageGallery } from "./image-gallery.js";
import { Library } from "./library.js";
import { LightBox } from "./light-box.js";
import { askForName } from "./name-dialog.js";
import { Notices, explain } from "./notices.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection-bar.js";
import { Session } from "./session.js";
import { readSettings } from "./settings.js";
import { SignIn } from "./sign-in.js";
import { TagSuggestions } from "./tag-suggestions.js";
import { announceLanguage, say } from "./texts.js";
import { TopBar } from "./top-bar.js";
import { UploadPanel } from "./upload-panel.js";
import { UploadQueue } from "./upload-queue.js";

/** @import { View } from "./address.js" */
/** @import { Image } from "./api.js" */

/** Connects the parts. */
class Page {
  /** @type {Library | null} */
  library = null;
  /** @type {View} */
  view = readView(location.hash);

  constructor() {
    const settings = readSettings();
    this.session = new Session(settings, settings.signIn && new SignIn(settings.signIn));
    this.api = new Api(this.session);
    this.notices = new Notices();
    this.selection = new Selection();
    this.bar = new TopBar(this.session);
    this.gallery = new ImageGallery(this.session, this.selection);
    this.selectionBar = new SelectionBar(this.api, this.selection, this.notices);
    this.queue = new UploadQueue(this.api, new Hasher());
    this.panel = new UploadPanel(this.queue);
    this.box = new LightBox(this.api);
    this.panel.hidden = true;
    this.suggestions = new TagSuggestions(this.api, this.session);
  }

  async start() {
    announceLanguage();
    document.title = say("title");
    document.body.append(
      make("a", { href: "#pictures", className: "skip", on: { click: (/** @type {Event} */ event) => this.#skip(event) } }, say("skipToPictures")),
      make("header", {}, this.bar),
      this.panel,
      make("main", { id: "pictures", tabIndex: -1 }, this.gallery),
      this.selectionBar,
      this.notices,
      this.box,
      this.suggestions.list,
    );
    this.#listen();
    await this.session.finishSignIn().catch((error) => this.#refuseSignIn(error));
    await Promise.all([this.#identify(), this.#readLimits()]);
    this.#follow(true);
  }

  async #readLimits() {
    const limits = await this.api.getLimits().catch(() => null);
    if (limits) this.gallery.trashDays = limits.trashDays;
  }

  #listen() {
    window.addEventListener("hashchange", () => this.#follow(false));
    window.addEventListener("beforeunload", (event) => this.queue.isMoving && event.preventDefault());
    window.addEventListener("offline", () => this.notices.add(say("offlineNow")));
    window.addEventListener("online", () => this.notices.add(say("onlineAgain")));
    this.#listenToFiles();
    this.session.addEventListener("change", async () => {
      await this.#identify();
      this.#follow(true);
    });
    this.bar.addEventListener("view", (event) => this.#go(/** @type {CustomEvent} */ (event).detail));
    this.bar.addEventListener("upload", () => this.#showPanel(this.panel.hidden));
    this.session.addEventListener("end", () => this.notices.add(say("signInEnded"), { text: say("signIn"), run: () => this.#signIn() }));
    this.bar.addEventListener("name", () => askForName(this.session));
    this.bar.addEventListener("sign-in", () => this.#signIn());
    this.bar.addEventListener("sign-out", () => this.session.signOut());
    this.gallery.addEventListener("open", (event) => this.#go({ ...this.view, image: /** @type {CustomEvent} */ (event).detail.id }));
    this.gallery.addEventListener("stale", (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail));
    this.gallery.addEventListener("empty", () => this.gallery.say(say(this.#chooseEmptyText())));
    this.queue.addEventListener("image", (event) => this.#put(/** @type {CustomEvent} */ (event).detail));
    this.selectionBar.addEventListener("changed", (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail));
    this.selectionBar.addEventListener("all", () => this.gallery.selectAll());
    this.box.addEventListener("closed", () => this.#close());
    this.box.addEventListener("move", (event) => this.#move(/** @type {CustomEvent} */ (event).detail));
    this.box.addEventListener("changed", (event) => this.library?.put(/** @type {CustomEvent} */ (event).detail));
    this.box.addEventListener("remove", (event) => this.library?.remove(/** @type {CustomEvent} */ (event).detail));
  }

  #listenToFiles() {
    const overlay = make("div", { className: "drop", hidden: true }, say("dropHere"));
    document.body.append(overlay);
    const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") && this.session.isNamed;
    document.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      overlay.hidden = false;
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) overlay.hidden = true;
    });
    document.addEventListener("drop", async (event) => {
      overlay.hidden = true;
      if (!hasFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      this.#add(await collectFiles(event.dataTransfer));
    });
    document.addEventListener("paste", async (event) => {
      if (!event.clipboardData?.files.length || !this.session.isNamed) return;
      event.preventDefault();
      this.#add([...event.clipboardData.files]);
    });
  }

  /** @param {File[]} files */
  #add(files) {
    this.#showPanel(true);
    this.panel.add(files);
  }

  /** @param {boolean} isShown */
  #showPanel(isShown) {
    this.panel.hidden = !isShown;
    this.bar.uploadButton.setAttribute("aria-expanded", String(isShown));
  }

  async #signIn() {
    await this.session.signIn?.begin().catch((error) => this.#refuseSignIn(error));
  }

  /** @param {unknown} error */
  #refuseSignIn(error) {
    this.notices.add(say("signInFailed", { reason: explain(error) }));
  }

  async #identify() {
    this.session.me = null;
    if (this.session.isNamed) {
      try {
        this.session.me = (await this.api.call("GET", "/me")).body;
      } catch (error) {
        this.notices.addError(error);
      }
    }
    this.bar.update();
  }

  /** @param {View} view */
  #go(view) {
    const address = writeView(view);
    if (address !== location.hash) location.hash = address;
  }

  /** @param {boolean} isNew whether the list is read again in any case */
  #follow(isNew) {
    const asked = readView(location.hash);
    // Who signs in finds what stands in the address. Until then there is only what everybody may see.
    const view = this.session.isNamed ? asked : /** @type {View} */ ({ ...asked, whose: "all" });
    const isSame = !isNew && isSameList(view, this.view);
    this.view = view;
    this.bar.show(view);
    this.selectionBar.use(view.whose === "trash");
    if (!isSame) {
      this.selection.clear();
      this.library = new Library(this.api, clean(makeListQuery(view)));
      this.library.addEventListener("fail", (event) => this.#offerRetry(/** @type {CustomEvent} */ (event).detail));
      this.gallery.show(this.library);
    }
    if (view.image) this.box.show(view.image);
    else this.box.hide();
  }

  /** @param {unknown} error */
  #offerRetry(error) {
    const retry = makeButton(say("retry"), () => {
      this.gallery.say(say("loading"));
      this.library?.grow();
    });
    this.gallery.say(make("span", {}, `${say("loadFailed")} ${explain(error)} `, retry));
  }

  #close() {
    if (!this.view.image) return;
    const { image } = this.view;
    this.#go({ ...this.view, image: "" });
    this.gallery.reveal(image);
  }

  /** @param {-1 | 1} step */
  #move(step) {
    const index = (this.library?.findIndex(this.view.image) ?? -1) + step;
    const image = index < 0 ? undefined : this.library?.get(index);
    if (image) history.replaceState(null, "", writeView({ ...this.view, image: image.id }));
    if (image) this.#follow(false);
  }

  /** @param {Image} image */
  #put(image) {
    if (isNewIn(this.view, image) || this.library?.find(image.id)) this.library?.put(image);
  }

  /**
   * Read images again that have changed. Those that do not belong here any more go.
   *
   * @param {string[]} ids
   */
  async #refresh(ids) {
    const isTrash = this.view.whose === "trash";
    for (const id of ids) {
      try {
        const { image } = await this.api.getImage(id);
        if ((image.trashedAt !== null) === isTrash) this.library?.put(image);
        else this.library?.remove(id);
      } catch (error) {
        // What cannot be read while the line is down is still there.
        if (error instanceof ApiError && error.status === 404) this.library?.remove(id);
      }
    }
  }

  #chooseEmptyText() {
    if (this.view.whose === "trash") return "emptyTrash";
    return this.view.tags.length || this.view.after || this.view.before ? "nothingFound" : "nothingHere";
  }

  /** @param {Event} event */
  #skip(event) {
    event.preventDefault();
    document.getElementById("pictures")?.focus();
  }
}

/** @param {Record<string, string | string[]>} query */
function clean(query) {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value.length > 0));
}

new Page().start();
