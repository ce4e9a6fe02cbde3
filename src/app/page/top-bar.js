/** Top bar: whose images are shown, which of them, and who looks. */

import { isSameList } from "./address.js";
import { make, makeButton } from "./elements.js";
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
    this.uploadButton = makeButton(say("upload"), () => this.dispatchEvent(new Event("upload")), { className: "main", "aria-expanded": "false" });
    this.tags = make("input", { type: "search", placeholder: say("tagsHint"), "list": "known-tags" });
    this.match = make("select", { "aria-label": say("match") }, new Option(say("matchAll"), "all"), new Option(say("matchAny"), "any"));
    this.from = make("input", { type: "date" });
    this.until = make("input", { type: "date" });
    const filter = make(
      "form",
      { className: "filter", role: "search" },
      make("label", {}, make("span", {}, say("filterTags")), this.tags),
      this.match,
      make("label", {}, make("span", {}, say("after")), this.from),
      make("label", {}, make("span", {}, say("before")), this.until),
      make("button", {}, say("filter")),
      makeButton(say("clearFilter"), () => this.#clear()),
    );
    filter.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go({});
    });
    const more = make("details", { className: "more" }, make("summary", {}, say("filter")), filter);
    this.append(
      make("div", { className: "line" }, make("h1", {}, say("title")), this.places, this.uploadButton, this.person),
      more,
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
    const makeOffer = (/** @type {import("./texts.js").TextName} */ word, /** @type {string} */ event) =>
      makeButton(say(word), () => this.dispatchEvent(new Event(isOpen ? "name" : event)));
    const offer = isNamed ? makeOffer(isOpen ? "changeName" : "signOut", "sign-out") : makeOffer("signIn", "sign-in");
    this.person.replaceChildren(
      ...(isNamed ? [make("bdi", { className: "name", title: say("signedInAs", { name: shownName }) }, shownName)] : []),
      ...(canSignIn ? [offer] : []),
    );
  }

  #clear() {
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
