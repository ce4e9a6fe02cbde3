/** Replacement: other bytes for an image that is there. */

import { makeKey, pause } from "./api.js";
import { API_URL } from "./settings.js";
import { post, postForm, promiseType } from "./transfer.js";

/** @import { Api, Image } from "./api.js" */

const LOOK_MS = 800;
const LOOKS = 60;

/**
 * Send a file as the new content of an image. What is too large for a request goes straight to S3.
 *
 * @param {Api} api
 * @param {string} id
 * @param {{file: File, signal: AbortSignal, tell: (share: number) => void}} parcel
 */
export async function sendReplacement(api, id, parcel) {
  const { file, signal } = parcel;
  const limits = await api.getLimits();
  const headers = { "Idempotency-Key": makeKey() };
  if (file.size <= limits.maxInlineBytes) {
    const form = new FormData();
    form.append("file", file, file.name);
    await post(`${API_URL}/images/${id}/content`, form, { ...(await api.session.getHeaders()), ...headers }, parcel, "PUT");
  } else {
    const json = { filename: file.name, contentType: promiseType(file), size: file.size };
    const { body } = await api.call("POST", `/images/${id}/content/uploads`, { json, headers, signal });
    await postForm(body.upload, parcel);
  }
}

/**
 * Look at an image until its replacement has been taken or refused.
 *
 * @param {Api} api
 * @param {string} id
 * @param {() => boolean} isWanted
 * @returns {Promise<{image: Image, etag: string} | null>} null if nobody wants to know it any more, or it takes too long
 */
export async function awaitReplacement(api, id, isWanted) {
  for (let look = 0; look < LOOKS && isWanted(); look++) {
    await pause(LOOK_MS);
    const found = await api.getImage(id);
    const status = found.image.replacement?.status;
    if (status !== "pending" && status !== "processing") return isWanted() ? found : null;
  }
  return null;
}
