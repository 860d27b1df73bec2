/** What is found out of ONNX files, on small ones of which everything is known. */
import { expect, it } from "vitest";
import * as o from "../../onnx/index.js";
import { examineOnnx, type OnnxFileOptions } from "./index.js";

interface Kind {
  readonly sides?: readonly [number, number];
  readonly channels?: number;
  readonly scale?: number;
  readonly layout?: "NCHW" | "NHWC";
  /** Black and white, of what goes in and comes out. */
  readonly low?: number;
  readonly high?: number;
  readonly out?: readonly [number, number];
  readonly swapped?: boolean;
  readonly blur?: number;
  readonly multiple?: number;
  readonly free?: boolean;
}

/**
 * Enlarges by nearest neighbours what lies between black and white. With a picture that is all dark or all
 * light it is at a loss, as networks are with what they were not trained on.
 */
function file(kind: Kind = {}): Uint8Array {
  const { sides = [64, 64], channels = 3, scale = 2, layout = "NCHW", low = 0, high = 1 } = kind;
  const { out = [low, high], swapped = false, blur = 0, multiple = 1, free = true } = kind;
  const planar = [1, channels, ...sides];
  const x = o.input("picture", layout === "NCHW" ? planar : [1, ...sides, channels]);
  let y = layout === "NCHW" ? x : o.transpose(x, [0, 3, 1, 2]);
  const share = o.clip(o.mul(o.sub(y, low), 1 / (high - low)), 0, 1);
  const mean = o.reduceMean(share, [1, 2, 3], true);
  y = o.where(o.and(o.greater(mean, 0.2), o.greater(0.65, mean)), share, 0);
  if (multiple > 1) y = o.depthToSpace(o.spaceToDepth(y, multiple), multiple);
  if (blur > 0) {
    const side = 2 * blur + 1;
    const taps = new Float32Array(channels * channels * side * side);
    for (let c = 0; c < channels; c++) {
      taps.fill(1 / side ** 2, (c * channels + c) * side ** 2, (c * channels + c + 1) * side ** 2);
    }
    y = o.conv(y, o.constant(taps, [channels, channels, side, side]), undefined, { padding: blur });
  }
  if (scale > 1) y = o.upsampleNearest(y, scale);
  if (swapped) y = o.gather(y, o.integers([2, 1, 0]), 1);
  y = o.add(o.mul(y, out[1] - out[0]), out[0]);
  const large = layout === "NCHW" ? y : o.transpose(y, [0, 2, 3, 1]);
  const words = (name: string) => {
    const axes = ["n", undefined, `${name}_h`, `${name}_w`];
    return layout === "NCHW" ? axes : [axes[0], axes[2], axes[3], axes[1]];
  };
  return o.toModel({ large }, free ? { dimensions: { picture: words("in"), large: words("out") } } : {})
    .bytes;
}

const found = (kind?: Kind, options?: OnnxFileOptions) => examineOnnx(file(kind), "x.onnx", options);
const side = (name: string, more: object = {}) => ({
  name,
  layout: "NCHW",
  colours: "RGB",
  range: "0..1",
  type: "float32",
  ...more,
});

it("takes the usual form, of any size", async () => {
  expect(await found()).toEqual({
    input: side("picture"),
    output: side("large"),
    scale: 2,
    multiple: 1,
    overlap: 0,
  });
});

it.each<[string, Kind, object, object?]>([
  ["channels last", { layout: "NHWC", scale: 4 }, { layout: "NHWC" }],
  ["levels of 255", { low: 0, high: 255 }, { range: "0..255" }],
  ["values around 0", { low: -1, high: 1, scale: 1 }, { range: "-1..1" }],
  ["other values out than in", { out: [0, 255] }, { range: "0..1" }, { range: "0..255" }],
  ["grey pictures", { channels: 1 }, { colours: "grey" }],
  ["blue first in what comes out", { swapped: true }, {}, { colours: "BGR" }],
])("finds %s", async (_, kind, input, output = input) => {
  const { scale = 2 } = kind;
  expect(await found(kind)).toMatchObject({
    input: side("picture", input),
    output: side("large", output),
    scale,
  });
});

it("finds what sides divide by, how far a pixel reaches, and the one size", async () => {
  expect(await found({ multiple: 4 })).toMatchObject({ multiple: 4, overlap: 0 });
  expect(await found({ blur: 5 })).toMatchObject({ multiple: 1, overlap: 5 });
  expect(await found({ free: false, sides: [24, 40] })).toMatchObject({ height: 24, width: 40, multiple: 1 });
});

it("believes what it is told", async () => {
  const options = { range: "0..255", outputRange: "0..1", colours: "BGR", multiple: 8, overlap: 7 } as const;
  expect(await found({}, options)).toMatchObject({
    input: side("picture", { range: "0..255", colours: "BGR" }),
    output: side("large", { range: "0..1", colours: "BGR" }),
    multiple: 8,
    overlap: 7,
  });
});

it("refuses what does not make one large picture of one small one", async () => {
  const messageOf = (bytes: Uint8Array) =>
    examineOnnx(bytes, "x.onnx").then(
      () => "taken",
      (error: Error) => error.message,
    );
  const x = o.input("x", [1, 3, 8, 8]);
  const twice = o.toModel({ y: o.add(x, o.input("z", [1, 3, 8, 8])) }).bytes;
  expect(await messageOf(twice)).toBe("x.onnx: it has 2 inputs (x, z); expected one picture");
  expect(await messageOf(o.toModel({ y: x, z: o.mul(x, 2) }).bytes)).toMatch(/it has 2 outputs \(y, z\)/);
  expect(await messageOf(o.toModel({ y: o.reduceMean(x, [2]) }).bytes)).toMatch(
    /no picture that is 1 to 8 times/,
  );
  expect(await messageOf(o.toModel({ y: o.averagePool(x, 2) }).bytes)).toMatch(/it takes x \[1, 3, 8, 8\]/);
  expect(await messageOf(o.toModel({ y: o.input("n", [1, 3, 8, 8], "int64") }).bytes)).toMatch(
    /is of type int64/,
  );
  expect(await messageOf(Uint8Array.of(8, 9, 1, 2, 3))).toMatch(/^x\.onnx: /);
});
