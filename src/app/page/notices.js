/** Notices: short messages at the edge of the page, also for those who hear it. */

import { ApiError, ConnectionError } from "./api.js";
import { make, makeButton, makeIconButton } from "./elements.js";
import { SignInError } from "./sign-in.js";
import { say } from "./texts.js";

const SHOWN_MS = 8000;

/** One list of messages. Those that offer something, and those that somebody has to read, stay until they are closed. */
export class Notices extends HTMLElement {
  constructor() {
    super();
    this.setAttribute("role", "status");
    for (const event of ["toggle", "close"]) document.addEventListener(event, () => this.#rise(), { capture: true });
  }

  /** Move into the dialog that is open: nothing behind it can be seen or used. */
  #rise() {
    const host = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
    if (this.parentNode !== host) host.append(this);
  }

  /**
   * @param {string | Node} content
   * @param {{text: string, run: () => void}} [offer]
   * @param {boolean} [stays]
   * @returns {HTMLElement} which may be removed before
   */
  add(content, offer, stays = offer !== undefined) {
    this.#rise();
    const notice = make("div", { className: "notice" }, make("div", {}, content));
    if (offer) {
      notice.append(
        makeButton(offer.text, () => {
          notice.remove();
          offer.run();
        }),
      );
    }
    notice.append(makeIconButton("close", say("close"), () => notice.remove()));
    this.append(notice);
    if (!stays) setTimeout(() => notice.remove(), SHOWN_MS);
    return notice;
  }

  /** @param {unknown} error */
  addError(error) {
    this.add(say("somethingWrong", { reason: explain(error) }));
  }
}

/**
 * The sentence of the API or of the issuer, or what is wrong with the line.
 *
 * @param {unknown} error
 */
export function explain(error) {
  if (error instanceof ApiError || error instanceof SignInError) return error.message;
  if (error instanceof ConnectionError) return say("broken");
  return String(error);
}

customElements.define("notice-list", Notices);
