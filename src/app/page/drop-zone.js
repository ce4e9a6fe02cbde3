/** Drop zone: the whole page, for files that people drop or paste. */

import { make } from "./elements.js";
import { collectFiles } from "./files.js";
import { say } from "./texts.js";

/** @import { Session } from "./session.js" */

/** Shows where files may be dropped, and fires `files` with them. */
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
      if (!this.#takes(event.dataTransfer)) return;
      event.preventDefault();
      this.hidden = false;
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.hidden = true;
    });
    document.addEventListener("drop", async (event) => {
      this.hidden = true;
      if (!event.dataTransfer || !this.#takes(event.dataTransfer)) return;
      event.preventDefault();
      this.#tell(await collectFiles(event.dataTransfer));
    });
    document.addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length || !this.session.isNamed) return;
      event.preventDefault();
      this.#tell([...event.clipboardData.files]);
    });
  }

  /** @param {DataTransfer | null} transfer */
  #takes(transfer) {
    return this.session.isNamed && transfer?.types.includes("Files");
  }

  /** @param {File[]} files */
  #tell(files) {
    this.dispatchEvent(new CustomEvent("files", { detail: files }));
  }
}

customElements.define("drop-zone", DropZone);
