/**
 * What the page that enlarges in the browser and the page of a server have in common: a list of photos, a
 * stage for one of them, and what happens when they are touched.
 */
import "../src/web/compare.js";
import type { SamsrCompare } from "../src/web/compare.js";
import { filesOf } from "./dropped.js";
import { forget, type Item, isActive } from "./item.js";
import { canSaveToFolder, save, saveToFolder, saveZip } from "./save.js";
import { thumbnail } from "./thumbnails.js";
import { words } from "./words.js";

/** What a queue's work tells. */
export interface EngineEvents<I extends Item> {
  /** Something about a photo has changed. */
  changed(item: I): void;
  /** A line that everybody should know. */
  note(line: string): void;
}

/** Where photos are enlarged. */
export interface Engine<I extends Item> {
  readonly busy: boolean;
  /** Puts photos at the end of the queue. */
  add(items: readonly I[]): void;
  cancel(item: I): void;
  /** Takes note that a photo is out of the list. */
  removed?(item: I): void;
}

export interface PageOptions<I extends Item, E extends Engine<I>> {
  readonly itemOf: (file: File) => I;
  readonly engine: (events: EngineEvents<I>) => E;
  /** What buttons do that only this page has, by their data-act. */
  readonly actions?: Readonly<Record<string, () => unknown>>;
  /** Takes files that are no photos. @returns the others */
  readonly takeOthers?: (files: readonly File[]) => readonly File[];
  /** Another photo is on the stage. */
  readonly onShow?: () => void;
}

export interface Page<I extends Item, E extends Engine<I>> {
  readonly engine: E;
  /** The photo on the stage. */
  readonly shown: I | undefined;
  /** Puts files into the queue. What is no picture is told about in its row. */
  add(files: readonly File[]): Promise<void>;
  /** Lists a photo that the engine has already. */
  list(item: I): void;
  note(line: string): void;
  /** Says what an action was refused for. */
  tell(error: unknown): void;
}

/** Photos that are listed in one task, so that hundreds do not stall the page. */
const ROWS_AT_ONCE = 20;

export const $ = <T extends HTMLElement = HTMLElement>(selector: string) =>
  document.querySelector<T>(selector)!;

/** The divider on the stage. */
export const compare = $<SamsrCompare>("#compare");

/** A button by its data-act, beside the one of the empty page. */
export function button(act: string): HTMLButtonElement {
  return $<HTMLButtonElement>(`#stage [data-act="${act}"], aside [data-act="${act}"]`);
}

export function createPage<I extends Item, E extends Engine<I>>(options: PageOptions<I, E>): Page<I, E> {
  const items: I[] = [];
  const rows = new Map<I, ReturnType<typeof createRow>>();
  let shown: I | undefined;
  const engine = options.engine({
    changed(item) {
      rows.get(item)?.update();
      if (item === shown) showItem(item);
      showSummary();
    },
    note,
  });

  /** What concerns all photos; it is shown behind what there is to say of the one on the stage. */
  let news = "";
  function note(line: string): void {
    news = line;
    showNote();
  }

  function showNote(): void {
    const { name, warnings } = shown ?? { name: "", warnings: [] };
    const text = [...warnings.map((warning) => `${name} ${warning}`), news].filter(Boolean).join(". ");
    // A screen reader says what is set, even where it is the same.
    if ($("#note").textContent !== text) $("#note").textContent = text;
  }

  /** Puts photos at the end of the list. */
  function list(item: I): void {
    items.push(item);
    const row = createRow(item);
    rows.set(item, row);
    $("#queue").append(row.element);
    if (!shown) showItem(item);
    showLayout();
  }

  async function add(files: readonly File[]): Promise<void> {
    if (files.length > 0) note("");
    for (let at = 0; at < files.length; at += ROWS_AT_ONCE) {
      const added = files.slice(at, at + ROWS_AT_ONCE).map(options.itemOf);
      for (const item of added) list(item);
      engine.add(added);
      await new Promise((done) => setTimeout(done));
    }
  }

  /** A photo in the list. */
  function createRow(item: I) {
    const element = document.createElement("li");
    const open = document.createElement("button");
    open.type = "button";
    open.className = "open";
    const image = document.createElement("img");
    image.alt = "";
    const text = document.createElement("span");
    const name = document.createElement("span");
    name.className = "name";
    name.dir = "auto";
    name.textContent = item.name;
    const state = document.createElement("span");
    state.className = "state";
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.setAttribute("aria-label", item.name);
    text.append(name, state, progress);
    open.append(image, text);
    const action = document.createElement("button");
    action.type = "button";
    action.className = "small";
    element.append(open, action);
    open.addEventListener("click", () => showItem(item));
    action.addEventListener("click", () => {
      if (isActive(item)) engine.cancel(item);
      else remove(item);
    });
    let drawn = false;
    /** From the photo, or from what came out where only that is there. */
    const draw = (file: File | undefined) => {
      if (drawn || !file) return;
      drawn = true;
      void thumbnail(file).then((small) => {
        // It may have been removed meanwhile.
        if (!small || !rows.has(item)) return;
        item.thumbnail = URL.createObjectURL(small);
        image.src = item.thumbnail;
        if (item === shown) showItem(item);
      });
    };
    const update = () => {
      draw(item.file ?? item.result?.file);
      element.className = `${item.state}${item === shown ? " shown" : ""}`;
      state.textContent = item.line;
      progress.hidden = item.state !== "working";
      progress.value = item.share;
      action.textContent = isActive(item) ? words.cancel : words.remove;
      action.setAttribute("aria-label", `${action.textContent}: ${item.name}`);
    };
    update();
    return { element, update };
  }

  function remove(item: I): void {
    engine.cancel(item);
    items.splice(items.indexOf(item), 1);
    rows.get(item)?.element.remove();
    rows.delete(item);
    engine.removed?.(item);
    forget(item);
    if (shown === item) {
      shown = undefined;
      if (items[0]) showItem(items[0]);
    }
    showLayout();
  }

  /** Shows a photo on the stage: both sides once it is done. */
  function showItem(item: I): void {
    const last = shown;
    const other = last !== item;
    shown = item;
    // Only what is known to be of a size that can be shown.
    if (item.file && item.thumbnail) item.before ??= URL.createObjectURL(item.file);
    const after = item.result?.address ?? item.before ?? "";
    const before = item.before ?? after;
    if (compare.getAttribute("before") !== before) compare.setAttribute("before", before);
    if (compare.getAttribute("after") !== after) compare.setAttribute("after", after);
    if (other) {
      options.onShow?.();
      if (last) rows.get(last)?.update();
      rows.get(item)?.update();
    }
    $("#facts").textContent = item.line;
    showNote();
    button("save").disabled = !item.result;
    button("again").disabled = !item.file || isActive(item);
  }

  function showLayout(): void {
    $("#empty").hidden = items.length > 0;
    $("#work").hidden = items.length === 0;
    showSummary();
  }

  let summaryDue = false;
  /** Counts what stands how, once for all changes of one task. */
  function showSummary(): void {
    if (summaryDue) return;
    summaryDue = true;
    queueMicrotask(() => {
      summaryDue = false;
      countItems();
    });
  }

  function countItems(): void {
    const count = (state: Item["state"]) => items.filter((item) => item.state === state).length;
    $("#summary").textContent = words.summary(count("done"), count("failed"), items.length);
    const any = results().length > 0;
    button("save-all").disabled = !any;
    button("save-folder").disabled = !any;
    button("cancel-all").disabled = !items.some(isActive);
  }

  const results = () => items.flatMap(({ result }) => (result ? [result.file] : []));

  const actions: Readonly<Record<string, () => unknown>> = {
    choose: () => $<HTMLInputElement>("#files").click(),
    paste: pasteFromClipboard,
    fit: () => compare.fit(),
    actual: () => compare.actualSize(),
    again: () => shown && engine.add([shown]),
    save: () => shown?.result && save(shown.result.file),
    "save-all": async () => {
      const count = await saveZip(results());
      if (count > 0) note(words.zipped(count));
    },
    "save-folder": async () => {
      const count = await saveToFolder(results());
      if (count > 0) note(words.saved(count));
    },
    "cancel-all": () => {
      for (const item of items.filter(isActive).reverse()) engine.cancel(item);
    },
    clear: () => {
      // From the end, so that none of them is shown on its way out.
      for (const item of [...items].reverse()) remove(item);
    },
    ...options.actions,
  };

  document.addEventListener("click", (event) => {
    const act = (event.target as Element).closest<HTMLElement>("[data-act]")?.dataset.act;
    const action = act ? actions[act] : undefined;
    if (action) void Promise.resolve(action()).catch(tell);
  });

  function tell(error: unknown): void {
    note(error instanceof Error ? error.message : String(error));
  }

  async function pasteFromClipboard(): Promise<void> {
    const found = await navigator.clipboard.read().catch(() => undefined);
    if (!found) return note(words.pasteRefused);
    const files: File[] = [];
    for (const entry of found) {
      const type = entry.types.find((name) => name.startsWith("image/"));
      if (type) files.push(new File([await entry.getType(type)], `pasted.${type.slice(6)}`, { type }));
    }
    if (files.length === 0) note(words.pasteNothing);
    await add(files);
  }

  takeFiles($<HTMLInputElement>("#files"), add, tell);

  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) void takeDropped(files).catch(tell);
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    void filesOf(event.dataTransfer)
      .then(async ({ files, barren }) => {
        await takeDropped(files);
        if (barren.length > 0) note(words.barren(barren.join(", ")));
      })
      .catch(tell);
  });
  addEventListener("beforeunload", (event) => {
    if (engine.busy) event.preventDefault();
  });

  function takeDropped(files: readonly File[]): Promise<void> {
    return add(options.takeOthers?.(files) ?? files);
  }

  button("save-folder").hidden = !canSaveToFolder;
  showLayout();

  return {
    engine,
    get shown() {
      return shown;
    },
    add,
    list,
    note,
    tell,
  };
}

/** Hands over what is chosen in a field of files, as often as it is. */
export function takeFiles(
  input: HTMLInputElement,
  take: (files: File[]) => unknown,
  tell: (error: unknown) => void,
): void {
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    void Promise.resolve(take(files)).catch(tell);
  });
}
