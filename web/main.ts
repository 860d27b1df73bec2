/** The page that enlarges in the visitor's own browser: models, devices and semantics beside what all pages have. */
import { detailOf, openUpscalingModel } from "../src/web/index.js";
import { createEngine } from "./engine.js";
import { createItem } from "./item.js";
import { isModelFile, type KeptModel, keepModelFile, keptModels, removeModel } from "./models.js";
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
      await page.add([new File([await response.blob()], "harbour.png", { type: "image/png" })]);
    },
    async semantics() {
      const item = page.shown;
      if (!item) return;
      if (compare.hasAttribute("overlay")) {
        page.note("");
        return setSemantics(undefined);
      }
      page.note(words.semanticsHint);
      const address = await page.engine.semantics(item);
      if (page.shown === item) setSemantics(address);
    },
    "model-add": () => $<HTMLInputElement>("#model-file").click(),
  },
  /** Files of weights are models, all else goes into the queue. */
  takeOthers(files) {
    void addModels(files.filter(isModelFile)).catch(page.tell);
    return files.filter((file) => !isModelFile(file));
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
  for (const file of files) await keepModelFile(file);
  const [first] = files;
  if (!first) return;
  await showModels();
  // The numbers of ncnn may come after their text.
  const [added] = models.filter((model) => model.files.some(({ name }) => name === first.name));
  if (added) form.choose(added.name);
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
  for (const model of models) {
    const { name, files } = model;
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const removing = document.createElement("button");
    removing.type = "button";
    removing.textContent = `${words.modelRemove} ${words.modelKept(name, `${(size / 2 ** 20).toFixed(1)} MiB`)}`;
    removing.addEventListener("click", () => void removeModel(model).then(showModels).catch(page.tell));
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
