/** A worker that computes the SHA-256 of files, so that the page stays responsive. */

self.addEventListener("message", async ({ data: { number, file } }) => {
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const sha256 = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    self.postMessage({ number, sha256 });
  } catch (error) {
    self.postMessage({ number, error: String(error) });
  }
});
