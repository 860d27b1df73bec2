/** `samsr trim`: takes the binaries of other systems away. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { megabytes } from "../models/format.js";
import { print } from "../streams.js";
import { foreignBinaries, removeBinaries } from "./binaries.js";

export interface TrimArguments {
  readonly dryRun?: boolean;
}

export async function trimCommand({ dryRun }: TrimArguments): Promise<number> {
  const folder = runtimeFolder();
  const foreign = await foreignBinaries(folder);
  const bytes = foreign.reduce((sum, { bytes }) => sum + bytes, 0);
  if (!dryRun) await removeBinaries(foreign);
  for (const { system, bytes } of foreign) {
    print(`${dryRun ? "would remove" : "removed"} ${system}, ${megabytes(bytes)}\n`);
  }
  const left = foreign.length > 0 ? megabytes(bytes) : "nothing";
  print(`${folder}: ${left} ${dryRun ? "to be removed" : "removed"}\n`);
  return 0;
}

/** Returns the folder of the onnxruntime-node that this samsr loads, wherever it is linked from. */
function runtimeFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  } catch (cause) {
    throw new SamsrError("onnxruntime-node is not installed, so there is nothing to remove", { cause });
  }
}
