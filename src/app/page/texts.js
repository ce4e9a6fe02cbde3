/** Texts: the words of the page in the language of the person who reads it. */

import { GERMAN } from "./texts-de.js";
import { ENGLISH } from "./texts-en.js";

/** @typedef {keyof typeof ENGLISH} TextName */
/** @typedef {string | {one: string, other: string}} Text */

/** @type {Record<string, Record<TextName, Text>>} */
const LANGUAGES = { en: ENGLISH, de: GERMAN };
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

export const LANGUAGE = chooseLanguage(navigator.languages);
const plurals = new Intl.PluralRules(LANGUAGE);

/** @param {readonly string[]} wanted */
export function chooseLanguage(wanted) {
  return wanted.map((tag) => tag.split("-")[0] ?? "").find((tag) => tag in LANGUAGES) ?? "en";
}

/** Tell the document its language and its direction. */
export function announceLanguage() {
  document.documentElement.lang = LANGUAGE;
  document.documentElement.dir = RIGHT_TO_LEFT.has(LANGUAGE) ? "rtl" : "ltr";
}

/**
 * Return a text with its values. `count` chooses between one and many.
 *
 * @param {TextName} name
 * @param {Record<string, string | number>} [values]
 */
export function say(name, values = {}) {
  const text = /** @type {Record<TextName, Text>} */ (LANGUAGES[LANGUAGE])[name];
  const isOne = plurals.select(Number(values.count ?? 0)) === "one";
  const chosen = typeof text === "string" ? text : isOne ? text.one : text.other;
  return chosen.replace(/\{(\w+)\}/g, (_, key) => {
    const value = values[key] ?? "";
    return typeof value === "number" ? value.toLocaleString(LANGUAGE) : value;
  });
}

/** @param {number} bytes */
export function sayBytes(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const options = { style: "unit", unit: units[power], unitDisplay: "short", maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(LANGUAGE, /** @type {Intl.NumberFormatOptions} */ (options)).format(bytes / 1000 ** power);
}

/** @param {string} time */
export function sayTime(time) {
  return new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));
}
