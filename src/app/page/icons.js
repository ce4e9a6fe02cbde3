/** Icons: signs of lines on a square of 24. Whoever uses one says beside it what it means. */

const SVG = "http://www.w3.org/2000/svg";
const TAG = "M4 4h8l8 8-8 8-8-8zM8 8v.01";

const PATHS = {
  all: "M2 12l5 5L17 7M12 16l1 1L23 7",
  check: "M4 12l5 5L20 6",
  close: "M6 6l12 12M18 6 6 18",
  download: "M12 4v12m-5-5 5 5 5-5M4 20h16",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  filter: "M3 6h18M7 12h10M10 18h4",
  folder: "M3 6h6l2 2h10v11H3z",
  info: "M12 11v6M12 7.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  next: "M9 5l7 7-7 7",
  pause: "M9 5v14M15 5v14",
  pictures: "M4 5h16v14H4zM4 17l5-5 4 4 3-3 4 4M15.5 9v.01",
  previous: "M15 5l-7 7 7 7",
  private: "M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3",
  public: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  replace: "M4 8h14l-4-4M20 16H6l4 4",
  restore: "M9 5l-5 5 5 5M4 10h10a5 5 0 0 1 0 10h-3",
  resume: "M7 5l12 7-12 7z",
  retry: "M20 12a8 8 0 1 1-2.3-5.7L20 8.5M20 4v4.5h-4.5",
  signOut: "M10 4H4v16h6M15 8l4 4-4 4M19 12H9",
  tag: `${TAG}M12 9.5v5M9.5 12h5`,
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v6M14 11v6",
  untag: `${TAG}M9.5 12h5`,
  upload: "M12 16V4m-5 5 5-5 5 5M4 20h16",
  warning: "M12 4 2 20h20zM12 10v4M12 17v.01",
};

/** @typedef {keyof typeof PATHS} IconName */

/** Those that point somewhere point the other way where text runs from right to left. */
const POINTING = new Set(["next", "previous", "restore", "signOut"]);

/** @param {IconName} name */
export function makeIcon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", POINTING.has(name) ? "icon pointing" : "icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
