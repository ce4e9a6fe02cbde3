/** Elements: made with their properties and children in one call. */

import { makeIcon } from "./icons.js";

/** @import { IconName } from "./icons.js" */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * Properties are those of the DOM. A name with a hyphen, or `role`, is an attribute, and `on` holds listeners.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, any>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else if (key === "dataset" || key === "style") {
      Object.assign(element[key], value);
    } else if (key.includes("-") || key === "role" || key === "list" || key === "for") {
      if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
    } else {
      Object.assign(element, { [key]: value });
    }
  }
  element.append(...selectNodes(children));
  return element;
}

/** @param {Child[]} children */
export function selectNodes(children) {
  return /** @type {(Node | string)[]} */ (children.filter((child) => child || child === ""));
}

/**
 * A button of words, which may have an icon before them.
 *
 * @param {string} text
 * @param {(event: Event) => void} onClick
 * @param {Record<string, any> & {icon?: IconName}} [properties]
 */
export function makeButton(text, onClick, { icon, ...properties } = {}) {
  const words = icon ? make("span", { className: "words" }, text) : text;
  return make("button", { type: "button", on: { click: onClick }, ...properties }, icon && makeIcon(icon), words);
}

/**
 * A button of an icon alone, with its name for those who cannot see it.
 *
 * @param {IconName} icon
 * @param {string} name
 * @param {(event: Event) => void} onClick
 * @param {Record<string, any>} [properties]
 */
export function makeIconButton(icon, name, onClick, properties = {}) {
  const button = make("button", { type: "button", title: name, "aria-label": name, on: { click: onClick }, ...properties }, makeIcon(icon));
  button.classList.add("sign");
  return button;
}
