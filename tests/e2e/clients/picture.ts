// What both clients need and TypeScript has no types for without more packages.
declare function require(name: "node:fs"): { openAsBlob(path: string): Promise<Blob> };

export function readPicture(path: string): Promise<Blob> {
  return require("node:fs").openAsBlob(path);
}

export function sleep(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}
