/** Facts: what is known of an image, in rows. */

import { make } from "./elements.js";
import { say, sayBytes, sayTime } from "./texts.js";

/** @import { Image } from "./api.js" */

const LOCAL_TIME_CHARS = 19; // without the offset: the time that the camera showed

/**
 * @param {Image} image
 * @param {{isOwn: boolean, hasForm: boolean}} settings what a form shows is in no row
 */
export function makeFacts(image, { isOwn, hasForm }) {
  const exif = image.exif ?? {};
  const known = /** @type {const} */ ([
    ["pixels", image.width && `${image.width} × ${image.height}`],
    ["size", image.size && sayBytes(image.size)],
    ["uploadedAt", sayTime(image.createdAt)],
    ["takenAt", exif.takenAt && sayTime(exif.takenAt.slice(0, LOCAL_TIME_CHARS))],
    ["camera", exif.camera],
    ["lens", exif.lens],
    ["exposure", sayExposure(exif)],
    ["location", exif.location && `${exif.location.latitude}, ${exif.location.longitude}`],
    ["owner", !isOwn && image.userId],
    ["description", !hasForm && image.description],
    ["tags", !hasForm && image.tags.join(", ")],
  ]);
  const rows = known
    .filter(([, value]) => value)
    .map(([name, value]) => make("div", {}, make("dt", {}, say(name)), make("dd", {}, make("bdi", {}, String(value)))));
  return make("dl", { className: "facts" }, ...rows);
}

/** @param {NonNullable<Image["exif"]>} exif */
function sayExposure({ exposureSeconds: seconds, aperture, iso, focalLengthMm }) {
  const facts = [
    seconds && (seconds < 1 ? `1/${Math.round(1 / seconds)} s` : `${seconds} s`),
    aperture && `f/${aperture}`,
    iso && `ISO ${iso}`,
    focalLengthMm && `${focalLengthMm} mm`,
  ];
  return facts.filter(Boolean).join(" · ");
}
