/** The configuration of SwinIR, and how it is read off the shapes of its tensors. */
import { checked, type Filled, list, number, oneOf, section, whole } from "../../base/fields.js";
import { countOf, isSize, majority, type Shapes, scaleOf, sides } from "../shapes.js";

const MOST_LAYERS = 100;
const MOST_BLOCKS = 100;
const UPSAMPLERS = ["pixelshuffle", "pixelshuffledirect", "nearest+conv", "none"] as const;

export const config = checked(
  section("SwinIR.", {
    channels: whole("Of a picture: 3 for colours, 1 for grey.", 1, 3),
    embed: whole("Channels of the transformer.", 1, 8192),
    depths: list("Blocks of each layer.", whole("A count.", 1, MOST_BLOCKS), 1, MOST_LAYERS),
    heads: list("Heads of each layer's attention.", whole("A count.", 1, 1024), 1, MOST_LAYERS),
    window: whole("Side of an attention window.", 2, 64),
    hidden: whole("Channels between the two linear layers of a block.", 1, 65536),
    residual: oneOf("The convolutions at a layer's end.", "1conv", "3conv"),
    upsampler: oneOf("How the large picture is made; none where it has the small one's size.", ...UPSAMPLERS),
    features: whole("Channels of the upsampler, where it has its own; else 0.", 0, 8192),
    scale: whole("How many times larger its pictures are.", 1, 8),
    range: number("What pictures from 0 to 1 are multiplied by.", 1, 255),
  }),
  ({ channels, embed, depths, heads, upsampler, scale }, at) => {
    if (channels === 2) return `${at("channels")} must be 1 or 3`;
    if (heads.length !== depths.length) {
      return `${at("heads")} has ${heads.length} layers, ${at("depths")} ${depths.length}`;
    }
    const odd = heads.find((count) => embed % count !== 0);
    if (odd !== undefined) return `${at("heads")} ${odd} does not divide ${embed} of ${at("embed")}`;
    return scalesOf(upsampler).includes(scale)
      ? undefined
      : `${at("scale")} ${scale} is none of ${upsampler}`;
  },
);
export type SwinIRConfig = Filled<typeof config>;

function scalesOf(upsampler: (typeof UPSAMPLERS)[number]): number[] {
  if (upsampler === "pixelshuffle") return [2, 3, 4, 8];
  if (upsampler === "nearest+conv") return [2, 4];
  return upsampler === "none" ? [1] : [1, 2, 3, 4, 5, 6, 7, 8];
}

/** Names of what lies beside the parameters: tables that follow from sizes, which are made anew. */
export const BUFFERS = /\.(attn_mask|relative_position_index)$/;

const BLOCK = "^layers\\.\\d+\\.residual_group\\.blocks\\.\\d+";

/**
 * Reads SwinIR off the shapes of its tensors. A window of 7 is the only sign of the networks for JPEG, whose
 * pictures go from 0 to 255.
 * @returns undefined where nothing of it is there
 */
export function readSwinIR(shapes: Shapes): { config: SwinIRConfig } | undefined {
  const has = (name: RegExp) => [...shapes.keys()].some((key) => name.test(key));
  if (!has(/^layers\.\d+\.residual_group\.blocks\.\d+\.(attn|mlp|norm[12])\./)) return undefined;
  const layers = Math.max(1, countOf(shapes, /^layers\.(\d+)\./, MOST_LAYERS));
  const embed =
    majority([
      ...sides(shapes, new RegExp(`${BLOCK}\\.norm1\\.`), 0),
      ...sides(shapes, /^conv_first\./, 0),
    ]) ?? 180;
  const numbers = Array.from({ length: layers }, (_, i) => i);
  const depths = numbers.map((i) => {
    return Math.max(
      1,
      countOf(shapes, new RegExp(`^layers\\.${i}\\.residual_group\\.blocks\\.(\\d+)\\.`), MOST_BLOCKS),
    );
  });
  const tables = (i: number | string) =>
    sides(shapes, new RegExp(`^layers\\.${i}\\..*\\.relative_position_bias_table$`), 1);
  const heads = numbers.map((i) => majority(tables(i)) ?? majority(tables("\\d+")) ?? 6);
  const rows = majority(sides(shapes, /\.relative_position_bias_table$/, 0)) ?? 225;
  const window = (Math.sqrt(rows) + 1) / 2;
  const upsampler = has(/^conv_up1\./)
    ? "nearest+conv"
    : has(/^conv_before_upsample\./)
      ? "pixelshuffle"
      : has(/^upsample\.0\./)
        ? "pixelshuffledirect"
        : "none";
  const colours = shapes.get("conv_first.weight")?.[1] ?? 3;
  return {
    config: {
      channels: colours === 1 ? 1 : 3,
      embed,
      depths,
      heads,
      window: isSize(window, 64) ? window : 8,
      hidden: majority(sides(shapes, new RegExp(`${BLOCK}\\.mlp\\.fc1\\.(weight|bias)$`), 0)) ?? 2 * embed,
      residual: has(/^layers\.\d+\.conv\.\d\./) ? "3conv" : "1conv",
      upsampler,
      features:
        upsampler === "pixelshuffle" || upsampler === "nearest+conv"
          ? (majority(sides(shapes, /^conv_before_upsample\.0\.(weight|bias)$/, 0)) ?? 64)
          : 0,
      scale: readScale(shapes, upsampler, colours),
      range: window === 7 ? 255 : 1,
    },
  };
}

function readScale(shapes: Shapes, upsampler: SwinIRConfig["upsampler"], colours: number): number {
  if (upsampler === "nearest+conv") return [...shapes.keys()].some((key) => /^conv_up2\./.test(key)) ? 4 : 2;
  if (upsampler === "pixelshuffledirect") {
    return scaleOf(sides(shapes, /^upsample\.0\.(weight|bias)$/, 0, colours));
  }
  if (upsampler === "none") return 1;
  const [out, features] = shapes.get("upsample.0.weight") ?? [];
  if (out === 9 * features) return 3;
  return 2 ** Math.max(1, Math.ceil(countOf(shapes, /^upsample\.(\d)\./, 5) / 2));
}
