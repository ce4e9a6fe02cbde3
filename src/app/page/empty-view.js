/** Empty view: what stands where pictures would be, and what can be done about it. */

import { isFiltered } from "./address.js";
import { make, makeButton } from "./elements.js";
import { makeIcon } from "./icons.js";
import { explain } from "./notices.js";
import { say } from "./texts.js";

/** @import { View } from "./address.js" */

/**
 * @param {View} view
 * @param {boolean} isNamed whether the person may upload
 * @param {{clear: () => void, choose: () => void}} offers
 */
export function makeEmptyView(view, isNamed, offers) {
  const [text, ...rest] = chooseMessage(view, isNamed, offers);
  return make("div", { className: "empty" }, makeIcon("pictures"), make("strong", {}, text), ...rest);
}

/**
 * @param {View} view
 * @param {boolean} isNamed
 * @param {{clear: () => void, choose: () => void}} offers
 * @returns {[string, ...Node[]]}
 */
function chooseMessage(view, isNamed, { clear, choose }) {
  if (view.whose === "trash") return [say("emptyTrash")];
  if (isFiltered(view)) return [say("nothingFound"), makeButton(say("clearFilter"), clear)];
  if (!isNamed) return [say("nothingHere")];
  const button = makeButton(say("chooseFiles"), choose, { icon: "upload", className: "main" });
  return [say("nothingHere"), make("span", {}, say("nothingHereHint")), button];
}

/**
 * @param {unknown} error why nothing could be read
 * @param {() => void} retry
 */
export function makeFailedView(error, retry) {
  const button = makeButton(say("retry"), retry, { icon: "retry" });
  return make("div", { className: "empty" }, makeIcon("warning"), make("strong", {}, say("loadFailed")), make("span", {}, explain(error)), button);
}
