/** Hashes: the SHA-256 of files, computed in a worker. */

/** Asks one worker, which lives as long as the page. */
export class Hasher {
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Map<number, {resolve: (sha256: string) => void, reject: (error: Error) => void}>} */
  #asked = new Map();
  #count = 0;

  /**
   * Return the hash, or an empty text if the browser computes none: it does so only for secure origins. A file that is
   * not where it was any more is an error.
   *
   * @param {File} file
   * @returns {Promise<string>}
   */
  hash(file) {
    if (!window.isSecureContext) return Promise.resolve("");
    const worker = (this.#worker ??= this.#start());
    const number = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#asked.set(number, { resolve, reject });
      worker.postMessage({ number, file });
    });
  }

  #start() {
    const worker = new Worker(new URL("hash-worker.js", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data: { number, sha256, error } }) => {
      if (sha256) this.#asked.get(number)?.resolve(sha256);
      else this.#asked.get(number)?.reject(new Error(error));
      this.#asked.delete(number);
    });
    worker.addEventListener("error", () => {
      for (const { resolve } of this.#asked.values()) resolve("");
      this.#asked.clear();
    });
    return worker;
  }
}
