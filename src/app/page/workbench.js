/** Workbench: what people work with. Nobody needs it to see the first pictures, so it is loaded behind them. */

import { Hasher } from "./hashes.js";
import { LightBox } from "./light-box.js";
import { askForName } from "./name-dialog.js";
import { SelectionBar } from "./selection-bar.js";
import { TagSuggestions } from "./tag-suggestions.js";
import { say } from "./texts.js";
import { describe } from "./tile.js";
import { UploadPanel } from "./upload-panel.js";
import { UploadQueue } from "./upload-queue.js";

/** @import { Api, Image } from "./api.js" */
/** @import { View } from "./address.js" */
/** @import { Library } from "./library.js" */
/** @import { Notices } from "./notices.js" */
/** @import { Selection } from "./selection.js" */

/** The upload panel, the light box and the selection bar. Whoever makes it puts them into the document. */
export class Workbench {
  /** @type {Map<string, HTMLElement>} what is said of images whose forms were left with changes */
  #left = new Map();

  /**
   * @param {Api} api
   * @param {Selection} selection
   * @param {Notices} notices
   */
  constructor(api, selection, notices) {
    this.session = api.session;
    this.notices = notices;
    this.selectionBar = new SelectionBar(api, selection, notices);
    this.queue = new UploadQueue(api, new Hasher());
    this.panel = new UploadPanel(this.queue);
    this.panel.hidden = true;
    this.box = new LightBox(api);
    this.suggestions = new TagSuggestions(api);
    this.box.addEventListener("told", (event) => notices.add(/** @type {CustomEvent} */ (event).detail));
    this.box.addEventListener("unsaved", (event) => this.#offerUnsaved(/** @type {CustomEvent} */ (event).detail));
    this.box.addEventListener("resumed", (event) => this.#left.get(/** @type {CustomEvent} */ (event).detail)?.remove());
  }

  /** @param {Image} image */
  #offerUnsaved(image) {
    const open = () => this.box.dispatchEvent(new CustomEvent("open", { detail: image.id }));
    const notice = this.notices.add(say("leftUnsaved", { name: describe(image) }), { text: say("showAgain"), run: open });
    this.#left.set(image.id, notice);
  }

  /**
   * @param {View} view
   * @param {Library | null} library
   */
  show(view, library) {
    this.selectionBar.use(view.whose === "trash");
    if (view.image) this.box.show(view.image, library?.find(view.image));
    else this.box.hide();
    this.bound(view, library);
  }

  /**
   * Tell the light box whether a picture comes before the one that it shows, and whether one comes after it.
   *
   * @param {View} view
   * @param {Library | null} library
   */
  bound(view, library) {
    const index = library?.findIndex(view.image) ?? -1;
    this.box.bound(index > 0, index + 1 < (library?.length ?? 0) || library?.isComplete === false);
  }

  /** Whether closing the page would lose something. */
  get isBusy() {
    return this.queue.isUnfinished || this.box.isBusy;
  }

  askForName() {
    askForName(this.session);
  }
}
