/** Files: what a person drops, pastes or chooses, with folders opened. */

const HIDDEN = /^\./;

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<{files: File[], unreadable: string[]}>} and the names of what the system does not let the page read
 */
export async function collectFiles(transfer) {
  // The list is empty as soon as the event is over, so every entry is taken from it first.
  const items = [...transfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  /** @type {string[]} */
  const unreadable = [];
  const open = (/** @type {FileSystemEntry | null} */ entry) => openEntry(entry, unreadable);
  const found = await Promise.all(entries.map((entry) => (entry instanceof File ? [entry] : open(entry))));
  return { files: found.flat(), unreadable };
}

/**
 * One that cannot be read holds up no other.
 *
 * @param {FileSystemEntry | null} entry
 * @param {string[]} unreadable gets its name
 * @returns {Promise<File[]>}
 */
async function openEntry(entry, unreadable) {
  if (!entry) return [];
  try {
    const found = await readEntry(entry);
    if (found instanceof File) return [found];
    return (await Promise.all(found.map((each) => openEntry(each, unreadable)))).flat();
  } catch {
    unreadable.push(entry.name);
    return [];
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File | FileSystemEntry[]>}
 */
async function readEntry(entry) {
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    return new Promise((resolve, reject) => file.file(resolve, reject));
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!batch.length) break;
    found.push(...batch);
  }
  return found.filter((each) => !HIDDEN.test(each.name));
}

/**
 * Files that a person has chosen, without those that systems hide in a folder that was chosen.
 *
 * @param {FileList | null} list
 */
export function listFiles(list) {
  return [...(list ?? [])].filter((file) => !file.webkitRelativePath || !HIDDEN.test(file.name));
}
