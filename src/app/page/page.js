/** The page: its parts, and how they know of each other. */

import { ConnectionError } from "./api.js";
import { findView, isSameList, writeView } from "./address.js";
import { DropZone } from "./drop-zone.js";
import { make } from "./elements.js";
import { makeEmptyView, makeFailedView } from "./empty-view.js";
import { ImageGallery } from "./image-gallery.js";
import { Library } from "./library.js";
import { Notices, explain } from "./notices.js";
import { Selection } from "./selection.js";
import { announceLanguage, say } from "./texts.js";
import { awaitPictures } from "./tile.js";
import { TopBar } from "./top-bar.js";

/** @import { View } from "./address.js" */
/** @import { Api } from "./api.js" */
/** @import { Session } from "./session.js" */
/** @import { Settings } from "./settings.js" */
/** @import { Workbench } from "./workbench.js" */

/**
 * @typedef {object} Beginning what has begun before the page was there
 * @property {Library} library of the first pictures
 * @property {unknown} signInError why nobody is signed in, or null
 * @property {Promise<unknown>} identified ends when it is known who looks, with an error or null
 */

/** The state of an entry of the history in which a light box was opened from the gallery. */
const OPENED = "opened";

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
    window.addEventListener("beforeunload", (event) => this.workbench?.isBusy && event.preventDefault());
    window.addEventListener("offline", () => this.notices.add(say("offlineNow")));
    window.addEventListener("online", () => {
      this.notices.add(say("onlineAgain"));
      this.#identifyAgain();
    });
    this.dropZone.addEventListener("files", (event) => this.#add(/** @type {CustomEvent} */ (event).detail));
    this.dropZone.addEventListener("unreadable", (event) => this.#tellUnreadable(/** @type {CustomEvent} */ (event).detail));
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
    this.gallery.addEventListener("open", (event) => this.#open(/** @type {CustomEvent} */ (event).detail.id));
    this.gallery.addEventListener("stale", (event) => this.library?.refresh(/** @type {CustomEvent} */ (event).detail));
    this.gallery.addEventListener("empty", () => this.#offerUpload());
  }

  /** @param {Workbench} workbench */
  #listenToWorkbench({ queue, selectionBar, box }) {
    queue.addEventListener("image", (event) => this.library?.put(/** @type {CustomEvent} */ (event).detail));
    selectionBar.addEventListener("changed", (event) => this.library?.refresh(/** @type {CustomEvent} */ (event).detail));
    selectionBar.addEventListener("moved", (event) => this.#take(/** @type {CustomEvent} */ (event).detail));
    selectionBar.addEventListener("all", () => this.gallery.selectAll());
    box.addEventListener("closed", () => this.#close());
    box.addEventListener("move", (event) => this.#move(/** @type {CustomEvent} */ (event).detail));
    box.addEventListener("changed", (event) => this.library?.put(/** @type {CustomEvent} */ (event).detail));
    box.addEventListener("open", (event) => this.#open(/** @type {CustomEvent} */ (event).detail));
    box.addEventListener("remove", (event) => this.library?.remove(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {{ids: string[], isTrash: boolean | null}} moved images. `isTrash` is null if they are deleted for good */
  #take({ ids, isTrash }) {
    if (isTrash === (this.view.whose === "trash")) this.library?.refresh(ids);
    else for (const id of ids) this.library?.remove(id);
  }

  /** @param {string[]} names */
  #tellUnreadable(names) {
    this.notices.add(make("ul", {}, ...names.map((name) => make("li", {}, `${name}: ${say("notReadable")}`))), undefined, true);
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
    await this.session.beginSignIn(this.workbench?.isBusy ?? false).catch((error) => this.#refuseSignIn(error));
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
      this.#show(new Library(this.api, view));
    }
    this.#showTools();
  }

  /** @param {Library} library */
  #show(library) {
    this.library = library;
    library.addEventListener("change", () => this.workbench?.bound(this.view, library));
    library.addEventListener("fail", () => this.#offerRetry(library.error));
    this.gallery.show(library);
    if (library.error) this.#offerRetry(library.error);
  }

  /** Without the workbench nothing is selected, and no light box is open. */
  #showTools() {
    if (this.workbench) this.workbench.show(this.view, this.library);
    else if (this.view.image) this.#useWorkbench(() => this.#showTools());
  }

  /** @param {unknown} error */
  #offerRetry(error) {
    const retry = () => {
      this.gallery.say(say("loading"));
      this.library?.grow();
    };
    this.gallery.say(makeFailedView(error, retry));
  }

  #offerUpload() {
    const offers = { clear: () => this.bar.clear(), choose: () => this.#choose() };
    this.gallery.say(makeEmptyView(this.view, this.session.isNamed, offers));
  }

  /** Leave the light box by the way that led into it, so that "back" does not lead there again. */
  #close() {
    const { image } = this.view;
    if (!image) return;
    if (history.state === OPENED) history.back();
    else this.#go({ ...this.view, image: "" });
    this.gallery.reveal(image);
  }

  /** @param {string} id */
  #open(id) {
    if (this.view.image) {
      this.#turnTo(id);
      return;
    }
    this.#go({ ...this.view, image: id });
    history.replaceState(OPENED, "");
  }

  /** @param {string} id of another image for the light box */
  #turnTo(id) {
    history.replaceState(history.state, "", writeView({ ...this.view, image: id }));
    this.#follow(false);
  }

  /** @param {-1 | 1} step */
  async #move(step) {
    const from = this.view.image;
    const index = (this.library?.findIndex(from) ?? -1) + step;
    const image = index < 0 ? null : await this.library?.reach(index);
    if (image && this.view.image === from) this.#turnTo(image.id);
  }

  /** Who looks is not known yet if the line was down in the beginning. */
  async #identifyAgain() {
    if (!this.session.isNamed || this.session.me) return;
    await this.session.identify(this.api).catch(() => null);
    if (this.session.me) this.#follow(true);
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
