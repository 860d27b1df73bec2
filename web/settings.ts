/** The form of settings, made from one list; it remembers what was chosen. */
import type { Settings } from "./engine.js";
import type { KeptModel } from "./models.js";
import { words } from "./words.js";

interface Choice {
  readonly label: string;
  /** Values and what they are called; left out for a number. */
  readonly options?: Readonly<Record<string, string>>;
  readonly standard: string;
  readonly range?: readonly [least: number, most: number];
  /** Of a slider; a number without one is typed. */
  readonly step?: number;
}

const CHOICES = {
  scale: { label: words.scale, options: { 2: "×2", 3: "×3", 4: "×4", 6: "×6", 8: "×8" }, standard: "4" },
  detail: { label: words.detail, standard: "", range: [0, 1], step: 0.05 },
  masks: { label: words.masks, options: words.maskNames, standard: "regions" },
  format: { label: words.format, options: words.formatNames, standard: "same" },
  quality: { label: words.quality, standard: "92", range: [1, 100] },
  seed: { label: words.seed, standard: "0", range: [0, 2 ** 31] },
  device: { label: words.device, options: words.deviceNames, standard: "auto" },
  model: { label: words.model, options: { "": "" }, standard: "" },
} as const satisfies Record<string, Choice>;

type Name = keyof typeof CHOICES;

/**
 * @param options.key under which the browser keeps what was chosen
 * @param options.without choices that are not offered
 */
export function createSettings(
  form: HTMLFormElement,
  options: { readonly key: string; readonly without?: readonly Name[] },
) {
  const { key, without = [] } = options;
  const fields = new Map<Name, HTMLInputElement | HTMLSelectElement>();
  const remembered = recall(key);
  for (const [name, choice] of Object.entries(CHOICES) as [Name, Choice][]) {
    if (without.includes(name)) continue;
    const label = document.createElement("label");
    label.textContent = choice.label;
    const field = choice.options ? selectOf(choice.options) : numberOf(choice);
    field.name = name;
    field.value = remembered[name] ?? choice.standard;
    if (field.value === "" && choice.options && name !== "model") field.value = choice.standard;
    label.append(field);
    form.append(label);
    fields.set(name, field);
  }
  const value = (name: Name) => fields.get(name)?.value ?? CHOICES[name].standard;
  const detail = fields.get("detail")!;
  detail.closest("label")!.hidden = true;
  const moved = remembered.detail;
  if (moved) detail.dataset.moved = "";
  detail.addEventListener("input", () => {
    detail.dataset.moved = "";
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  // PNG loses nothing, at no quality.
  const showQuality = () => {
    fields.get("quality")!.closest("label")!.hidden = value("format") === "png";
  };
  showQuality();
  form.addEventListener("change", () => {
    showQuality();
    const kept = [...fields].filter(([, field]) => field !== detail || field.dataset.moved !== undefined);
    const values = Object.fromEntries(kept.map(([name, field]) => [name, field.value]));
    localStorage.setItem(key, JSON.stringify(values));
  });

  return {
    value,
    /** What is chosen; a number that is none is its default. */
    read(models: readonly KeptModel[]): Settings {
      const number = (name: "quality" | "seed" | "scale") => {
        const [least, most] = name === "scale" ? [1, 8] : CHOICES[name].range;
        const given = Math.round(Number(value(name)));
        return given >= least && given <= most ? given : Number(CHOICES[name].standard);
      };
      const model = models.find(({ name }) => name === value("model"));
      const format = value("format") as Settings["format"];
      return {
        scale: number("scale"),
        masks: value("masks") as Settings["masks"],
        format,
        ...(format !== "png" && { quality: number("quality") }),
        seed: number("seed"),
        ...(detail.dataset.moved !== undefined && { detail: Number(detail.value) }),
        device: value("device") as Settings["device"],
        ...(model && { model }),
      };
    },
    /** Offers the slider of a model that has it, where it stands by itself until it is moved. */
    offerDetail(standard: number | undefined): void {
      detail.closest("label")!.hidden = standard === undefined;
      if (standard !== undefined && detail.dataset.moved === undefined) detail.value = String(standard);
    },
    /** Offers a choice, or takes it back. */
    show(name: Name, shown: boolean): void {
      fields.get(name)!.closest("label")!.hidden = !shown;
    },
    /**
     * The models that can be chosen.
     * @param standard what the one is called that is taken where none is chosen
     */
    offer(names: readonly string[], standard: string): void {
      const field = fields.get("model") as HTMLSelectElement;
      const chosen = field.value || (remembered.model ?? "");
      field.replaceChildren(...optionsOf({ "": standard, ...Object.fromEntries(names.map((n) => [n, n])) }));
      field.value = names.includes(chosen) ? chosen : "";
    },
    /** Chooses a model. */
    choose(name: string): void {
      const field = fields.get("model")!;
      field.value = name;
      form.dispatchEvent(new Event("change"));
    },
  };
}

function recall(key: string): Partial<Record<Name, string>> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}

function selectOf(options: Readonly<Record<string, string>>): HTMLSelectElement {
  const select = document.createElement("select");
  select.append(...optionsOf(options));
  return select;
}

function optionsOf(options: Readonly<Record<string, string>>): HTMLOptionElement[] {
  return Object.entries(options).map(([value, text]) => new Option(text, value));
}

function numberOf({ range, step }: Choice): HTMLInputElement {
  const input = document.createElement("input");
  input.type = step === undefined ? "number" : "range";
  [input.min, input.max] = range!.map(String) as [string, string];
  input.step = String(step ?? 1);
  return input;
}
