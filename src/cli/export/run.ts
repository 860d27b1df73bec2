/** `samsr export`: the single step of an installed model as one ONNX file. */

import type { Coefficients, Variant } from "../../diffusion/index.js";
import { exportModel } from "../../upscale/export.js";
import { kindOf } from "../../upscale/kinds/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import { checkOnnxFile, writeOnnxFile } from "../onnx-file.js";
import { createReporter } from "../reporter.js";
import { printJson } from "../streams.js";

export interface ExportArguments {
  readonly out: string;
  readonly size: { height: number; width: number };
  readonly precision: "float32" | "float16";
  readonly variant?: Variant;
  readonly detail?: number;
  readonly etaScale?: number;
  readonly coefficients?: Coefficients;
  readonly kappa?: number;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function exportCommand(
  name: string,
  options: ExportArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, size, overwrite, precision, variant, detail, etaScale, coefficients, kappa } = options;
  await checkOnnxFile(out, overwrite);
  const model = await findUpscalingModel(name);
  const file = await exportModel(model, size, { precision, variant, detail, etaScale, coefficients, kappa });
  await writeOnnxFile(out, file, { overwrite, signal });

  const { description } = model;
  const { licence } = description;
  const { scale } = kindOf(description);
  const facts = {
    file: out,
    bytes: file.size,
    model: description.name,
    licence,
    precision,
    inputs: Object.fromEntries(file.inputs.map((input) => [input.name, input.shape])),
    outputs: { hr: [1, 3, scale * size.height, scale * size.width] },
  };
  if (options.json) printJson(facts);
  const { say } = createReporter(options);
  const inputs = file.inputs.map((input) => `${input.name} [${input.shape.join(", ")}]`).join(", ");
  const megabytes = (file.size / 2 ** 20).toFixed(1);
  say(`${out}: ${inputs} -> hr [${facts.outputs.hr.join(", ")}], ${precision}, ${megabytes} MiB`);
  say(`licence of ${description.name}: ${licence}`);
  if ("method" in description && description.method === "resshift") {
    say(
      `${description.name} was trained for a chain of ${description.schedule.steps} steps; a ` +
        "single one leaves pictures soft",
    );
  }
  return 0;
}
