/**
 * A model of one pass that is told something of the whole picture: a network of its own looks at that once,
 * in pieces, and what it finds guides all tiles, and the alpha too. Found tile by tile it would give each
 * another guide, and tiles would show.
 */
import { type Raster, type Region, toTensor } from "../../image/raster.js";
import type { Guided, Guiding } from "../../networks/index.js";
import * as o from "../../onnx/index.js";
import { aroundZero, fromZero } from "./direct.js";
import { KEPT_SESSION_BYTES, type ModelKind, type TileGraph, type Walk } from "./kind.js";

const TILE = 192;

/** The longest side of a piece; larger ones need more memory, smaller ones see more pixels twice. */
const PIECE = 256;

/** A network of a model: the name of its weights in the description, its configuration, and what it does. */
interface Held<Ability> {
  readonly part: string;
  readonly config: unknown;
  readonly network: Ability;
}

export function guidedKind(generator: Held<Guided<unknown>>, guide: Held<Guiding<unknown>>): ModelKind {
  const { network, config } = generator;
  const pass: TileGraph = {
    name: "network",
    output: "hr",
    timed: "network",
    weights: generator.part,
    build: (p, { lq, guide }) => aroundZero(network.enlarge(p, config, fromZero(lq), guide)),
  };
  const features: TileGraph = {
    name: "features",
    output: "features",
    timed: "encode",
    weights: guide.part,
    build: (p, { lq }) => guide.network.features(p, guide.config, fromZero(lq)),
  };
  const mapping: TileGraph = {
    name: "mapping",
    output: "guide",
    timed: "encode",
    weights: guide.part,
    build: (p, { mean }) => guide.network.guide(p, guide.config, mean),
  };
  const whole: TileGraph = {
    name: "guide",
    output: "guide",
    timed: "encode",
    weights: guide.part,
    build: (p, tensors) =>
      mapping.build(p, { ...tensors, mean: o.reduceMean(features.build(p, tensors), [2, 3]) }),
  };
  const multiple = network.multiple(config);
  const tile = Math.ceil((network.tile ?? TILE) / multiple) * multiple;
  return {
    scale: network.scale(config),
    multiple,
    tile,
    overlap: Math.min(network.overlap(config), tile >> 1),
    keptBytes: KEPT_SESSION_BYTES,
    guide: { numbers: guide.network.guides(guide.config), features: guide.network.channels(guide.config) },
    onePass: [whole, pass],
    graphs: [pass, features, mapping, whole],

    async enlarge({ raster, paint, run }) {
      const mean = await meanFeatures(raster, guide.network, (piece) =>
        run(features, { lq: toTensor(raster, piece) }, piece),
      );
      const found = Float32Array.from(await run(mapping, { mean }, { width: multiple, height: multiple }));
      await paint((picture) => run(pass, { lq: picture.lq(), guide: found }, picture.tile));
    },
  };
}

/**
 * Returns the mean of the features over the whole picture, [D], from pieces that see as far beyond their part
 * as it takes.
 */
async function meanFeatures(
  raster: Raster,
  { stride, reach }: Pick<Guiding<unknown>, "stride" | "reach">,
  featuresOf: (piece: Region) => ReturnType<Walk["run"]>,
): Promise<Float32Array> {
  const [rows, columns] = [raster.height, raster.width].map((side) => piecesAlong(side, stride, reach));
  let sums: Float64Array | undefined;
  for (const row of rows.pieces) {
    for (const column of columns.pieces) {
      const piece = { x: column.start, y: row.start, width: columns.side, height: rows.side };
      const made = await featuresOf(piece);
      const [height, width] = [rows.side, columns.side].map((side) => Math.ceil(side / stride));
      sums ??= new Float64Array(made.length / (height * width));
      for (let d = 0; d < sums.length; d++) {
        for (let y = row.from; y < row.to; y++) {
          const line = (d * height + y - row.start / stride) * width - column.start / stride;
          for (let x = column.from; x < column.to; x++) sums[d] += made[line + x];
        }
      }
    }
  }
  const count = Math.ceil(raster.height / stride) * Math.ceil(raster.width / stride);
  return Float32Array.from(sums!, (sum) => sum / count);
}

interface Piece {
  /** Where it begins, in pixels. */
  readonly start: number;
  /** Which features are taken from it, counted along the whole picture. */
  readonly from: number;
  readonly to: number;
}

/**
 * Pieces of one length along a side, each beginning at a multiple of the stride, so that a feature means the
 * same pixels in all; the features in each from which nothing but the picture's own border is seen.
 */
function piecesAlong(length: number, stride: number, reach: number): { side: number; pieces: Piece[] } {
  const count = Math.ceil(length / stride);
  const rest = (length - PIECE) % stride;
  if (length <= PIECE + rest) return { side: length, pieces: [{ start: 0, from: 0, to: count }] };
  const side = PIECE + rest;
  const step = Math.floor(side / stride) * stride - 2 * reach;
  const starts: number[] = [];
  for (let start = 0; start < length - side; start += step) starts.push(start);
  starts.push(length - side);
  const ends = starts.map((start) => Math.floor((start + side - reach) / stride));
  return {
    side,
    pieces: starts.map((start, i) => ({
      start,
      from: i === 0 ? 0 : ends[i - 1],
      to: i === starts.length - 1 ? count : ends[i],
    })),
  };
}
