import { checkArgument, checkNumber, checkOptions, checkText } from "../base/arguments.js";
import { blendWeights, type NamedWeights, type Tensors, writeSafetensors } from "../checkpoints/index.js";
import { writeFileAtomically } from "../image/index.js";
import { readWeightsFile } from "./checkpoint.js";

/**
 * Reads weights that `samsr train` wrote, under the name of their file, and what that tells of them.
 * @throws {SamsrError} as `readWeightsFile`
 */
export async function readNamedWeights(path: string): Promise<NamedWeights & Tensors> {
  return { name: path, ...(await readWeightsFile(path)) };
}

/**
 * Blends the weights of two files, as {@link blendWeights} does, and writes them with their share, and
 * what the first tells of itself, as metadata.
 * @param share of the second, 0 to 1
 * @throws {SamsrError} when a file is missing or damaged, the two are of different networks, or `out` exists
 */
export async function writeBlend(
  paths: readonly [string, string],
  share: number,
  out: string,
  options: { readonly overwrite?: boolean } = {},
): Promise<void> {
  const two = Array.isArray(paths) && paths.length === 2;
  checkArgument("writeBlend: the files", paths, two, "a list of two paths");
  for (const path of paths) checkText("writeBlend: a file", path);
  checkNumber("writeBlend: the share", share, 0, 1);
  checkText("writeBlend: the path of the result", out);
  checkOptions("writeBlend", options, { overwrite: "boolean" });
  const [a, b] = await Promise.all(paths.map(readNamedWeights));
  const { steps: _, ...told } = a.metadata;
  const metadata = { ...told, share: String(share) };
  const bytes = writeSafetensors(blendWeights(a, b, share), { precision: "float32", metadata });
  await writeFileAtomically(out, bytes, options);
}
