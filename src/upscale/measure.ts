/** What a model really takes, found out by running it. */
import { kindOf } from "./kinds/index.js";
import { findUpscalingModel } from "./model.js";
import { createUpscaler } from "./upscaler-node.js";

export interface Measurement {
  /** The side of the picture, in low-resolution pixels. */
  readonly side: number;
  /** The time of the second picture, when everything is loaded. */
  readonly seconds: number;
  /** The most memory the process has held, Node and ONNX Runtime included. */
  readonly bytes: number;
  /** The device, "cpu" or "webgpu". */
  readonly device: string;
}

/**
 * Enlarges two pictures of one tile as the model does by default, without masks. To be called before other
 * work, since the memory is the process's.
 * @throws SamsrError when the model is of a kind that enlarges nothing, or cannot run
 */
export async function measureModel(name: string, tile: number): Promise<Measurement> {
  const { description } = await findUpscalingModel(name);
  const { multiple } = kindOf(description);
  const side = Math.ceil(tile / multiple) * multiple;
  const upscaler = await createUpscaler({ model: name });
  try {
    const data = new Uint8Array(side * side * 3).map((_, i) => (i * i) >> 5);
    const picture = { width: side, height: side, channels: 3, data } as const;
    const run = () => upscaler.upscale(picture, { masks: "none", tile: side });
    await run();
    const { info } = await run();
    const bytes = process.resourceUsage().maxRSS * 1024;
    return { side, seconds: info.milliseconds.total / 1000, bytes, device: upscaler.device };
  } finally {
    await upscaler.close();
  }
}
