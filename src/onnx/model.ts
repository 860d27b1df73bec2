/**
 * Writing of values to a file. Walking back from the outputs finds exactly the nodes that matter; two nodes
 * with the same operator, attributes and inputs become one (common subexpressions), and so do equal
 * constants. Field numbers are those of onnx.proto3 (github.com/onnx/onnx).
 */
import { toFloat16 } from "./float16.js";
import { inTopologicalOrder } from "./order.js";
import {
  type Deferred,
  type Message,
  message,
  pieces,
  toBytes,
  writeBytes,
  writeFloat,
  writeInteger,
  writeIntegers,
  writeText,
} from "./protobuf.js";
import {
  type Attribute,
  type ConstantData,
  type DataType,
  type Place,
  type Shape,
  sameShape,
  sizeOf,
  TYPE_CODES,
  type Value,
} from "./value.js";

/** The version of ONNX's operators that files are written for. */
export const OPSET = 21;

const IR_VERSION = 10;

/** ONNX Runtime's own operators, which are for sessions and not for files that others read, and their set. */
const OWN_OPERATORS = new Set(["FusedMatMul"]);
const OWN_SET = "com.microsoft";

/** The magnitude from which on a number rounds to infinity in float16. */
const LARGEST_HALF = 65520;

/** The place of a tensor's numbers in onnx.proto3, `DataLocation.EXTERNAL`: another file. */
const EXTERNAL = 1;

/** How a graph is written. */
export interface ModelOptions {
  readonly name?: string;
  /**
   * The type that named constants (weights) are stored in, default float32; with float16 the graph still
   * computes in float32. Vectors, which are small, and what half precision cannot hold stay as they are.
   */
  readonly precision?: "float32" | "float16";
  /** Says of a weight, by its name, that it stays in float32 at half precision too. */
  readonly exact?: (name: string) => boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * The sides of inputs and outputs by name, for graphs of any size (`anySize`); default: those of their
   * shapes.
   */
  readonly dimensions?: Readonly<Record<string, readonly (Dimension | undefined)[]>>;
  /** Leaves the sides of inputs and outputs open, and how many there are; a scalar is declared as one. */
  readonly undeclared?: boolean;
}

/** A side of a tensor: a number, or the name of what it depends on, such as "height". */
export type Dimension = number | string;

/** What is known of a model without its bytes. */
export interface ModelFacts {
  /** The graph's inputs that the outputs depend on, in order of creation. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly type: DataType }[];
  readonly outputs: readonly string[];
  readonly nodes: number;
}

/** A model in memory. */
export interface Model extends ModelFacts {
  readonly bytes: Uint8Array;
}

/** A model whose file is made piece by piece, so that it is never in memory as a whole. */
export interface ModelStream extends ModelFacts {
  /** The file's size in bytes. */
  readonly size: number;
  /** Makes the file from its beginning to its end; it may be called again. */
  readonly pieces: () => Iterable<Uint8Array>;
}

/**
 * Writes the graph behind `outputs` as an ONNX model (opset 21). Weights that are `stored` stay in their
 * files: such a model is for a session with the `weightsFolder` they lie in.
 * @param extraInputs inputs to declare even if no output depends on them
 * @throws {Error} when two different inputs or weights share a name, or an output has the name of an input
 */
export function toModel(
  outputs: Readonly<Record<string, Value>>,
  options: ModelOptions = {},
  extraInputs: readonly Value[] = [],
): Model {
  const { file, facts } = describe(outputs, options, extraInputs);
  return { ...facts, bytes: toBytes(file) };
}

/**
 * Writes the same file as {@link toModel}, piece by piece: weights are not copied, and converted one by one.
 * @throws {Error} as `toModel` does
 */
export function streamModel(
  outputs: Readonly<Record<string, Value>>,
  options: ModelOptions = {},
): ModelStream {
  const { file, facts } = describe(outputs, options, []);
  return { ...facts, size: file.size, pieces: () => pieces(file) };
}

function describe(
  outputs: Readonly<Record<string, Value>>,
  options: ModelOptions,
  extraInputs: readonly Value[],
): { file: Message; facts: ModelFacts } {
  const { name = "samsr", metadata = {}, dimensions = {}, undeclared = false } = options;
  const graph = message();
  const writer = createWriter(graph, options);
  const reached = inTopologicalOrder([...extraInputs, ...Object.values(outputs)]);
  const named = new Map<string, Value>();
  for (const v of reached) {
    if (v.source.kind === "input") {
      const twin = named.get(v.source.name);
      if (twin && (twin.type !== v.type || String(twin.shape) !== String(v.shape))) {
        throw new Error(`model: two inputs are named "${v.source.name}": [${twin.shape}] and [${v.shape}]`);
      }
      named.set(v.source.name, v);
    }
    writer.write(v);
  }
  for (const v of reached) {
    const { source } = v;
    const weight = source.kind === "constant" || source.kind === "stored" ? source.name : undefined;
    if (weight !== undefined && named.has(weight)) {
      throw new Error(`model: two tensors are named "${weight}": an input and a constant`);
    }
  }
  for (const [output, v] of Object.entries(outputs)) {
    if (named.has(output)) throw new Error(`model: an output has the name of the input "${output}"`);
    // A second name for a value, and a constant or an input given straight back, need a node of their own.
    writer.node("Identity", [writer.nameOf(v)], [output], {});
  }
  writeText(graph, 2, name);
  const declared = (key: string, v: Value) =>
    valueInfo(key, v, undeclared && v.shape.length > 0 ? undefined : (dimensions[key] ?? []));
  for (const [key, v] of named) writeBytes(graph, 11, declared(key, v));
  for (const [key, v] of Object.entries(outputs)) writeBytes(graph, 12, declared(key, v));

  const file = message();
  writeInteger(file, 1, IR_VERSION);
  writeText(file, 2, "samsr");
  writeBytes(file, 7, graph);
  writeSet(file, "", OPSET);
  if (reached.some(({ source }) => source.kind === "node" && OWN_OPERATORS.has(source.node.op))) {
    writeSet(file, OWN_SET, 1);
  }
  for (const [key, value] of Object.entries(metadata)) {
    const entry = message();
    writeText(entry, 1, key);
    writeText(entry, 2, value);
    writeBytes(file, 14, entry);
  }
  const inputs = [...named].map(([key, v]) => ({ name: key, shape: v.shape, type: v.type }));
  return { file, facts: { inputs, outputs: Object.keys(outputs), nodes: writer.count() } };
}

/** Says of which version a set of operators is. */
function writeSet(file: Message, name: string, version: number): void {
  const set = message();
  writeText(set, 1, name);
  writeInteger(set, 2, version);
  writeBytes(file, 8, set);
}

function createWriter(graph: Message, { precision, exact }: ModelOptions) {
  const names = new Map<Value, string>();
  const nodes = new Map<string, string>();
  const constants = new Map<string, string>();
  const weights = new Map<string, { type: DataType; shape: Shape; data: ConstantData }>();
  const places = new Map<string, Place>();
  let count = 0;
  let constantCount = 0;

  const node = (
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
  ) => {
    const m = message();
    inputs.forEach((i) => writeText(m, 1, i));
    outputs.forEach((o) => writeText(m, 2, o));
    writeText(m, 3, `${op}_${count++}`);
    writeText(m, 4, op);
    if (OWN_OPERATORS.has(op)) writeText(m, 7, OWN_SET);
    for (const [key, value] of Object.entries(attributes)) writeBytes(m, 5, attribute(key, value));
    writeBytes(graph, 1, m);
  };

  const initializer = (name: string, shape: Shape, data: Uint8Array | Deferred, type: DataType) => {
    const m = message();
    if (shape.length > 0) writeIntegers(m, 1, shape);
    writeInteger(m, 2, TYPE_CODES[type]);
    writeText(m, 8, name);
    writeBytes(m, 9, data);
    writeBytes(graph, 5, m);
  };

  const atHalf = (shape: Shape, data: ConstantData, name: string): data is Float32Array =>
    precision === "float16" &&
    data instanceof Float32Array &&
    shape.length > 1 &&
    !exact?.(name) &&
    data.every((v) => Math.abs(v) < LARGEST_HALF);

  const nameConstant = (v: Value, data: ConstantData, name?: string) => {
    if (name !== undefined && places.has(name)) throw new Error(`model: two tensors are named "${name}"`);
    const twin = name === undefined ? undefined : weights.get(name);
    if (twin && (twin.type !== v.type || !sameShape(twin.shape, v.shape) || !sameBytes(twin.data, data))) {
      throw new Error(`model: two tensors are named "${name}": [${twin.shape}] and [${v.shape}]`);
    }
    if (twin) return name!;
    if (name !== undefined) weights.set(name, { type: v.type, shape: v.shape, data });
    // By their bytes: 0 and -0 print alike, and are not the same divisor.
    const key = data.length <= 64 ? `${v.type}[${v.shape}]${bytesOf(data).join()}` : undefined;
    const known = key === undefined || name ? undefined : constants.get(key);
    if (known) return known;
    const given = name ?? `c${constantCount++}`;
    if (name && atHalf(v.shape, data, name)) {
      const half = { size: 2 * data.length, make: () => bytesOf(toFloat16(data)) };
      initializer(`${given}.float16`, v.shape, half, "float16");
      node("Cast", [`${given}.float16`], [given], { to: TYPE_CODES.float32 });
    } else {
      initializer(given, v.shape, bytesOf(data), v.type);
    }
    if (key !== undefined && !name) constants.set(key, given);
    return given;
  };

  const nameStored = (v: Value, name: string, place: Place) => {
    const twin = places.get(name);
    const same = twin && twin.file === place.file && twin.offset === place.offset;
    if ((twin && !same) || weights.has(name)) throw new Error(`model: two tensors are named "${name}"`);
    if (twin) return name;
    places.set(name, place);
    const m = message();
    if (v.shape.length > 0) writeIntegers(m, 1, v.shape);
    writeInteger(m, 2, TYPE_CODES[v.type]);
    writeText(m, 8, name);
    const length = sizeOf(v.shape) * (v.type === "float16" ? 2 : 4);
    for (const [key, value] of Object.entries({ location: place.file, offset: place.offset, length })) {
      const entry = message();
      writeText(entry, 1, key);
      writeText(entry, 2, String(value));
      writeBytes(m, 13, entry);
    }
    writeInteger(m, 14, EXTERNAL);
    writeBytes(graph, 5, m);
    return name;
  };

  const nameNode = (v: Value) => {
    if (v.source.kind !== "node") throw new Error("not a node");
    const { node: n, output } = v.source;
    const inputs = n.inputs.map((i) => (i ? names.get(i)! : ""));
    const key = `${n.op}(${inputs.join()})${JSON.stringify(n.attributes)}${n.outputs}`;
    let base = nodes.get(key);
    if (base === undefined) {
      base = `v${nodes.size}`;
      nodes.set(key, base);
      const outputs = Array.from({ length: n.outputs }, (_, i) => `${base}_${i}`);
      node(n.op, inputs, outputs, n.attributes);
    }
    return `${base}_${output}`;
  };

  const write = (v: Value) => {
    const { source } = v;
    if (source.kind === "input") names.set(v, source.name);
    else if (source.kind === "constant") names.set(v, nameConstant(v, source.data, source.name));
    else if (source.kind === "stored") names.set(v, nameStored(v, source.name, source.place));
    else names.set(v, nameNode(v));
  };

  return { write, node, nameOf: (v: Value) => names.get(v)!, count: () => count };
}

function bytesOf(data: ConstantData | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function sameBytes(a: ConstantData, b: ConstantData): boolean {
  if (a === b) return true;
  const [x, y] = [bytesOf(a), bytesOf(b)];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

const FLOAT = 1;
const INT = 2;
const STRING = 3;
const INTS = 7;

function attribute(name: string, value: Attribute): Message {
  const m = message();
  writeText(m, 1, name);
  if (typeof value === "number") {
    writeInteger(m, 3, value);
    writeInteger(m, 20, INT);
  } else if (typeof value === "string") {
    writeText(m, 4, value);
    writeInteger(m, 20, STRING);
  } else if ("float" in value) {
    writeFloat(m, 2, value.float);
    writeInteger(m, 20, FLOAT);
  } else {
    for (const v of value) writeInteger(m, 8, v);
    writeInteger(m, 20, INTS);
  }
  return m;
}

function valueInfo(name: string, v: Value, sides: readonly (Dimension | undefined)[] | undefined): Message {
  const tensor = message();
  writeInteger(tensor, 1, TYPE_CODES[v.type]);
  if (sides) {
    const dims = message();
    for (const [axis, known] of v.shape.entries()) {
      const dim = message();
      const side = sides[axis] ?? known;
      if (typeof side === "number") writeInteger(dim, 1, side);
      else writeText(dim, 2, side);
      writeBytes(dims, 1, dim);
    }
    writeBytes(tensor, 2, dims);
  }
  const type = message();
  writeBytes(type, 1, tensor);
  const info = message();
  writeText(info, 1, name);
  writeBytes(info, 2, type);
  return info;
}
