/** Name dialog: where the service has no tokens, a person says who they are. */

import { make, makeButton } from "./elements.js";
import { say } from "./texts.js";

/** @import { Session } from "./session.js" */

const TAKEN = "taken";

/** @param {Session} session */
export function askForName(session) {
  const input = make("input", { type: "text", required: true, maxLength: 128, value: session.name, autocomplete: "username" });
  const dialog = make(
    "dialog",
    { className: "small", "aria-label": say("yourName") },
    make(
      "form",
      { method: "dialog" },
      make("h2", {}, say("signIn")),
      make("label", {}, make("span", {}, say("yourName")), input),
      make("p", { className: "hint" }, say("nameHint")),
      make("div", { className: "actions" }, make("button", { className: "main", value: TAKEN }, say("go")), makeButton(say("cancel"), () => dialog.close())),
    ),
  );
  dialog.addEventListener("close", () => {
    const name = input.value.trim();
    if (dialog.returnValue === TAKEN && name && name !== session.name) session.takeName(name);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
