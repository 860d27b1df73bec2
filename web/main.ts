/** The page: what is shown, and what happens when it is touched. */
import "../src/web/compare.js";
import type { SamsrCompare } from "../src/web/compare.js";
import { detailOf, openUpscalingModel } from "../src/web/index.js";
import { createEngine } from "./engine.js";
import { createItem, forget, type Item } from "./item.js";
import { type KeptModel, keepModel, keptModels, removeModel } from "./models.js";
import { canSaveToFolder, save, saveToFolder, saveZip } from "./save.js";
import { createSettings } from "./settings.js";
import { words } from "./words.js";

const $ = <T extends HTMLElement = HTMLElement>(selector: string) => document.querySelector<T>(selector)!;
const compare = $<SamsrCompare>("#compare");
const items: Item[] = [];
const rows = new Map<Item, ReturnType<typeof createRow>>();
let shown: Item | undefined;

const form = createSettings($<HTMLFormElement>("#form"));
const engine = createEngine({
  settings: () => form.read(models),
  changed(item) {
    rows.get(item)?.update();
    if (item === shown) showItem(item);
    showSummary();
  },
  device(line, trials) {
    const chip = $("#device");
    chip.textContent = line;
    const names = trials.map(({ device, detail, milliseconds }) =>
      words.tried(`${words.deviceNames[device]}: ${detail}`, milliseconds),
    );
    chip.title = [...names, ...(engine.threads === 1 ? [words.oneThread] : [])].join("\n");
  },
  detail: form.offerDetail,
  note,
});
let models: readonly KeptModel[] = [];

function note(line: string): void {
  $("#note").textContent = line;
}

/** Puts files into the queue. What is no picture is told about in its row. */
function add(files: readonly File[]): void {
  const added = files.map(createItem);
  for (const item of added) {
    items.push(item);
    const row = createRow(item);
    rows.set(item, row);
    $("#queue").append(row.element);
  }
  if (added.length === 0) return;
  note("");
  engine.add(added);
  if (!shown) showItem(added[0]!);
  showLayout();
}

/** A photo in the list. */
function createRow(item: Item) {
  const element = document.createElement("li");
  const open = document.createElement("button");
  open.type = "button";
  open.className = "open";
  const image = document.createElement("img");
  image.alt = "";
  const text = document.createElement("span");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = item.file.name;
  const state = document.createElement("span");
  state.className = "state";
  const progress = document.createElement("progress");
  progress.max = 1;
  progress.setAttribute("aria-label", item.file.name);
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
  void thumbnail(item.file).then((address) => {
    if (!address) return;
    item.thumbnail = address;
    image.src = address;
  });
  const update = () => {
    element.className = `${item.state}${item === shown ? " shown" : ""}`;
    state.textContent = item.line;
    progress.hidden = item.state !== "working";
    progress.value = item.share;
    action.textContent = isActive(item) ? words.cancel : words.remove;
    action.setAttribute("aria-label", `${action.textContent}: ${item.file.name}`);
  };
  update();
  return { element, update };
}

const isActive = (item: Item) => item.state === "waiting" || item.state === "working";

/** A small picture for the list; undefined for what the browser cannot decode. */
async function thumbnail(file: File): Promise<string | undefined> {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: 104, resizeQuality: "medium" });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    bitmap.close();
    return URL.createObjectURL(await canvas.convertToBlob({ type: "image/png" }));
  } catch {
    return undefined;
  }
}

function remove(item: Item): void {
  engine.cancel(item);
  items.splice(items.indexOf(item), 1);
  rows.get(item)?.element.remove();
  rows.delete(item);
  forget(item);
  if (shown === item) {
    shown = undefined;
    if (items[0]) showItem(items[0]);
  }
  showLayout();
}

/** Shows a photo on the stage: both sides once it is done. */
function showItem(item: Item): void {
  const other = shown !== item;
  shown = item;
  item.before ??= URL.createObjectURL(item.file);
  const after = item.result?.address ?? item.before;
  if (compare.getAttribute("before") !== item.before) compare.setAttribute("before", item.before);
  if (compare.getAttribute("after") !== after) compare.setAttribute("after", after);
  if (other) {
    setSemantics(undefined);
    for (const row of rows.values()) row.update();
  }
  $("#facts").textContent = item.line;
  note(item.warnings.map((warning) => `${item.file.name} ${warning}`).join(". "));
  button("save").disabled = !item.result;
  button("again").disabled = isActive(item);
}

function setSemantics(address: string | undefined): void {
  if (address) compare.setAttribute("overlay", address);
  else compare.removeAttribute("overlay");
  button("semantics").setAttribute("aria-pressed", String(address !== undefined));
}

function button(act: string): HTMLButtonElement {
  return $<HTMLButtonElement>(`#stage [data-act="${act}"], aside [data-act="${act}"]`);
}

function showLayout(): void {
  $("#empty").hidden = items.length > 0;
  $("#work").hidden = items.length === 0;
  showSummary();
}

function showSummary(): void {
  const count = (state: Item["state"]) => items.filter((item) => item.state === state).length;
  $("#summary").textContent = words.summary(count("done"), count("failed"), items.length);
  const any = results().length > 0;
  button("save-all").disabled = !any;
  button("save-folder").disabled = !any;
  button("cancel-all").disabled = !items.some(isActive);
}

const results = () => items.flatMap(({ result }) => (result ? [result.file] : []));

const actions: Record<string, () => unknown> = {
  choose: () => $<HTMLInputElement>("#files").click(),
  paste: pasteFromClipboard,
  async example() {
    const response = await fetch("example.png");
    add([new File([await response.blob()], "harbour.png", { type: "image/png" })]);
  },
  fit: () => compare.fit(),
  actual: () => compare.actualSize(),
  async semantics() {
    if (!shown) return;
    const item = shown;
    if (compare.hasAttribute("overlay")) return setSemantics(undefined);
    note(words.semanticsHint);
    const address = await engine.semantics(item);
    if (shown === item) setSemantics(address);
  },
  again: () => shown && engine.add([shown]),
  save: () => shown?.result && save(shown.result.file),
  "save-all": () => saveZip(results()),
  "save-folder": async () => {
    const count = await saveToFolder(results());
    if (count > 0) note(words.saved(count));
  },
  "cancel-all": () => {
    for (const item of items.filter(isActive).reverse()) engine.cancel(item);
  },
  clear: () => {
    for (const item of [...items]) remove(item);
  },
  "model-add": () => $<HTMLInputElement>("#model-file").click(),
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
  add(files);
}

const takeFiles = (input: HTMLInputElement, take: (files: File[]) => unknown) =>
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    void Promise.resolve(take(files)).catch(tell);
  });
takeFiles($<HTMLInputElement>("#files"), add);
takeFiles($<HTMLInputElement>("#model-file"), addModels);

addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length > 0) takeDropped(files);
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
  takeDropped([...(event.dataTransfer?.files ?? [])]);
});
addEventListener("beforeunload", (event) => {
  if (engine.busy) event.preventDefault();
});

/** Files of weights are models, all else goes into the queue. */
function takeDropped(files: readonly File[]): void {
  const isModel = ({ name }: File) => /\.(pth|pt|ckpt|safetensors|onnx)$/i.test(name);
  void addModels(files.filter(isModel)).catch(tell);
  add(files.filter((file) => !isModel(file)));
}

async function addModels(files: readonly File[]): Promise<void> {
  for (const file of files) await keepModel(file);
  if (files.length === 0) return;
  await showModels();
  form.choose(files[0]!.name);
}

async function showModels(): Promise<void> {
  models = await keptModels();
  form.offer(models.map(({ name }) => name));
  const line = $("#models");
  const adding = document.createElement("button");
  adding.type = "button";
  adding.dataset.act = "model-add";
  adding.textContent = words.modelAdd;
  line.replaceChildren(adding);
  for (const { name, file } of models) {
    const removing = document.createElement("button");
    removing.type = "button";
    removing.textContent = `${words.modelRemove} ${words.modelKept(name, `${(file.size / 2 ** 20).toFixed(1)} MiB`)}`;
    removing.addEventListener("click", () => void removeModel(name).then(showModels).catch(tell));
    line.append(removing);
  }
}

button("save-folder").hidden = !canSaveToFolder;
if (engine.threads === 1) note(words.oneThread);
showLayout();
void showModels();
void openUpscalingModel("models/samsr-tiny/").then(
  ({ description }) => form.offerDetail(detailOf(description)),
  tell,
);
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("service-worker.js").catch(() => {});
