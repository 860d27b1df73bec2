/** How pictures go into an ONNX file and come out of it. */
import { type Filled, oneOf, optional, section, text, whole } from "../../base/fields.js";

/** The values of black and white. */
export const RANGES = {
  "0..1": [0, 1],
  "0..255": [0, 255],
  "-1..1": [-1, 1],
} as const satisfies Record<string, readonly [number, number]>;
export type ValueRange = keyof typeof RANGES;
export const RANGE_NAMES = Object.keys(RANGES) as ValueRange[];

export const LAYOUTS = ["NCHW", "NHWC"] as const;
export const COLOURS = ["RGB", "BGR", "grey"] as const;
export const NUMBERS = ["float32", "float16", "uint8"] as const;

const image = (what: string) => ({
  name: text(`The graph's name of the ${what}.`),
  layout: oneOf("The order of its axes.", ...LAYOUTS),
  colours: oneOf("The order of its channels.", ...COLOURS),
  range: oneOf("The values of black and white.", ...RANGE_NAMES),
  type: oneOf("Of its numbers.", ...NUMBERS),
});

export const config = section("The picture that goes in and the one that comes out.", {
  input: section("The small picture.", image("small picture")),
  output: section("The large picture.", image("large picture")),
  scale: whole("How many times larger its pictures are.", 1, 8),
  multiple: whole("What the sides of the small picture must divide by.", 1, 4096),
  overlap: whole("How far tiles overlap, in pixels of the small picture.", 0, 1024),
  height: optional(whole("The height that it takes, where it takes one only.", 1, 65536)),
  width: optional(whole("The width that it takes, where it takes one only.", 1, 65536)),
});

export type OnnxFileConfig = Filled<typeof config>;
