/** The page of a server: photos are enlarged there, and waited for here. */
import { createItem } from "./item.js";
import { $, createPage } from "./page.js";
import { createClient, type ModelDocument } from "./server-client.js";
import { createServerEngine, type JobItem } from "./server-engine.js";
import { words } from "./server-words.js";
import { createSettings } from "./settings.js";

const form = createSettings($<HTMLFormElement>("#form"), {
  ...{ key: "samsr server settings", standardModel: "", without: ["device"] },
});
let models: readonly ModelDocument[] = [];

/** Asks the visitor for a key, which no request goes without until it is there. */
function askKey(wrong: boolean): Promise<string> {
  const [dialog, field] = [$<HTMLDialogElement>("#key"), $<HTMLInputElement>("#key-field")];
  $("#key-line").textContent = wrong ? words.keyWrong : words.keyLine;
  dialog.showModal();
  return new Promise((resolve) => {
    const form = $<HTMLFormElement>("#key-form");
    const stay = (event: Event) => event.preventDefault();
    const submit = (event: Event) => {
      event.preventDefault();
      form.removeEventListener("submit", submit);
      dialog.removeEventListener("cancel", stay);
      const key = field.value.trim();
      field.value = "";
      dialog.close();
      resolve(key);
    };
    form.addEventListener("submit", submit);
    dialog.addEventListener("cancel", stay);
  });
}

const client = createClient(askKey);

/** The model that is chosen, once the server has told which there are. */
const chosen = () =>
  models.find((model) => (form.value("model") || undefined) === (model.default ? undefined : model.name));

/** Offers what the chosen model has. */
function showModel(): void {
  const model = chosen();
  form.offerDetail(model?.detail);
  form.show("masks", model?.masks ?? false);
}

async function showModels(): Promise<void> {
  models = (await client.json<{ models: ModelDocument[] }>("v1/models")).models;
  const standard = models.find((model) => model.default)?.name;
  form.offer(
    models.flatMap((model) => (model.default ? [] : [model.name])),
    standard === undefined ? words.standard : words.standardModel(standard),
  );
  showModel();
}

/** What is asked for a photo: the command's options, of which quality is for formats that have one. */
function parameters(file: File): URLSearchParams {
  const { scale, masks, format, seed, detail } = form.read([]);
  const type = format === "same" ? file.type : `image/${format}`;
  const model = chosen();
  const asked = {
    ...{ scale, seed, model: form.value("model") || undefined },
    detail: model?.detail === undefined ? undefined : detail,
    masks: model?.masks ? masks : undefined,
    format: format === "same" ? undefined : format,
    quality: ["image/jpeg", "image/webp"].includes(type) ? form.value("quality") : undefined,
  };
  const said = Object.entries(asked).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return new URLSearchParams(said);
}

const page = createPage<JobItem, ReturnType<typeof createServerEngine>>({
  itemOf: createItem,
  engine: (events) =>
    createServerEngine(client, {
      ...{ ...events, parameters, found: (item) => page.list(item) },
      server(line) {
        $("#device").textContent = line;
      },
    }),
});
$("#form").addEventListener("change", showModel);
showModels().catch(page.tell);
