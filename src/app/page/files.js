/** Files: what a person drops, pastes or chooses, with folders opened. */

const HIDDEN = /^\./;

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>}
 */
export async function collectFiles(transfer) {
  // The list is empty as soon as the event is over, so every entry is taken from it first.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = await Promise.all(entries.map((entry) => (entry instanceof File ? [entry] : openEntry(entry))));
  return found.flat();
}

/**
 * @param {FileSystemEntry | null} entry
 * @returns {Promise<File[]>}
 */
async function openEntry(entry) {
  if (!entry || HIDDEN.test(entry.name)) return [];
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return [await new Promise((resolve, reject) => file.file(resolve, reject))];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) break;
    found.push(...batch);
  }
  return (await Promise.all(found.map(openEntry))).flat();
}

/**
 * Files that a person has chosen, without those that systems hide in folders.
 *
 * @param {FileList | null} list
 */
export function listFiles(list) {
  return [...(list ?? [])].filter((file) => !HIDDEN.test(file.name));
}
