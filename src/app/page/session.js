/** Session: who the caller is. In `open` mode that is a name, otherwise a token of the issuer. */

import { ApiError } from "./api.js";
import { recall, remember } from "./settings.js";

/** @import { Api } from "./api.js" */
/** @import { Settings } from "./settings.js" */
/** @import { SignIn } from "./sign-in.js" */

const NAME = "userName";

/** Fires `change` when somebody signs in or out, and `end` before it, if nobody asked for that. */
export class Session extends EventTarget {
  /**
   * @param {Settings} settings
   * @param {SignIn | null} signIn
   */
  constructor(settings, signIn) {
    super();
    this.settings = settings;
    this.signIn = signIn;
    this.name = this.isOpen ? recall(NAME) : "";
    /** @type {{userId: string, isAdmin: boolean} | null} */
    this.me = null;
    signIn?.addEventListener("end", () => {
      this.dispatchEvent(new Event("end"));
      this.#change("");
    });
  }

  get isOpen() {
    return this.settings.authMode === "open";
  }

  /** True if the person has a name here. Everybody else may only look. */
  get isNamed() {
    return this.signIn ? this.signIn.isSignedIn : this.name !== "";
  }

  /** Whether somebody can become named. */
  get canSignIn() {
    return this.isOpen || this.signIn !== null;
  }

  /** @returns {Promise<Record<string, string>>} */
  async getHeaders() {
    if (this.signIn) {
      const token = await this.signIn.getToken();
      return token ? { Authorization: `Bearer ${token}` } : {};
    }
    return this.name ? { "X-User-Id": encodeHeader(this.name) } : {};
  }

  /** @param {string} name */
  takeName(name) {
    this.#useName(name);
    this.#change(name);
  }

  /** Come back from the issuer, if a person has just been there. */
  async finishSignIn() {
    await this.signIn?.finish();
    this.name = this.signIn?.name ?? this.name;
  }

  /**
   * Ask the service who the caller is for it. A name that it does not take is forgotten.
   *
   * @param {Api} api
   */
  async identify(api) {
    this.me = null;
    if (!this.isNamed) return;
    try {
      this.me = (await api.call("GET", "/me")).body;
    } catch (error) {
      if (this.isOpen && error instanceof ApiError && !error.isPassing) this.#useName("");
      throw error;
    }
  }

  /** @param {boolean} isBusy whether leaving the page would lose something */
  async beginSignIn(isBusy) {
    if (!isBusy) await this.signIn?.begin();
    else if (this.signIn) {
      await this.signIn.beginBeside();
      this.#change(this.signIn.name);
    }
  }

  signOut() {
    this.signIn?.end();
    this.#change("");
  }

  /** @param {string} name */
  #useName(name) {
    remember(NAME, name);
    this.name = name;
  }

  /** @param {string} name */
  #change(name) {
    this.name = name;
    this.dispatchEvent(new Event("change"));
  }

  /**
   * Whether the caller may change an image.
   *
   * @param {{userId: string}} image
   */
  owns(image) {
    return this.me !== null && (this.me.isAdmin || this.me.userId === image.userId);
  }
}

/**
 * A header takes bytes. The service reads them as UTF-8.
 *
 * @param {string} text
 */
function encodeHeader(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
