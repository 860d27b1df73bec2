import { SamsrError } from "../../base/errors.js";
import { type Filled, list, section, whole } from "../../base/fields.js";
import type { Shape } from "../../onnx/index.js";
import type { Shapes } from "../shapes.js";

export const config = section("Segment Anything.", {
  imageSize: whole("S: the encoder takes S x S pixels."),
  patchSize: whole("Side of a patch, in pixels."),
  embed: whole("Channels of the encoder."),
  depth: whole("Blocks of the encoder.", 1, 1000),
  heads: whole("Heads of the encoder's attention."),
  mlp: whole("Hidden channels of the encoder's MLPs."),
  window: whole("Side of an attention window, in patches.", 0, 1024),
  globalAttention: list("The blocks that attend to the whole image.", whole("A block.", 0, 1000)),
  globalOffsets: whole(
    "Offsets in the relative position tables of those blocks, 2 S / patch - 1 unless they were " +
      "trained at another size.",
  ),
  promptEmbed: whole("C: channels of the image embedding and of every prompt."),
  maskChannels: whole(
    "Channels between the convolutions that read a mask prompt; the first of them has a quarter of it.",
  ),
  decoderDepth: whole("Layers of the decoder's transformer.", 1, 1000),
  decoderHeads: whole("Heads of the decoder's attention."),
  decoderMlp: whole("Hidden channels of the decoder's MLPs."),
  downsample: whole("How many times narrower the decoder's cross attention is than C."),
  maskTokens: whole(
    "Masks the decoder can give: one for clear prompts, and the rest for ambiguous ones.",
    1,
    1000,
  ),
  iouHidden: whole("Hidden channels of the head that predicts IoU."),
  iouDepth: whole("Layers of the head that predicts IoU.", 1, 1000),
});

/** The sizes of a Segment Anything model, all of them read off its weights by `samConfigOf`. */
export type SamConfig = Filled<typeof config>;

/** The smallest of the published models. */
export const SAM_VIT_B: SamConfig = {
  imageSize: 1024,
  patchSize: 16,
  embed: 768,
  depth: 12,
  heads: 12,
  mlp: 3072,
  window: 14,
  globalAttention: [2, 5, 8, 11],
  globalOffsets: 127,
  promptEmbed: 256,
  maskChannels: 16,
  decoderDepth: 2,
  decoderHeads: 8,
  decoderMlp: 2048,
  downsample: 2,
  maskTokens: 4,
  iouHidden: 256,
  iouDepth: 3,
};

/**
 * Nothing in the weights tells into how many heads the decoder's projections are cut: the published models
 * have 8.
 */
const DECODER_HEADS = 8;

/**
 * Reads the configuration off names and shapes: ViT-B, L, H or any other size.
 * @param shapes of every tensor in the checkpoint, under its public name.
 * @throws {SamsrError} naming `name` and the tensor that is missing or does not fit.
 */
export function samConfigOf(shapes: Shapes, name = "checkpoint"): SamConfig {
  const of = (tensor: string, rank: number): Shape => {
    const shape = shapes.get(tensor);
    if (shape?.length === rank) return shape;
    const found = shape ? `found [${shape}]` : "which is missing";
    throw new SamsrError(`${name}: Segment Anything has a tensor "${tensor}" of ${rank} axes, ${found}`);
  };
  const count = (path: (i: number) => string) => {
    let i = 0;
    while (shapes.has(path(i))) i++;
    return i;
  };
  const encoder = "image_encoder";
  const decoder = "mask_decoder";
  const [embed, , patchSize] = of(`${encoder}.patch_embed.proj.weight`, 4);
  const [, grid] = of(`${encoder}.pos_embed`, 4);
  const depth = count((i) => `${encoder}.blocks.${i}.norm1.weight`);
  const tables = Array.from({ length: depth }, (_, i) => of(`${encoder}.blocks.${i}.attn.rel_pos_w`, 2));
  const [, headChannels] = of(`${encoder}.blocks.0.attn.rel_pos_w`, 2);
  const [mlp] = of(`${encoder}.blocks.0.mlp.lin1.weight`, 2);
  // Where blocks differ, the longer tables are those of the whole image; where they do not, it depends on the
  // length.
  const lengths = tables.map(([length]) => length);
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)];
  const isGlobal = (length: number) => (shortest === longest ? length >= 2 * grid - 1 : length === longest);
  const globalAttention = lengths.flatMap((length, i) => (isGlobal(length) ? [i] : []));

  const [promptEmbed] = of(`${encoder}.neck.0.weight`, 4);
  const layers = `${decoder}.transformer.layers`;
  const [inner] = of(`${layers}.0.cross_attn_token_to_image.q_proj.weight`, 2);
  const [iouHidden] = of(`${decoder}.iou_prediction_head.layers.0.weight`, 2);
  const config: SamConfig = {
    imageSize: grid * patchSize,
    patchSize,
    embed,
    depth,
    heads: embed / headChannels,
    mlp,
    window: globalAttention.length === depth ? grid : (shortest + 1) / 2,
    globalAttention,
    globalOffsets: globalAttention.length === 0 ? 2 * grid - 1 : longest,
    promptEmbed,
    maskChannels: of("prompt_encoder.mask_downscaling.3.weight", 4)[0],
    decoderDepth: count((i) => `${layers}.${i}.norm1.weight`),
    decoderHeads: DECODER_HEADS,
    decoderMlp: of(`${layers}.0.mlp.lin1.weight`, 2)[0],
    downsample: promptEmbed / inner,
    maskTokens: of(`${decoder}.mask_tokens.weight`, 2)[0],
    iouHidden,
    iouDepth: count((i) => `${decoder}.iou_prediction_head.layers.${i}.weight`),
  };
  for (const [key, value] of Object.entries(config)) {
    if ([value].flat().some((v) => !Number.isInteger(v))) {
      throw new SamsrError(`${name}: its shapes give Segment Anything ${key} = ${value}, not a whole number`);
    }
  }
  return config;
}

/** Returns the side of the image embedding, in patches. */
export function gridOf({ imageSize, patchSize }: SamConfig): number {
  return imageSize / patchSize;
}
