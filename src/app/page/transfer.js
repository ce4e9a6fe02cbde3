/** Transfer: the bytes of one file on their way, in a request to the API or in a form to S3. */

import { ConnectionError, readError } from "./api.js";
import { API_URL } from "./settings.js";

/** @import { Api, Image, Limits } from "./api.js" */

/**
 * @typedef {object} Parcel
 * @property {File} file
 * @property {string} key
 * @property {"public" | "private"} visibility
 * @property {string[]} tags
 * @property {AbortSignal} signal
 * @property {(share: number) => void} tell how much is sent, from 0 to 1
 */

/**
 * Upload a file, and return its image. What is too large for a request goes straight to S3.
 *
 * @param {Api} api
 * @param {Limits} limits
 * @param {Parcel} parcel
 * @returns {Promise<Image>}
 */
export async function sendFile(api, limits, parcel) {
  return parcel.file.size <= limits.maxInlineBytes ? sendInline(api, parcel) : sendDirectly(api, parcel);
}

/**
 * @param {Api} api
 * @param {Parcel} parcel
 */
async function sendInline(api, parcel) {
  const form = new FormData();
  form.append("visibility", parcel.visibility);
  form.append("tags", JSON.stringify(parcel.tags));
  form.append("file", parcel.file, parcel.file.name);
  const headers = { ...(await api.session.getHeaders()), "Idempotency-Key": parcel.key };
  return JSON.parse(await post(`${API_URL}/images/upload`, form, headers, parcel));
}

/**
 * @param {Api} api
 * @param {Parcel} parcel
 */
async function sendDirectly(api, parcel) {
  const json = {
    filename: parcel.file.name,
    contentType: promiseType(parcel.file),
    size: parcel.file.size,
    metadata: { visibility: parcel.visibility, tags: parcel.tags },
  };
  const headers = { "Idempotency-Key": parcel.key };
  const { body } = await api.call("POST", "/images/uploads", { json, headers, signal: parcel.signal });
  await postForm(body.upload, parcel);
  return (await api.getImage(body.id)).image;
}

/**
 * The type that a form of S3 is made for. It is only a promise: the bytes decide.
 *
 * @param {File} file
 */
export function promiseType(file) {
  return file.type || "image/jpeg";
}

/**
 * Post a file to the form of a direct upload.
 *
 * @param {{url: string, fields: Record<string, string>}} target
 * @param {Pick<Parcel, "file" | "signal" | "tell">} parcel
 */
export async function postForm(target, parcel) {
  const form = new FormData();
  for (const [name, value] of Object.entries(target.fields)) form.append(name, value);
  form.append("file", parcel.file, parcel.file.name);
  await post(target.url, form, {}, parcel);
}

/**
 * `fetch` does not tell how much it has sent, so this is the older way.
 *
 * @param {string} url
 * @param {FormData} form
 * @param {Record<string, string>} headers
 * @param {Pick<Parcel, "signal" | "tell">} parcel
 * @param {string} [method]
 * @returns {Promise<string>}
 */
export function post(url, form, headers, { signal, tell }, method = "POST") {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => tell(event.total ? event.loaded / event.total : 0));
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) resolve(request.responseText);
      else reject(readError(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    });
    request.addEventListener("error", () => reject(new ConnectionError("The connection failed.")));
    request.addEventListener("abort", () => reject(signal.reason));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    if (signal.aborted) reject(signal.reason);
    else request.send(form);
  });
}
