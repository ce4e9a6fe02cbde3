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
 * @param {string} etag of the image that the person has seen
 */
export async function sendReplacement(api, id, parcel, etag) {
  const { file, signal } = parcel;
  const limits = await api.getLimits();
  const headers = { "Idempotency-Key": makeKey(), "If-Match": etag };
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
 * @returns {Promise<{image: Image, etag: string} | null>} null if it takes too long
 */
export async function awaitReplacement(api, id) {
  for (let look = 0; look < LOOKS; look++) {
    await pause(LOOK_MS);
    const found = await api.getImage(id);
    const status = found.image.replacement?.status;
    if (status !== "pending" && status !== "processing") return found;
  }
  return null;
}
