/** The page: its parts, and how they know of each other. */

import { ApiError, ConnectionError } from "./api.js";
import { findView, isFiltered, isNewIn, isSameList, makeListQuery, writeView } from "./address.js";
import { DropZone } from "./drop-zone.js";
import { make, makeButton } from "./elements.js";
import { makeIcon } from "./icons.js";
import { ImageGallery } from "./image-gallery.js";
import { Library } from "./library.js";
import { Notices, explain } from "./notices.js";
import { Selection } from "./selection.js";
import { announceLanguage, say } from "./texts.js";
import { awaitPictures } from "./tile.js";
import { TopBar } from "./top-bar.js";

/** @import { View } from "./address.js" */
/** @import { Api, Image } from "./api.js" */
/** @import { Session } from "./session.js" */
/** @import { Settings } from "./settings.js" */
/** @import { Workbench } from "./workbench.js" */

/**
 * @typedef {object} Beginning what has begun before the page was there
 * @property {Library} library of the first pictures
 * @property {unknown} signInError why nobody is signed in, or null
 * @property {Promise<unknown>} identified ends when it is known who looks, with an error or null
 */

/** Connects the parts. */
export class Page {
  /** @type {Library | null} */
  library = null;
  /** @type {Workbench | null} */
  workbench = null;
  /** @type {Promise<Workbench> | null} */
  #coming = null;

  /**
   * @param {Settings} settings
   * @param {Session} session
   * @param {Api} api
   */
  constructor(settings, session, api) {
    this.settings = settings;
    this.session = session;
    this.api = api;
    this.view = findView(location.hash, session.isNamed);
    this.notices = new Notices();
    this.selection = new Selection();
    this.bar = new TopBar(this.session);
    this.gallery = new ImageGallery(this.session, this.selection);
    this.main = make("main", { id: "pictures", tabIndex: -1 }, this.gallery);
    this.dropZone = new DropZone(session);
  }

  /** @param {Beginning} beginning */
  async start({ library, signInError, identified }) {
    announceLanguage();
    document.title = say("title");
    document.body.append(
      make("a", { href: "#pictures", className: "skip", on: { click: (/** @type {Event} */ event) => this.#skip(event) } }, say("skipToPictures")),
      make("header", {}, this.bar),
      this.main,
      this.notices,
      this.dropZone,
    );
    this.#listen();
    if (signInError) this.#refuseSignIn(signInError);
    this.bar.show(this.view);
    const error = await identified;
    if (error) this.notices.addError(error);
    this.bar.update();
    if (this.view.whose === "trash") await this.#readLimits();
    this.#show(library);
    await library.open();
    await awaitPictures(this.gallery);
    this.#useWorkbench(() => this.#showTools());
    this.#readLimits();
  }

  async #readLimits() {
    const limits = await this.api.getLimits().catch(() => null);
    if (limits) this.gallery.trashDays = limits.trashDays;
  }

  /**
   * Use the workbench, as soon as it is there.
   *
   * @param {(workbench: Workbench) => void} use
   */
  async #useWorkbench(use) {
    try {
      this.#coming ??= this.#loadWorkbench();
      use(await this.#coming);
    } catch (error) {
      this.#coming = null;
      this.notices.addError(error);
    }
  }

  async #loadWorkbench() {
    const { Workbench } = await import("./workbench.js").catch((error) => {
      throw new ConnectionError(error.message);
    });
    const workbench = new Workbench(this.api, this.selection, this.notices);
    this.main.before(workbench.panel);
    this.main.after(workbench.selectionBar);
    document.body.append(workbench.box, workbench.suggestions.list);
    this.#listenToWorkbench(workbench);
    this.workbench = workbench;
    return workbench;
  }

  #listen() {
    window.addEventListener("hashchange", () => this.#follow(false));
    window.addEventListener("beforeunload", (event) => this.workbench?.queue.isMoving && event.preventDefault());
    window.addEventListener("offline", () => this.notices.add(say("offlineNow")));
    window.addEventListener("online", () => this.notices.add(say("onlineAgain")));
    this.dropZone.addEventListener("files", (event) => this.#add(/** @type {CustomEvent} */ (event).detail));
    this.session.addEventListener("change", async () => {
      await this.session.identify(this.api).catch((error) => this.notices.addError(error));
      this.bar.update();
      this.#follow(true);
    });
    this.session.addEventListener("end", () => this.notices.add(say("signInEnded"), { text: say("signIn"), run: () => this.#signIn() }));
    this.bar.addEventListener("view", (event) => this.#go(/** @type {CustomEvent} */ (event).detail));
    this.bar.addEventListener("upload", () => this.#useWorkbench(({ panel }) => this.#showPanel(panel, panel.hidden)));
    this.bar.addEventListener("name", () => this.#useWorkbench((workbench) => workbench.askForName()));
    this.bar.addEventListener("sign-in", () => this.#signIn());
    this.bar.addEventListener("sign-out", () => this.session.signOut());
    this.gallery.addEventListener("open", (event) => this.#go({ ...this.view, image: /** @type {CustomEvent} */ (event).detail.id }));
    this.gallery.addEventListener("stale", (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail));
    this.gallery.addEventListener("empty", () => this.gallery.say(this.#makeEmptyMessage()));
  }

  /** @param {Workbench} workbench */
  #listenToWorkbench({ queue, selectionBar, box }) {
    queue.addEventListener("image", (event) => this.#put(/** @type {CustomEvent} */ (event).detail));
    selectionBar.addEventListener("changed", (event) => this.#refresh(/** @type {CustomEvent} */ (event).detail));
    selectionBar.addEventListener("all", () => this.gallery.selectAll());
    box.addEventListener("closed", () => this.#close());
    box.addEventListener("move", (event) => this.#move(/** @type {CustomEvent} */ (event).detail));
    box.addEventListener("changed", (event) => this.library?.put(/** @type {CustomEvent} */ (event).detail));
    box.addEventListener("remove", (event) => this.library?.remove(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {File[]} files */
  #add(files) {
    this.#useWorkbench(({ panel }) => {
      this.#showPanel(panel, true);
      panel.add(files);
    });
  }

  /**
   * @param {HTMLElement} panel
   * @param {boolean} isShown
   */
  #showPanel(panel, isShown) {
    panel.hidden = !isShown;
    this.bar.uploadButton.setAttribute("aria-expanded", String(isShown));
  }

  async #signIn() {
    await this.session.signIn?.begin().catch((error) => this.#refuseSignIn(error));
  }

  /** @param {unknown} error */
  #refuseSignIn(error) {
    this.notices.add(say("signInFailed", { reason: explain(error) }));
  }

  /** @param {View} view */
  #go(view) {
    const address = writeView(view);
    if (address !== location.hash) location.hash = address;
  }

  /** @param {boolean} isNew whether the list is read again in any case */
  #follow(isNew) {
    const view = findView(location.hash, this.session.isNamed);
    const isSame = !isNew && isSameList(view, this.view);
    this.view = view;
    this.bar.show(view);
    if (!isSame) {
      this.selection.clear();
      this.#show(new Library(this.api, makeListQuery(view, this.session.isNamed)));
    }
    this.#showTools();
  }

  /** @param {Library} library */
  #show(library) {
    this.library = library;
    library.addEventListener("fail", () => this.#offerRetry(library.error));
    this.gallery.show(library);
    if (library.error) this.#offerRetry(library.error);
  }

  /** Without the workbench nothing is selected, and no light box is open. */
  #showTools() {
    if (this.workbench) this.workbench.show(this.view, this.library?.find(this.view.image));
    else if (this.view.image) this.#useWorkbench(() => this.#showTools());
  }

  /** @param {unknown} error */
  #offerRetry(error) {
    const retry = makeButton(say("retry"), () => {
      this.gallery.say(say("loading"));
      this.library?.grow();
    }, { icon: "retry" });
    this.gallery.say(make("div", { className: "empty" }, makeIcon("warning"), make("strong", {}, say("loadFailed")), make("span", {}, explain(error)), retry));
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
    for (const id of ids) {
      try {
        const { image } = await this.api.getImage(id);
        const isTrash = this.view.whose === "trash"; // another list may be shown by now
        if ((image.trashedAt !== null) === isTrash) this.library?.put(image);
        else this.library?.remove(id);
      } catch (error) {
        // What cannot be read while the line is down is still there.
        if (error instanceof ApiError && error.status === 404) this.library?.remove(id);
      }
    }
  }

  #makeEmptyMessage() {
    const [text, ...offer] = this.#chooseEmptyMessage();
    return make("div", { className: "empty" }, makeIcon("pictures"), make("strong", {}, text), ...offer);
  }

  /** @returns {[string, ...Node[]]} */
  #chooseEmptyMessage() {
    if (this.view.whose === "trash") return [say("emptyTrash")];
    if (isFiltered(this.view)) return [say("nothingFound"), makeButton(say("clearFilter"), () => this.bar.clear())];
    if (!this.session.isNamed) return [say("nothingHere")];
    const choose = makeButton(say("chooseFiles"), () => this.#choose(), { icon: "upload", className: "main" });
    return [say("nothingHere"), make("span", {}, say("nothingHereHint")), choose];
  }

  #choose() {
    this.#useWorkbench(({ panel }) => {
      this.#showPanel(panel, true);
      panel.files.click();
    });
  }

  /** @param {Event} event */
  #skip(event) {
    event.preventDefault();
    document.getElementById("pictures")?.focus();
  }
}
