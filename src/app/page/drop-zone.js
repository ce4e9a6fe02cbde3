/** Drop zone: the whole page, for files that people drop or paste. */

import { make } from "./elements.js";
import { collectFiles } from "./files.js";
import { say } from "./texts.js";

/** @import { Session } from "./session.js" */

const NOTHING = { files: [], unreadable: [] };

/** Shows where files may be dropped, and fires `files` with them, and `unreadable` with the names of others. */
export class DropZone extends HTMLElement {
  /** @param {Session} session of whoever may upload */
  constructor(session) {
    super();
    this.session = session;
    this.hidden = true;
    this.append(make("div", { className: "drop" }, say("dropHere")));
  }

  connectedCallback() {
    document.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // otherwise the browser leaves the page for the file
      this.hidden = !this.session.isNamed;
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.hidden = true;
    });
    document.addEventListener("drop", async (event) => {
      this.hidden = true;
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const { files, unreadable } = this.session.isNamed ? await collectFiles(event.dataTransfer) : NOTHING;
      this.#tell("files", files);
      this.#tell("unreadable", unreadable);
    });
    document.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length || !this.session.isNamed) return;
      event.preventDefault();
      this.#tell("files", [...event.clipboardData.files]);
    });
  }

  /**
   * @param {"files" | "unreadable"} name
   * @param {(File | string)[]} detail
   */
  #tell(name, detail) {
    if (detail.length) this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

customElements.define("drop-zone", DropZone);
