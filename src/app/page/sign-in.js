/** Sign-in: on the issuer's own page, by authorization code with PKCE. The tokens stay in memory. */

import { ConnectionError, makeKey } from "./api.js";
import { make } from "./elements.js";
import { API_URL } from "./settings.js";
import { say } from "./texts.js";

/** @import { SignInSettings } from "./settings.js" */

const BEGUN = "signIn";
/** The name of the channel between a page and the window beside it, and what their states begin with. */
const BESIDE = "beside.";
const BESIDE_FEATURES = "popup,width=520,height=720";
const NAMES = ["name", "preferred_username", "email", "cognito:username"];
const PATIENCE_MS = 20_000;
const RENEWED_BEFORE_MS = 60_000;
const USUAL_LIFETIME_SECONDS = 300;
/** The issuer knows the address of the page letter by letter. */
const PAGE_URL = `${API_URL}/`;

/**
 * @typedef {object} Tokens
 * @property {string} access
 * @property {string} refresh
 * @property {string} id
 * @property {number} endsAt when the access token ends, in milliseconds
 */

/** What the issuer says, in its own words, or why its answer does not count. */
export class SignInError extends Error {}

/** Signs one person in and out. Fires `end` when the issuer renews the tokens no longer. */
export class SignIn extends EventTarget {
  /** @type {Tokens | null} */
  #tokens = null;
  /** @type {Promise<void> | null} */
  #renewal = null;

  /** @param {SignInSettings} settings */
  constructor(settings) {
    super();
    this.settings = settings;
  }

  get isSignedIn() {
    return this.#tokens !== null;
  }

  /** What people call themselves at the issuer, or nothing. */
  get name() {
    const claims = readClaims(this.#tokens?.id ?? "");
    return NAMES.map((name) => claims[name]).find((value) => typeof value === "string") ?? "";
  }

  /** Leave for the page of the issuer. It sends the person back to where they are. */
  async begin() {
    const state = makeKey();
    const verifier = makeKey() + makeKey();
    sessionStorage.setItem(BEGUN, JSON.stringify({ state, verifier, hash: location.hash }));
    location.assign(await this.#makeUrl(state, verifier));
  }

  /** Open the page of the issuer in a window of its own, so that nothing of this page is lost. */
  async beginBeside() {
    const beside = window.open("", "", BESIDE_FEATURES); // before anything is awaited, or the browser blocks it
    if (!beside) throw new SignInError(say("signInBlocked"));
    const state = BESIDE + makeKey();
    const verifier = makeKey() + makeKey();
    const answered = awaitAnswer(state);
    beside.location.href = await this.#makeUrl(state, verifier);
    await this.#take(await answered, verifier);
  }

  /**
   * @param {string} state
   * @param {string} verifier
   */
  async #makeUrl(state, verifier) {
    return addQuery(this.settings.authorizationUrl, {
      response_type: "code",
      client_id: this.settings.clientId,
      redirect_uri: PAGE_URL,
      scope: this.settings.scopes,
      state,
      code_challenge: await hash(verifier),
      code_challenge_method: "S256",
    });
  }

  /** Take the answer that the issuer has put into the address, if there is one, and show what was shown before. */
  async finish() {
    const answer = new URLSearchParams(location.search);
    const state = answer.get("state");
    if (state === null && !answer.has("error")) return;
    if (state?.startsWith(BESIDE)) await giveAnswer();
    const begun = takeBegun();
    history.replaceState(null, "", PAGE_URL + (begun?.state === state ? begun.hash : ""));
    if (begun?.state !== state) throw new SignInError(say("signInForgotten"));
    await this.#take(answer, begun.verifier);
  }

  /**
   * @param {URLSearchParams} answer of the issuer
   * @param {string} verifier
   */
  async #take(answer, verifier) {
    const code = answer.get("code");
    if (code === null) throw new SignInError(answer.get("error_description") || answer.get("error") || "");
    this.#tokens = await this.#ask({ grant_type: "authorization_code", code, redirect_uri: PAGE_URL, code_verifier: verifier });
  }

  /** Return a token that is valid, or nothing if nobody is signed in any more. */
  async getToken() {
    if (this.#tokens && Date.now() > this.#tokens.endsAt - RENEWED_BEFORE_MS) {
      this.#renewal ??= this.#renew(this.#tokens).finally(() => (this.#renewal = null));
      await this.#renewal;
    }
    return this.#tokens?.access ?? "";
  }

  /** Forget the tokens, let the issuer end them, and leave for it, so that it forgets the person as well. */
  end() {
    const idToken = this.#tokens?.id;
    if (this.#tokens?.refresh) this.#revoke(this.#tokens.refresh);
    this.#tokens = null;
    const { endSessionUrl, clientId } = this.settings;
    if (!endSessionUrl) return;
    // Cognito knows `logout_uri` only. The standard calls it `post_logout_redirect_uri`.
    const query = { client_id: clientId, logout_uri: PAGE_URL, post_logout_redirect_uri: PAGE_URL };
    location.assign(addQuery(endSessionUrl, idToken ? { ...query, id_token_hint: idToken } : query));
  }

  /**
   * The request outlives the page, and nobody waits for its answer: a token that nobody has ends by itself.
   *
   * @param {string} token
   */
  #revoke(token) {
    const { revocationUrl, clientId } = this.settings;
    if (!revocationUrl) return;
    const body = new URLSearchParams({ client_id: clientId, token, token_type_hint: "refresh_token" });
    fetch(revocationUrl, { method: "POST", mode: "no-cors", keepalive: true, body }).catch(() => {});
  }

  /** @param {Tokens} old */
  async #renew(old) {
    const isOver = Date.now() > old.endsAt;
    try {
      if (old.refresh) this.#replace(old, await this.#ask({ grant_type: "refresh_token", refresh_token: old.refresh }));
      else if (isOver) this.#replace(old, null);
    } catch (error) {
      if (!(error instanceof ConnectionError)) this.#replace(old, null);
      else if (isOver) throw error;
    }
  }

  /**
   * The person may have signed out meanwhile.
   *
   * @param {Tokens} old
   * @param {Tokens | null} tokens
   */
  #replace(old, tokens) {
    if (this.#tokens !== old) return;
    this.#tokens = tokens && { ...tokens, refresh: tokens.refresh || old.refresh, id: tokens.id || old.id };
    if (!tokens) this.dispatchEvent(new Event("end"));
  }

  /**
   * @param {Record<string, string>} parameters
   * @returns {Promise<Tokens>}
   */
  async #ask(parameters) {
    const body = new URLSearchParams({ client_id: this.settings.clientId, ...parameters });
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(this.settings.tokenUrl, { method: "POST", body, signal }).catch((error) => {
      throw new ConnectionError(error.message);
    });
    if (response.status >= 500) throw new ConnectionError(`${response.status}`);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok || !answer.access_token) throw new SignInError(answer.error_description || answer.error || `${response.status}`);
    return {
      access: answer.access_token,
      refresh: answer.refresh_token ?? "",
      id: answer.id_token ?? "",
      endsAt: Date.now() + (answer.expires_in ?? USUAL_LIFETIME_SECONDS) * 1000,
    };
  }
}

/** @returns {{state: string, verifier: string, hash: string} | null} */
function takeBegun() {
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) ?? "null");
  sessionStorage.removeItem(BEGUN);
  return begun;
}

/**
 * @param {string} url
 * @param {Record<string, string>} query
 */
function addQuery(url, query) {
  const target = new URL(url);
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
  return target.href;
}

/**
 * Wait for the window beside this page. It gives the answer to every page of this origin, and one of them has asked.
 *
 * @param {string} state
 * @returns {Promise<URLSearchParams>}
 */
function awaitAnswer(state) {
  const channel = new BroadcastChannel(BESIDE);
  return new Promise((resolve) => {
    channel.addEventListener("message", ({ data }) => {
      const answer = new URLSearchParams(data);
      if (answer.get("state") !== state) return;
      channel.close();
      resolve(answer);
    });
  });
}

/** This is the window beside a page: give it the answer, and close. Nothing follows. */
function giveAnswer() {
  new BroadcastChannel(BESIDE).postMessage(location.search);
  history.replaceState(null, "", PAGE_URL);
  document.body.append(make("main", {}, say("signInGiven")));
  window.close();
  return new Promise(() => {});
}

/** @param {string} verifier */
async function hash(verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Nothing depends on these claims but the name that a person sees, so nobody checks their signature.
 *
 * @param {string} token
 * @returns {Record<string, unknown>}
 */
function readClaims(token) {
  const part = token.split(".")[1] ?? "";
  try {
    const bytes = Uint8Array.from(atob(part.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}
