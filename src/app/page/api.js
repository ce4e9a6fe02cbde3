/** The API: calls that wait when the service asks for it, and errors with the sentences of the service. */

import { API_URL } from "./settings.js";

/** @import { Session } from "./session.js" */

/**
 * @typedef {object} Rendition
 * @property {string} url
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} Exif
 * @property {string | null} takenAt
 * @property {string | null} camera
 * @property {string | null} lens
 * @property {number | null} focalLengthMm
 * @property {number | null} aperture
 * @property {number | null} exposureSeconds
 * @property {number | null} iso
 * @property {{latitude: number, longitude: number} | null} location
 */

/**
 * @typedef {object} Image
 * @property {string} id
 * @property {string} userId
 * @property {string} filename
 * @property {string} contentType
 * @property {number | null} size
 * @property {number | null} width
 * @property {number | null} height
 * @property {string | null} sha256
 * @property {string | null} description
 * @property {"public" | "private"} visibility
 * @property {string[]} tags
 * @property {"pending" | "processing" | "ready" | "rejected" | "failed"} status
 * @property {string | null} statusReason
 * @property {Record<string, Rendition>} renditions
 * @property {{thumbhash: string, dominantColor: string} | null} placeholder
 * @property {Partial<Exif> | null} exif
 * @property {{status: string, statusReason: string | null} | null} replacement
 * @property {boolean} animated
 * @property {string | null} trashedAt
 * @property {string} createdAt
 * @property {number} revision of the bytes
 * @property {number} version
 */

/**
 * @typedef {object} Limits
 * @property {number} maxInlineBytes
 * @property {number} maxDirectBytes
 * @property {number} trashDays
 */

/**
 * @typedef {object} Request
 * @property {Record<string, string | number | string[] | null | undefined>} [query]
 * @property {unknown} [json]
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

const MAX_TRIES = 4;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 20_000;

/** What the service answered instead of what was asked. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{detail?: string, code?: string, errors?: {field: string, message: string}[]}} problem
   * @param {number} pauseMs until it may be tried again
   */
  constructor(status, problem, pauseMs) {
    const fields = (problem.errors ?? []).map((error) => `${error.field}: ${error.message}`);
    super(fields.join("\n") || problem.detail || `${status}`);
    this.status = status;
    this.code = problem.code ?? "";
    this.pauseMs = pauseMs;
  }

  /** True if the same request may succeed later. */
  get isPassing() {
    return this.status === 429 || this.status >= 500 || this.code === "request_in_progress";
  }
}

/** No answer came: the line is down, or the server is. */
export class ConnectionError extends Error {}

/** Calls the API for one session. */
export class Api {
  /** @type {Promise<Limits> | null} */
  #limits = null;

  /** @param {Session} session */
  constructor(session) {
    this.session = session;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Request} [request]
   * @returns {Promise<{body: any, etag: string}>}
   */
  async call(method, path, request = {}) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#send(method, path, request);
      } catch (error) {
        const canRepeat = method === "GET" || "Idempotency-Key" in (request.headers ?? {});
        const isPassing = error instanceof ConnectionError || (error instanceof ApiError && error.isPassing);
        if (request.signal?.aborted || !canRepeat || !isPassing || tries === MAX_TRIES) throw error;
        await pause(choosePause(error, tries));
      }
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Request} request
   */
  async #send(method, path, { query = {}, json, headers = {}, signal }) {
    const url = `${API_URL}${path}${makeQuery(query)}`;
    const sent = { ...(await this.session.getHeaders()), ...headers };
    if (json !== undefined) sent["Content-Type"] = "application/json";
    const body = json === undefined ? undefined : JSON.stringify(json);
    const response = await fetch(url, { method, headers: sent, body, signal }).catch((error) => {
      throw signal?.aborted ? error : new ConnectionError(error.message);
    });
    const text = await response.text();
    if (!response.ok) throw readError(response.status, text, response.headers.get("Retry-After"));
    return { body: text && JSON.parse(text), etag: response.headers.get("ETag") ?? "" };
  }

  /** The limits are asked for once. */
  getLimits() {
    this.#limits ??= this.call("GET", "/limits").then(({ body }) => body);
    this.#limits.catch(() => {
      this.#limits = null;
    });
    return this.#limits;
  }

  /**
   * @param {string} id
   * @returns {Promise<{image: Image, etag: string}>}
   */
  async getImage(id) {
    const { body, etag } = await this.call("GET", `/images/${id}`);
    return { image: body, etag };
  }

  /**
   * @param {Request["query"]} query
   * @returns {Promise<{images: Image[], nextCursor: string | null}>}
   */
  async listImages(query) {
    return (await this.call("GET", "/images", { query })).body;
  }

  /**
   * @param {string} id
   * @param {object} changes
   * @param {string} etag
   * @returns {Promise<{image: Image, etag: string}>}
   */
  async updateImage(id, changes, etag) {
    const request = { json: changes, headers: { "If-Match": etag } };
    const { body, etag: next } = await this.call("PATCH", `/images/${id}`, request);
    return { image: body, etag: next };
  }
}

/**
 * @param {number} status
 * @param {string} text
 * @param {string | null} retryAfter
 */
export function readError(status, text, retryAfter) {
  let problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // A gateway in between answers as it likes.
  }
  return new ApiError(status, problem, Number(retryAfter ?? 0) * 1000);
}

/**
 * @param {unknown} error
 * @param {number} tries
 */
export function choosePause(error, tries) {
  const asked = error instanceof ApiError ? error.pauseMs : 0;
  const backoff = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
  return Math.max(asked, backoff * (0.5 + Math.random() / 2));
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} [signal] ends it at once
 * @returns {Promise<void>}
 */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A name for one wish: however often it is sent, the service does it once. */
export function makeKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {NonNullable<Request["query"]>} query */
function makeQuery(query) {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") pairs.append(name, String(each));
    }
  }
  return pairs.size ? `?${pairs}` : "";
}
