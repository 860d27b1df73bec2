/** The page that enlarges in the visitor's own browser: models, devices and semantics beside what all pages have. */
import { detailOf, openUpscalingModel } from "../src/web/index.js";
import { createEngine } from "./engine.js";
import { createItem } from "./item.js";
import { type KeptModel, keepModel, keptModels, removeModel } from "./models.js";
import { $, button, compare, createPage, takeFiles } from "./page.js";
import { createSettings } from "./settings.js";
import { words } from "./words.js";

let models: readonly KeptModel[] = [];
const form = createSettings($<HTMLFormElement>("#form"), { key: "samsr settings" });

const page = createPage({
  itemOf: createItem,
  engine: (events) =>
    createEngine({
      ...events,
      settings: () => form.read(models),
      device(line, trials) {
        const chip = $("#device");
        chip.textContent = line;
        const names = trials.map(({ device, detail, milliseconds }) =>
          words.tried(`${words.deviceNames[device]}: ${detail}`, milliseconds),
        );
        chip.title = [...names, ...(page.engine.threads === 1 ? [words.oneThread] : [])].join("\n");
      },
      detail: form.offerDetail,
    }),
  actions: {
    async example() {
      const response = await fetch("example.png");
      page.add([new File([await response.blob()], "harbour.png", { type: "image/png" })]);
    },
    async semantics() {
      const item = page.shown;
      if (!item) return;
      if (compare.hasAttribute("overlay")) return setSemantics(undefined);
      page.note(words.semanticsHint);
      const address = await page.engine.semantics(item);
      if (page.shown === item) setSemantics(address);
    },
    "model-add": () => $<HTMLInputElement>("#model-file").click(),
  },
  /** Files of weights are models, all else goes into the queue. */
  takeOthers(files) {
    const isModel = ({ name }: File) => /\.(pth|pt|ckpt|safetensors|onnx)$/i.test(name);
    void addModels(files.filter(isModel)).catch(page.tell);
    return files.filter((file) => !isModel(file));
  },
  onShow: () => setSemantics(undefined),
});

function setSemantics(address: string | undefined): void {
  if (address) compare.setAttribute("overlay", address);
  else compare.removeAttribute("overlay");
  button("semantics").setAttribute("aria-pressed", String(address !== undefined));
}

takeFiles($<HTMLInputElement>("#model-file"), addModels, page.tell);

async function addModels(files: readonly File[]): Promise<void> {
  for (const file of files) await keepModel(file);
  if (files.length === 0) return;
  await showModels();
  form.choose(files[0]!.name);
}

async function showModels(): Promise<void> {
  models = await keptModels();
  form.offer(
    models.map(({ name }) => name),
    words.modelBundled,
  );
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
    removing.addEventListener("click", () => void removeModel(name).then(showModels).catch(page.tell));
    line.append(removing);
  }
}

if (page.engine.threads === 1) page.note(words.oneThread);
void showModels();
void openUpscalingModel("models/samsr-tiny/").then(
  ({ description }) => form.offerDetail(detailOf(description)),
  page.tell,
);
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("service-worker.js").catch(() => {});
