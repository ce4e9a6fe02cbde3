/** Settings: what the server says of itself in the document, and what a browser remembers. */

/**
 * @typedef {object} SignInSettings
 * @property {string} clientId
 * @property {string} scopes
 * @property {string} authorizationUrl
 * @property {string} tokenUrl
 * @property {string | null} endSessionUrl
 * @property {string | null} revocationUrl
 */

/**
 * @typedef {object} Settings
 * @property {"open" | "jwt"} authMode
 * @property {SignInSettings | null} signIn how people sign in, if they can
 */

/** The files of the page lie two folders below the API. */
export const API_URL = new URL("../../", import.meta.url).href.replace(/\/$/, "");

/** @returns {Settings} */
export function readSettings() {
  return JSON.parse(document.getElementById("settings")?.textContent ?? "{}");
}

/**
 * A browser may forbid to remember anything. Then nothing is remembered.
 *
 * @param {string} name
 * @returns {string}
 */
export function recall(name) {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return "";
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // It is only a convenience.
  }
}
