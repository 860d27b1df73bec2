/** The pictures of a chain, as files. */
import { mkdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { encodeToFile } from "../../image/index.js";
import type { TracedStep } from "../../upscale/index.js";

/** Writes FOLDER/NAME/x_14.png and x0_14.png of each timestep of a picture's chain. */
export async function writeTrace(
  trace: readonly TracedStep[],
  picture: string,
  folder: string,
  { overwrite, signal }: { readonly overwrite?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const own = join(folder, basename(picture, extname(picture)));
  await mkdir(own, { recursive: true });
  const write = (name: string, raster: TracedStep["x"]) =>
    encodeToFile(raster, join(own, `${name}.png`), { format: "png", overwrite, signal });
  for (const { timestep, x, x0 } of trace) {
    await write(`x_${timestep}`, x);
    if (x0) await write(`x0_${timestep}`, x0);
  }
}
