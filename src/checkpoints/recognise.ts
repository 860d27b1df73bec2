/**
 * Which network a checkpoint holds, from the names and shapes of its tensors alone. Each network's
 * configuration is read off the shapes, the network is built in a scope that only takes note of what it asks
 * for, and the two lists are compared: so nothing is recognised that could not be run.
 */
import { oneLine, SamsrError } from "../base/errors.js";
import {
  type KnownNetwork,
  NETWORKS,
  type Network,
  type ReadConfig,
  type Shapes,
} from "../networks/index.js";
import { trainableScope } from "../nn/index.js";
import { type Shape, sameShape } from "../onnx/index.js";

type As<N> =
  N extends Network<infer Name, infer Config, infer Facts, infer _>
    ? ReadConfig<Config, Facts> & { readonly network: Name }
    : never;

/** What a checkpoint holds: a network by its name, its configuration, and what else its tensors tell. */
export type Recognised = As<KnownNetwork>;

/** What a checkpoint would be if it were a certain network. */
interface Reading {
  readonly network: Network;
  readonly found: ReadConfig<unknown>;
  /** The parameters of that network. */
  readonly expected: Shapes;
}

/** How many differences an error names. */
const NAMED = 4;

/** Networks have hundreds of tensors; what has very many more is not looked through. */
const MOST_TENSORS = 5000;

/** The most numbers that building a network may make of its own: thirty times what any real one needs. */
const MOST_CONSTANTS = 5e7;

/**
 * Recognises which network a checkpoint holds, and its configuration, from the shapes of its tensors.
 * @param shapes as `readShapes` gives them, buffers included: only these tell the size a Swin UNet was built
 *   for
 * @param name of the file, for errors
 * @throws {SamsrError} naming the nearest network that is known, and the first tensors in which the
 *   checkpoint differs
 */
export function recogniseNetwork(shapes: Shapes, name: string): Recognised {
  if (shapes.size > MOST_TENSORS) {
    throw new SamsrError(`${name}: holds ${shapes.size} tensors; no network that samsr knows has so many`);
  }
  let nearest: { reading: Reading; common: number } | undefined;
  let impossible: SamsrError | undefined;
  for (const { network, read } of readings(shapes, name)) {
    const reading = attempt(read);
    if (reading instanceof Error) {
      impossible ??= new SamsrError(
        `${name}: its tensors have sizes that no network can have: ${reading.message}`,
      );
      continue;
    }
    if (!reading) continue;
    if (differences(shapes, reading).length === 0) {
      const complaint = network.config.check(reading.found.config, "");
      if (complaint) throw new SamsrError(`${name}: holds ${network.title}, but its ${complaint}`);
      return { network: network.name, ...reading.found } as Recognised;
    }
    const common = inCommon(shapes, reading);
    if (common > (nearest?.common ?? 0)) nearest = { reading, common };
  }
  if (nearest) throw new SamsrError(`${name}: ${describe(shapes, nearest.reading)}`);
  if (impossible) throw impossible;
  const first = [...shapes].slice(0, 3).map(([key, shape]) => tensor(key, shape));
  const known = NETWORKS.map(({ title }) => title).join(", ");
  throw new SamsrError(
    `${name}: holds no network that samsr knows; expected one of these: ${known}; ` +
      `found ${shapes.size} tensors, ${first.join(", ") || "none"}`,
  );
}

/**
 * Returns a recognised network with a configuration that is told of it, for what no shape tells.
 * @returns undefined where the configuration is not one of these tensors
 */
export function recognisedAs(
  recognised: Recognised,
  config: unknown,
  shapes: Shapes,
): Recognised | undefined {
  const network = networkNamed(recognised.network);
  const found = { ...recognised, ...("sizeKnown" in recognised && { sizeKnown: true }), config };
  const reading = attempt(() => ({ network, found, expected: parametersOf(network, found) }));
  if (reading instanceof Error || differences(shapes, reading).length > 0) return undefined;
  return found as Recognised;
}

/** Tells whether it is this network, and with its configuration then. */
export function isNetwork<N extends Network>(
  found: { readonly network: string },
  network: N,
): found is Extract<Recognised, { readonly network: N["name"] }> {
  return found.network === network.name;
}

/** Returns the network of this name, which is that of a known one. */
export function networkNamed(name: Recognised["network"]): Network {
  return NETWORKS.find((network) => network.name === name)!;
}

/** Returns everything that a checkpoint could be. */
function* readings(shapes: Shapes, name: string) {
  for (const network of NETWORKS) {
    for (const reader of network.readers) {
      const read = (): Reading | undefined => {
        const found = reader(shapes, name);
        return found && { network, found, expected: parametersOf(network, found) };
      };
      yield { network, read };
    }
  }
}

/** The last parameters that were listed, the oldest first, by network and configuration. */
const listed = new Map<string, Shapes>();

/** So many of them are kept, which is what a few files are read as. */
const MOST_LISTED = 64;

/**
 * Names and shapes of what a network asks its scope for. Files of one kind ask for the same lists again and
 * again, and to list them the network is built, so the last ones are kept.
 * @throws {Error} where building it would not fit into memory, and what building it throws
 */
function parametersOf(network: Network, found: ReadConfig<unknown>): Shapes {
  if (!((network.constants?.(found.config) ?? 0) <= MOST_CONSTANTS)) {
    throw new Error("its constants would not fit into memory");
  }
  const key = JSON.stringify([network.name, found]);
  const known = listed.get(key);
  if (known) return known;
  const { scope, parameters } = trainableScope();
  network.parameters(scope, found);
  const shapes = new Map(parameters().map(({ name, shape }) => [name, shape]));
  listed.set(key, shapes);
  if (listed.size > MOST_LISTED) listed.delete(listed.keys().next().value!);
  return shapes;
}

/**
 * Networks refuse sizes they cannot be built with, as widths that do not divide into groups, by plain errors.
 */
function attempt<T>(build: () => T): T | Error {
  try {
    return build();
  } catch (error) {
    const expected =
      error instanceof SamsrError ||
      error instanceof RangeError ||
      (error instanceof Error && error.constructor === Error);
    if (expected) return error;
    throw error;
  }
}

/** Tells how many tensors are right, those of another shape by half. */
function inCommon(shapes: Shapes, { expected }: Reading): number {
  let common = 0;
  for (const [key, shape] of expected) {
    const found = shapes.get(key);
    if (found) common += sameShape(found, shape) ? 1 : 0.5;
  }
  return common;
}

/** Returns one phrase for each tensor that has another shape, is missing, or is too many, in this order. */
function differences(shapes: Shapes, { expected, network }: Reading): string[] {
  const reshaped: string[] = [];
  const missing: string[] = [];
  for (const [key, shape] of expected) {
    const found = shapes.get(key);
    if (found === undefined) missing.push(`${tensor(key, shape)} is missing`);
    else if (!sameShape(found, shape)) reshaped.push(`${tensor(key, found)} should be [${shape.join(", ")}]`);
  }
  const unknown = [...shapes].filter(([key]) => !expected.has(key) && !network.ignored?.test(key));
  const extra = unknown.map(([key, shape]) => `${tensor(key, shape)} has no place in it`);
  // In turns, so that a renamed tensor is named with both its names.
  const turns = Array.from({ length: Math.max(missing.length, extra.length) }, (_, i) => [
    missing[i],
    extra[i],
  ]);
  return [...reshaped, ...turns.flat().filter((phrase) => phrase !== undefined)];
}

function describe(shapes: Shapes, reading: Reading): string {
  const all = differences(shapes, reading);
  const more = all.length > NAMED ? `, and ${all.length - NAMED} more` : "";
  const nearest = reading.network.title;
  return (
    `not a network that samsr knows; the nearest is ${nearest}, but ` +
    `${all.slice(0, NAMED).join(", ")}${more}`
  );
}

function tensor(name: string, shape: Shape): string {
  return `"${oneLine(name, 200)}" [${shape.join(", ")}]`;
}
