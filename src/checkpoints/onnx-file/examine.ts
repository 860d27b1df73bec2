/**
 * How pictures go into an ONNX file and come out of it, found out from what it declares and by trial: a
 * picture of known content is handed over in the forms that are usual, and what comes out must be that
 * picture, larger.
 */
import { SamsrError } from "../../base/errors.js";
import { LAYOUTS, NUMBERS, type OnnxFileConfig, RANGE_NAMES, type ValueRange } from "../../networks/index.js";
import { createSession, type Session, type Tensor, type TensorFacts } from "../../runtime/index.js";
import { channelsOf, fromFile, type PlaneSize, toFile } from "./pictures.js";

type Side = OnnxFileConfig["input"];

/** What somebody knows better than a trial tells. */
export interface OnnxFileOptions {
  readonly layout?: Side["layout"];
  /** The order of channels, of both pictures unless the large one's is told too. */
  readonly colours?: Side["colours"];
  readonly outputColours?: Side["colours"];
  /** The values of black and white, of both pictures unless the large one's are told too. */
  readonly range?: ValueRange;
  readonly outputRange?: ValueRange;
  readonly multiple?: number;
  readonly overlap?: number;
}

/** The side of the picture of the trials, where a file takes any. */
const SIDE = 64;
/** Sides that are tried where it does not take that one. */
const LARGER_SIDES = [128, 256, 512];
const MULTIPLES = [1, 2, 4, 8, 16, 32];
/** A change of a pixel counts as far as it changes others by this, of 1. */
const VISIBLE = 1 / 510;
const MOST_OVERLAP = 32;

/**
 * Finds out by trial how pictures go into an ONNX model and how they come out.
 * @param model the path of a file, or its bytes
 * @param name what errors call it
 * @throws {SamsrError} for a file that cannot be loaded, or does not make one large picture of one small one
 */
export async function examineOnnx(
  model: string | Uint8Array,
  name: string,
  options: OnnxFileOptions = {},
): Promise<OnnxFileConfig> {
  const session = await createSession(model, { device: "cpu", name, spinning: false });
  try {
    return await examine(session, name, options);
  } finally {
    await session.release();
  }
}

async function examine(session: Session, name: string, options: OnnxFileOptions): Promise<OnnxFileConfig> {
  const input = theOne(session.facts.inputs, "input", name);
  const output = theOne(session.facts.outputs, "output", name);
  const type = numbersOf(input, name);
  const outputType = numbersOf(output, name);
  const small = { name: input.name, type, range: type === "uint8" ? "0..255" : "0..1" } as const;
  const large = {
    name: output.name,
    type: outputType,
    range: outputType === "uint8" ? "0..255" : "0..1",
  } as const;
  const form = await findForm(session, input, { small, large, name, options });
  const { size, scale } = form;
  const ask: Ask = (planes, of, side) => enlarge(session, planes, of, side, form);
  const { output: due, input: taken } = await findValues(ask, form, options);
  const fixed = fixedSize(input, form.input.layout);
  const multiple = fixed ? 1 : (options.multiple ?? (await findMultiple(ask, taken, size)));
  const reach = options.overlap ?? (await findReach(ask, { input: taken, output: due }, size, scale));
  const overlap = Math.min(MOST_OVERLAP, reach, Math.min(size.width, size.height) >> (fixed ? 1 : 0));
  return { input: taken, output: due, scale, multiple, overlap: options.overlap ?? overlap, ...fixed };
}

function theOne(tensors: readonly TensorFacts[], what: string, name: string): TensorFacts {
  const [one, ...others] = tensors;
  if (one && others.length === 0) return one;
  const names = tensors.map((tensor) => tensor.name).join(", ");
  throw new SamsrError(`${name}: it has ${tensors.length} ${what}s (${names}); expected one picture`);
}

function numbersOf({ name: tensor, type }: TensorFacts, name: string): Side["type"] {
  const known = NUMBERS.find((numbers) => numbers === type);
  if (known) return known;
  throw new SamsrError(`${name}: its ${tensor} is of type ${type}; expected ${NUMBERS.join(", ")}`);
}

/** Returns the height and width that a file takes, where it takes one only. */
function fixedSize({ shape }: TensorFacts, layout: Side["layout"]): PlaneSize | undefined {
  const [height, width] = layout === "NCHW" ? shape.slice(2) : shape.slice(1, 3);
  return isLength(height) && isLength(width) ? { height, width } : undefined;
}

function isLength(side: number | string | undefined): side is number {
  return typeof side === "number" && side >= 1;
}

interface Form extends Pick<OnnxFileConfig, "input" | "output" | "scale"> {
  /** A size that the model takes. */
  readonly size: PlaneSize;
}

/** Finds axes, number of channels, and scale, by the first form that the file takes. */
async function findForm(
  session: Session,
  facts: TensorFacts,
  of: {
    small: Pick<Side, "name" | "type" | "range">;
    large: Pick<Side, "name" | "type" | "range">;
    name: string;
    options: OnnxFileOptions;
  },
): Promise<Form> {
  let refusal: unknown;
  for (const layout of of.options.layout ? [of.options.layout] : layoutsOf(facts)) {
    const channels = facts.shape[layout === "NCHW" ? 1 : 3];
    const colours: Side["colours"][] = isLength(channels)
      ? [channels === 1 ? "grey" : "RGB"]
      : ["RGB", "grey"];
    for (const colour of of.options.colours ? [of.options.colours] : colours) {
      const input = { ...of.small, layout, colours: colour };
      const fixed = fixedSize(facts, layout);
      const sizes = fixed ? [fixed] : [SIDE, ...LARGER_SIDES].map((side) => ({ height: side, width: side }));
      for (const size of sizes) {
        const feeds = { [input.name]: toFile(picture(size, channelsOf(input)), size, input) };
        const made = await session.run(feeds).catch((error: unknown) => void (refusal ??= error));
        const found = made && formOf(made[of.large.name].shape, size, channelsOf(input));
        if (found) {
          const output = { ...of.large, layout: found.layout, colours: of.options.outputColours ?? colour };
          return { input, output, scale: found.scale, size };
        }
      }
    }
  }
  if (refusal instanceof SamsrError) throw refusal;
  throw new SamsrError(
    `${of.name}: what it makes is no picture that is 1 to 8 times larger than the one it is given; ` +
      `it takes ${facts.name} [${facts.shape.join(", ")}]`,
  );
}

/** Returns the orders of axes that what is declared allows. */
function layoutsOf({ shape }: TensorFacts): readonly Side["layout"][] {
  if (shape.length === 0) return LAYOUTS;
  if (shape.length !== 4) return [];
  const fits = (side: number | string) => !isLength(side) || side === 1 || side === 3;
  const sure = LAYOUTS.filter((_, i) => isLength(shape[[1, 3][i]]) && fits(shape[[1, 3][i]]));
  return sure.length > 0 ? sure : LAYOUTS.filter((_, i) => fits(shape[[1, 3][i]]));
}

/**
 * Returns the layout and the scale of an output; undefined where it is no enlargement of a picture of this
 * size.
 */
function formOf(
  shape: readonly number[],
  { width, height }: PlaneSize,
  channels: number,
): { layout: Side["layout"]; scale: number } | undefined {
  if (shape.length !== 4 || shape[0] !== 1) return undefined;
  for (const layout of LAYOUTS) {
    const [c, h, w] = layout === "NCHW" ? shape.slice(1) : [shape[3], shape[1], shape[2]];
    const scale = h / height;
    if (c === channels && w === scale * width && Number.isInteger(scale) && scale >= 1 && scale <= 8) {
      return { layout, scale };
    }
  }
  return undefined;
}

/** Hands a picture over, in planes from 0 to 1, and gives what comes back. */
type Ask = (planes: Float32Array, size: PlaneSize, side: Side) => Promise<Tensor>;

/**
 * Runs the model on a picture.
 * @throws {SamsrError} where the picture that comes back has another size than it should
 */
async function enlarge(
  session: Session,
  planes: Float32Array,
  size: PlaneSize,
  side: Side,
  { output: { name }, scale }: Form,
): Promise<Tensor> {
  const made = (await session.run({ [side.name]: toFile(planes, size, side) }))[name];
  if (formOf(made.shape, size, channelsOf(side))?.scale === scale) return made;
  throw new SamsrError(`${name} has another size`);
}

/** A mean difference that only the right values come to. */
const CLOSE = 0.04;
/** How much worse than the best the usual values may do, and yet be taken. */
const MARGIN = 1.5;
/** A mean difference beyond which what comes out is not the picture, whatever the values. */
const NO_PICTURE = 0.1;

/**
 * Finds the values of black and white, and the order of channels of what comes out. With its own values
 * Real-ESRGAN comes to 0.014 and with others to 0.1 at best; its small network to 0.013 and 0.096.
 */
async function findValues(
  ask: Ask,
  { input, output, scale, size }: Form,
  options: OnnxFileOptions,
): Promise<Pick<OnnxFileConfig, "input" | "output">> {
  const planes = picture(size, channelsOf(input));
  const whole = { width: scale * size.width, height: scale * size.height };
  const ranges = (type: Side["type"], known: ValueRange | undefined) =>
    known ? [known] : type === "uint8" ? (["0..255"] as const) : RANGE_NAMES;
  const trials: { input: Side; output: Side; made: Tensor; error: number }[] = [];
  const errorOf = (made: Tensor, side: Side) => difference(fromFile(made, whole, side), whole, planes, scale);
  for (const range of ranges(input.type, options.range)) {
    const taken = { ...input, range };
    const made = await ask(planes, size, taken);
    // The same values in and out are the usual thing.
    const outputs = [...ranges(output.type, options.outputRange ?? options.range)];
    for (const due of outputs.sort((a, b) => Number(b === range) - Number(a === range))) {
      const side = { ...output, range: due };
      trials.push({ input: taken, output: side, made, error: errorOf(made, side) });
    }
  }
  const least = Math.min(...trials.map(({ error }) => error));
  const enough = Math.max(CLOSE, MARGIN * least);
  const best = least < NO_PICTURE ? trials.find(({ error }) => error <= enough)! : trials[0];
  const { input: taken, output: due, made, error } = best;
  if (options.outputColours || input.colours !== "RGB") return { input: taken, output: due };
  const swapped = { ...due, colours: "BGR" } as const;
  const other = errorOf(made, swapped);
  return { input: taken, output: other < error / 2 && other < NO_PICTURE ? swapped : due };
}

/**
 * Returns the mean difference between a picture and a larger one, averaged over each of its pixels' squares.
 */
function difference(
  large: Float32Array,
  { width, height }: PlaneSize,
  small: Float32Array,
  scale: number,
): number {
  const sums = new Float32Array(small.length);
  const columns = width / scale;
  for (let i = 0; i < large.length; i++) {
    const [x, line] = [i % width, Math.floor(i / width)];
    const [y, c] = [line % height, Math.floor(line / height)];
    sums[(c * (height / scale) + Math.floor(y / scale)) * columns + Math.floor(x / scale)] += large[i];
  }
  const total = sums.reduce((sum, v, i) => sum + Math.abs(v / scale ** 2 - small[i]), 0);
  return Number.isFinite(total) ? total / small.length : Number.POSITIVE_INFINITY;
}

/**
 * Finds what the sides must divide by: the smallest usual number to whose odd multiples the network keeps.
 */
async function findMultiple(ask: Ask, side: Side, { width }: PlaneSize): Promise<number> {
  for (const multiple of MULTIPLES) {
    const size = { height: width + multiple, width: width + 3 * multiple };
    const fits = await ask(picture(size, channelsOf(side)), size, side).then(
      () => true,
      () => false,
    );
    if (fits) return multiple;
  }
  return width;
}

/** Finds how far a change of one pixel can be seen, in small pixels. */
async function findReach(
  ask: Ask,
  { input, output }: Pick<OnnxFileConfig, "input" | "output">,
  size: PlaneSize,
  scale: number,
): Promise<number> {
  const { width, height } = size;
  const plane = width * height;
  const planes = picture(size, channelsOf(input));
  const [x0, y0] = [width >> 1, height >> 1];
  const changed = planes.slice();
  for (let at = y0 * width + x0; at < changed.length; at += plane) changed[at] = changed[at] > 0.5 ? 0 : 1;
  const whole = { width: scale * width, height: scale * height };
  const before = fromFile(await ask(planes, size, input), whole, output);
  const after = fromFile(await ask(changed, size, input), whole, output);
  let reach = 0;
  for (let i = 0; i < before.length; i++) {
    if (!(Math.abs(after[i] - before[i]) > VISIBLE)) continue;
    const [x, line] = [i % (scale * width), Math.floor(i / (scale * width))];
    const [dx, dy] = [Math.floor(x / scale) - x0, Math.floor((line % (scale * height)) / scale) - y0];
    reach = Math.max(reach, Math.abs(dx), Math.abs(dy));
  }
  return reach;
}

/** Slopes of unlike colours with a bright disc and dark bars: planes from 0 to 1. */
function picture({ width, height }: PlaneSize, channels: number): Float32Array {
  return Float32Array.from({ length: channels * width * height }, (_, i) => {
    const [x, line] = [i % width, Math.floor(i / width)];
    const [y, c] = [line % height, Math.floor(line / height)];
    const slope = [0.75 - (0.5 * x) / width, 0.35 + (0.3 * y) / height, 0.15 + (0.3 * x) / width][c];
    if (Math.hypot(x - 0.35 * width, y - 0.4 * height) < 0.18 * width) return [0.95, 0.8, 0.25][c];
    if (x > 0.6 * width && y % 8 < 3) return [0.1, 0.05, 0.2][c];
    return slope;
  });
}
