/** A page to look at results with: each picture by every method, and any two of them under a slider. */

import { escapeHtml } from "../base/html.js";

export interface GalleryPicture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** The results by method: the picture's place relative to the page, and a line of figures under it. */
  readonly results: ReadonlyMap<string, { readonly source: string; readonly figures: string }>;
}

/** Writes one self-contained HTML file beside the pictures it shows; it asks nothing of any network. */
export function galleryPage(title: string, table: string, pictures: readonly GalleryPicture[]): string {
  const methods = [...new Set(pictures.flatMap(({ results }) => [...results.keys()]))];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
<pre>${escapeHtml(table)}</pre>
<p>Two methods under a slider: ${choice("left", methods, 0)} ${choice("right", methods, 1)}</p>
${pictures.map(section).join("\n")}
<script>${SCRIPT}</script>
</html>
`;
}

function choice(id: string, methods: readonly string[], chosen: number): string {
  const options = methods.map(
    (method, i) => `<option${i === chosen ? " selected" : ""}>${escapeHtml(method)}</option>`,
  );
  return `<select id="${id}" aria-label="${id} method">${options.join("")}</select>`;
}

function section({ name, width, height, results }: GalleryPicture): string {
  const figures = [...results].map(
    ([method, { source, figures }]) =>
      `<figure><img loading="lazy" src="${link(source)}" width="${width}" height="${height}" ` +
      `alt="${escapeHtml(method)}"` +
      " " +
      `data-method="${escapeHtml(method)}"><figcaption>${escapeHtml(method)}<br>${escapeHtml(figures)}</figcaption></figure>`,
  );
  return (
    `<section><h2>${escapeHtml(name)}</h2><div class="pair" ` +
    `style="max-width:${width}px;aspect-ratio:${width}/${height}">` +
    `<img alt="left"><img alt="right"><input type="range" aria-label="divider" value="50" step="0.1"></div>` +
    `<div class="row">${figures.join("")}</div></section>`
  );
}

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; background: #181a1b; color: #ddd }
pre { overflow-x: auto } h2 { font-size: 1rem; margin: 2rem 0 .5rem }
.row { display: flex; gap: .5rem; overflow-x: auto } figure { margin: 0; flex: 0 0 auto }
.row img { height: 16rem; width: auto } figcaption { font-size: .85rem }
.pair { position: relative; margin-bottom: .5rem } .pair img { position: absolute; inset: 0; width: 100%; height: 100% }
.pair img + img { clip-path: inset(0 0 0 var(--at, 50%)) }
.pair input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize }
.pair::after { content: ""; position: absolute; top: 0; bottom: 0; left: var(--at, 50%); width: 1px; background: #fff; pointer-events: none }
`;

const SCRIPT = `
const chosen = (side) => document.getElementById(side).value;
function show() {
  for (const section of document.querySelectorAll("section")) {
    const sources = new Map([...section.querySelectorAll("[data-method]")].map((i) => [i.dataset.method, i.src]));
    const [left, right] = section.querySelectorAll(".pair img");
    for (const [image, side] of [[left, "left"], [right, "right"]]) {
      const source = sources.get(chosen(side));
      if (source) image.src = source;
      else image.removeAttribute("src");
    }
  }
}
for (const select of document.querySelectorAll("select")) select.addEventListener("change", show);
for (const range of document.querySelectorAll("input[type=range]")) {
  range.addEventListener("input", () => range.parentElement.style.setProperty("--at", range.value + "%"));
}
show();
`;

function link(path: string): string {
  return escapeHtml(path.split("/").map(encodeURIComponent).join("/"));
}
