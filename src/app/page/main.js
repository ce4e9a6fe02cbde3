/** The start: who looks and the first pictures are asked for while the rest of the page is on its way. */

import { findView } from "./address.js";
import { Api } from "./api.js";
import { Library } from "./library.js";
import { Page } from "./page.js";
import { Session } from "./session.js";
import { readSettings } from "./settings.js";
import { SignIn } from "./sign-in.js";

const settings = readSettings();
const session = new Session(settings, settings.signIn && new SignIn(settings.signIn));
const api = new Api(session);
/** @type {unknown} */
let signInError = null;
await session.finishSignIn().catch((error) => (signInError = error));
const library = new Library(api, findView(location.hash, session.isNamed));
library.open();
const identified = session.identify(api).then(() => null, (error) => error);

new Page(settings, session, api).start({ library, signInError, identified });
