/**
 * `<samsr-compare before="small.png" after="large.png">`: two pictures under one movable divider, with zoom
 * and pan by mouse, touch and keyboard. Importing this file defines the element.
 *
 * Attributes: `before`, `after` and `overlay` are addresses of pictures, the last laid over both;
 * `position` is the divider's place in per cent; there is none where both pictures are the same. Methods:
 * `fit()`, `actualSize()`, `zoom(factor)`.
 */
const STYLE = `
  :host { display: block; position: relative; overflow: hidden; touch-action: none; cursor: grab; min-height: 8rem; }
  :host(:active) { cursor: grabbing; }
  .layer { position: absolute; inset: 0; overflow: hidden; }
  img { position: absolute; left: 0; top: 0; transform-origin: 0 0; max-width: none; user-select: none; pointer-events: none; }
  .overlay img { opacity: 0.55; mix-blend-mode: screen; }
  .divider { position: absolute; top: 0; bottom: 0; width: 3rem; margin-left: -1.5rem; padding: 0; border: 0; background: none; cursor: ew-resize; outline: none; }
  .divider::before { content: ""; position: absolute; left: calc(50% - 1px); top: 0; bottom: 0; width: 2px; background: #fff; box-shadow: 0 0 4px #0008; }
  .divider::after { content: ""; position: absolute; left: calc(50% - 1rem); top: calc(50% - 1rem); width: 2rem; height: 2rem; border-radius: 50%; background: #fff; box-shadow: 0 1px 5px #0008;
    background-image: linear-gradient(90deg, #333 2px, #0000 2px 8px, #333 8px 10px); background-size: 10px 12px; background-repeat: no-repeat; background-position: center; }
  .divider:focus-visible::after { box-shadow: 0 0 0 3px var(--samsr-focus, #4c8dff); }
  .tag { position: absolute; top: 0.6rem; padding: 0.15rem 0.5rem; border-radius: 0.3rem; background: #000a; box-shadow: 0 0 0 1px #fff4; color: #fff; font: 0.8rem/1.4 system-ui, sans-serif; pointer-events: none; }
  .tag.before { left: 0.6rem; } .tag.after { right: 0.6rem; }
  [hidden] { display: none; }
`;

/** The closest and the farthest look, in screen pixels for one of the picture. */
const ZOOM = { least: 0.02, most: 32 } as const;

/** How far one press of a key goes. */
const STEP = { divider: 2, pan: 60, zoom: 1.25 } as const;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The element; see the file's head. */
export class SamsrCompare extends HTMLElement {
  static readonly observedAttributes = [
    "before",
    "after",
    "overlay",
    "position",
    "label-before",
    "label-after",
  ];

  readonly #before = document.createElement("img");
  readonly #after = document.createElement("img");
  readonly #overlay = document.createElement("img");
  readonly #beforeLayer = layerOf(this.#before);
  readonly #overlayLayer = layerOf(this.#overlay, "overlay");
  readonly #divider = document.createElement("button");
  readonly #tags = { before: tagOf("before"), after: tagOf("after") };
  readonly #pointers = new Map<number, Point>();
  readonly #resized = new ResizeObserver(() => this.#fitted && this.fit());
  #position = 50;
  #scale = 1;
  #place: Point = { x: 0, y: 0 };
  #fitted = true;
  #dividing = false;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#divider.className = "divider";
    this.#divider.type = "button";
    this.#divider.setAttribute("role", "slider");
    this.#divider.setAttribute("aria-valuemin", "0");
    this.#divider.setAttribute("aria-valuemax", "100");
    const { before, after } = this.#tags;
    root.append(layerOf(this.#after), this.#beforeLayer, this.#overlayLayer, before, after, this.#divider);
    this.#overlayLayer.hidden = true;
    this.#after.addEventListener("load", () => this.fit());
    for (const image of [this.#before, this.#after, this.#overlay]) image.draggable = false;
    this.addEventListener("pointerdown", (event) => this.#down(event));
    this.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"] as const) {
      this.addEventListener(name, (event) => this.#pointers.delete(event.pointerId));
    }
    this.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.addEventListener("dblclick", () => (this.#fitted ? this.actualSize() : this.fit()));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#show();
  }

  connectedCallback(): void {
    this.#resized.observe(this);
  }

  disconnectedCallback(): void {
    this.#resized.disconnect();
  }

  attributeChangedCallback(name: string, _: string | null, value: string | null): void {
    if (name === "position") {
      this.#position = Math.min(100, Math.max(0, Number(value) || 0));
      this.#show();
      return;
    }
    if (name.startsWith("label-")) {
      this.#tags[name === "label-before" ? "before" : "after"].textContent = value;
      this.#show();
      return;
    }
    const image = { before: this.#before, after: this.#after, overlay: this.#overlay }[name];
    if (!image) return;
    if (value) image.src = value;
    else image.removeAttribute("src");
    if (name === "overlay") this.#overlayLayer.hidden = !value;
    this.#show();
  }

  /** Shows the whole picture. */
  fit(): void {
    const { naturalWidth: width, naturalHeight: height } = this.#after;
    const { clientWidth, clientHeight } = this;
    if (!width || !clientWidth) return;
    this.#scale = Math.min(clientWidth / width, clientHeight / height);
    this.#place = {
      x: (clientWidth - width * this.#scale) / 2,
      y: (clientHeight - height * this.#scale) / 2,
    };
    this.#fitted = true;
    this.#show();
  }

  /** Shows one pixel of the large picture as one of the screen, around the middle. */
  actualSize(): void {
    this.zoom(1 / (devicePixelRatio || 1) / this.#scale);
  }

  /** Looks closer, by a factor over 1, or from farther away, around a point or the middle. */
  zoom(factor: number, around: Point = { x: this.clientWidth / 2, y: this.clientHeight / 2 }): void {
    const scale = Math.min(ZOOM.most, Math.max(ZOOM.least, this.#scale * factor));
    const real = scale / this.#scale;
    this.#place = {
      x: around.x - (around.x - this.#place.x) * real,
      y: around.y - (around.y - this.#place.y) * real,
    };
    this.#scale = scale;
    this.#fitted = false;
    this.#show();
  }

  /** Moves the divider, to a place in per cent. */
  set position(percent: number) {
    this.setAttribute("position", String(Math.round(percent * 10) / 10));
  }

  get position(): number {
    return this.#position;
  }

  #show(): void {
    const { naturalWidth: width, naturalHeight: height } = this.#after;
    for (const image of [this.#before, this.#after, this.#overlay]) {
      image.style.width = `${width}px`;
      image.style.height = `${height}px`;
      image.style.transform = `translate(${this.#place.x}px, ${this.#place.y}px) scale(${this.#scale})`;
      // Seen from very near, pixels are pixels; a small picture that is fitted is not looked at so.
      image.style.imageRendering = this.#scale > 3 && !this.#fitted ? "pixelated" : "auto";
    }
    this.#beforeLayer.style.clipPath = `inset(0 ${100 - this.#position}% 0 0)`;
    this.#divider.style.left = `${this.#position}%`;
    const { before, after } = this.#tags;
    this.#divider.setAttribute("aria-label", `${before.textContent ?? ""} | ${after.textContent ?? ""}`);
    this.#divider.setAttribute("aria-valuenow", String(Math.round(this.#position)));
    // One picture alone has nothing to be divided from.
    const alone = this.getAttribute("before") === this.getAttribute("after");
    this.#divider.hidden = alone;
    before.hidden = alone || this.#position < 8 || !before.textContent;
    after.hidden = alone || this.#position > 92 || !after.textContent;
  }

  #pointOf(event: MouseEvent): Point {
    const { left, top } = this.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.setPointerCapture(event.pointerId);
    this.#dividing =
      event.composedPath().includes(this.#divider) || (this.#fitted && this.#pointers.size === 0);
    this.#pointers.set(event.pointerId, this.#pointOf(event));
    if (this.#dividing) this.position = (100 * this.#pointOf(event).x) / this.clientWidth;
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = this.#pointOf(event);
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.#pointers.set(event.pointerId, now);
    const other = others[0];
    if (other) {
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      const apart = (a: Point) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
      this.#pan((now.x - before.x) / 2, (now.y - before.y) / 2);
      this.zoom(apart(now) / apart(before), middle);
    } else if (this.#dividing) this.position = (100 * now.x) / this.clientWidth;
    else this.#pan(now.x - before.x, now.y - before.y);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.zoom(1.0015 ** -event.deltaY, this.#pointOf(event));
  }

  #pan(x: number, y: number): void {
    this.#place = { x: this.#place.x + x, y: this.#place.y + y };
    this.#fitted = false;
    this.#show();
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { shiftKey } = event;
    const actions: Record<string, () => void> = {
      ArrowLeft: () => (shiftKey ? this.#pan(STEP.pan, 0) : this.#shift(-STEP.divider)),
      ArrowRight: () => (shiftKey ? this.#pan(-STEP.pan, 0) : this.#shift(STEP.divider)),
      ArrowUp: () => this.#pan(0, STEP.pan),
      ArrowDown: () => this.#pan(0, -STEP.pan),
      Home: () => this.#shift(-100),
      End: () => this.#shift(100),
      "+": () => this.zoom(STEP.zoom),
      "=": () => this.zoom(STEP.zoom),
      "-": () => this.zoom(1 / STEP.zoom),
      "0": () => this.fit(),
      "1": () => this.actualSize(),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  #shift(percent: number): void {
    this.position = Math.min(100, Math.max(0, this.#position + percent));
  }
}

function layerOf(image: HTMLImageElement, name = ""): HTMLDivElement {
  const layer = document.createElement("div");
  layer.className = `layer ${name}`.trim();
  image.alt = "";
  layer.append(image);
  return layer;
}

function tagOf(name: "before" | "after"): HTMLSpanElement {
  const tag = document.createElement("span");
  tag.className = `tag ${name}`;
  return tag;
}

if (!customElements.get("samsr-compare")) customElements.define("samsr-compare", SamsrCompare);
