/** Long press: what a finger does where a mouse has a second button. */

const LONG_MS = 450; // browsers open their menu after that
const STILL_PX = 10;
const CLICK_MS = 100;

/**
 * Call `run` with what a finger rests on. The click and the menu that belong to it are taken away.
 *
 * @param {HTMLElement} element
 * @param {(target: Element) => void} run
 */
export function listenForLongPress(element, run) {
  let timer = 0;
  let isLong = false;
  let [x, y] = [0, 0];
  const end = () => clearTimeout(timer);
  element.addEventListener("pointerdown", (event) => {
    end();
    isLong = false;
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    [x, y] = [event.clientX, event.clientY];
    timer = setTimeout(() => {
      isLong = true;
      run(/** @type {Element} */ (event.target));
    }, LONG_MS);
  });
  element.addEventListener("pointermove", (event) => {
    if (Math.hypot(event.clientX - x, event.clientY - y) > STILL_PX) end();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    element.addEventListener(name, () => {
      end();
      setTimeout(() => (isLong = false), CLICK_MS);
    });
  }
  for (const name of ["click", "contextmenu"]) {
    const takeAway = (/** @type {Event} */ event) => {
      if (!isLong) return;
      event.preventDefault();
      event.stopPropagation();
    };
    element.addEventListener(name, takeAway, { capture: true });
  }
}
