/** Session: who the caller is. In `open` mode that is a name, otherwise a token of the issuer. */

import { recall, remember } from "./settings.js";

/** @import { Settings } from "./settings.js" */

/**
 * @typedef {object} TokenSource
 * @property {boolean} isSignedIn
 * @property {() => Promise<string>} getToken
 */

const NAME = "userName";

/** Fires `change` when somebody signs in or out. */
export class Session extends EventTarget {
  /**
   * @param {Settings} settings
   * @param {TokenSource | null} tokens
   */
  constructor(settings, tokens) {
    super();
    this.settings = settings;
    this.tokens = tokens;
    this.name = tokens ? "" : recall(NAME);
    /** @type {{userId: string, isAdmin: boolean} | null} */
    this.me = null;
  }

  get isOpen() {
    return this.settings.authMode === "open";
  }

  /** Whether somebody is named. Everybody else may only look. */
  get isNamed() {
    return this.tokens ? this.tokens.isSignedIn : this.name !== "";
  }

  /** @returns {Promise<Record<string, string>>} */
  async getHeaders() {
    if (this.tokens) {
      const token = await this.tokens.getToken();
      return token ? { Authorization: `Bearer ${token}` } : {};
    }
    return this.name ? { "X-User-Id": encodeHeader(this.name) } : {};
  }

  /** @param {string} name */
  takeName(name) {
    this.name = name;
    remember(NAME, name);
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
