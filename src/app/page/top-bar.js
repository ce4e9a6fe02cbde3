/** Top bar: whose images are shown, which of them, and who looks. */

import { isFiltered, isSameList } from "./address.js";
import { make, makeButton, makeIconButton } from "./elements.js";
import { joinTags, splitTags } from "./tags.js";
import { say } from "./texts.js";

/** @import { View } from "./address.js" */
/** @import { Session } from "./session.js" */

/** Fires `view` with what a person wants to see, `upload`, `name`, `sign-in` and `sign-out`. */
export class TopBar extends HTMLElement {
  /** @type {View | null} */
  #view = null;

  /** @param {Session} session */
  constructor(session) {
    super();
    this.session = session;
    this.places = make("nav", { className: "places", "aria-label": say("gallery") });
    this.person = make("div", { className: "person" });
    this.uploadButton = makeButton(say("upload"), () => this.dispatchEvent(new Event("upload")), { icon: "upload", className: "main", "aria-expanded": "false" });
    this.filterButton = makeIconButton("filter", say("filter"), () => this.#toggleFilter(), { "aria-expanded": "false", "aria-controls": "filter" });
    this.tags = make("input", { type: "search", placeholder: say("tagsHint"), "list": "known-tags" });
    this.match = make("select", {}, new Option(say("matchAll"), "all"), new Option(say("matchAny"), "any"));
    this.from = make("input", { type: "date" });
    this.until = make("input", { type: "date" });
    this.filter = make(
      "form",
      { id: "filter", className: "filter", role: "search", hidden: true },
      make("label", { className: "wide" }, make("span", {}, say("filterTags")), this.tags),
      make("label", {}, make("span", {}, say("match")), this.match),
      make("label", {}, make("span", {}, say("after")), this.from),
      make("label", {}, make("span", {}, say("before")), this.until),
      make("div", { className: "actions" }, make("button", { className: "main" }, say("applyFilter")), makeButton(say("clearFilter"), () => this.clear())),
    );
    this.filter.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go({});
    });
    this.append(
      make("div", { className: "line" }, make("h1", {}, say("title")), this.places, this.filterButton, this.uploadButton, this.person),
      this.filter,
    );
  }

  /** @param {View} view */
  show(view) {
    if (this.#view && isSameList(this.#view, view)) return;
    this.#view = view;
    this.tags.value = joinTags(view.tags);
    this.match.value = view.match;
    this.from.value = view.after;
    this.until.value = view.before;
    this.filterButton.classList.toggle("active", isFiltered(view));
    this.update();
  }

  /** Show who looks. Who has no name sees no buttons that fail. */
  update() {
    const { isNamed, name, me, isOpen, canSignIn } = this.session;
    const places = /** @type {[View["whose"], import("./texts.js").TextName][]} */ (
      isNamed ? [["all", "showAll"], ["mine", "showMine"], ["public", "showPublic"], ["trash", "showTrash"]] : [["all", "showPublic"]]
    );
    this.places.replaceChildren(
      ...places.map(([whose, word]) =>
        makeButton(say(word), () => this.#go({ whose }), { "aria-current": this.#view?.whose === whose ? "page" : null }),
      ),
    );
    this.uploadButton.hidden = !isNamed;
    const shownName = name || me?.userId || "";
    const tell = (/** @type {string} */ event) => this.dispatchEvent(new Event(isOpen ? "name" : event));
    const offer = isNamed
      ? makeIconButton(isOpen ? "edit" : "signOut", say(isOpen ? "changeName" : "signOut"), () => tell("sign-out"))
      : makeButton(say("signIn"), () => tell("sign-in"));
    this.person.replaceChildren(
      ...(isNamed ? [make("bdi", { className: "name", title: say("signedInAs", { name: shownName }) }, shownName)] : []),
      ...(canSignIn ? [offer] : []),
    );
  }

  #toggleFilter() {
    this.filter.hidden = !this.filter.hidden;
    this.filterButton.setAttribute("aria-expanded", String(!this.filter.hidden));
    if (!this.filter.hidden) this.tags.focus();
  }

  /** Show everything again. */
  clear() {
    [this.tags.value, this.from.value, this.until.value] = ["", "", ""];
    this.#go({});
  }

  /** @param {Partial<View>} changes */
  #go(changes) {
    const view = {
      .../** @type {View} */ (this.#view),
      tags: splitTags(this.tags.value),
      match: /** @type {View["match"]} */ (this.match.value),
      after: this.from.value,
      before: this.until.value,
      image: "",
      ...changes,
    };
    this.dispatchEvent(new CustomEvent("view", { detail: view }));
  }
}

customElements.define("top-bar", TopBar);
