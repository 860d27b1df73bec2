/**
 * The thread in which `samsr degrade` makes its pairs: large photos take seconds, in which nobody could
 * interrupt it.
 */
import { SamsrError } from "../../base/errors.js";
import type { Raster } from "../../image/raster.js";
import { type CallContext, serveThread } from "../../runtime/index.js";
import { type DegradedPair, degradedPair, imagenetTestPair, type PairOptions } from "./degraded-pair.js";
import { decodeRgb } from "./photos.js";

let open: { readonly name: string; readonly photo: Raster } | undefined;

export const functions = serveThread({
  /** Decodes the photo that the next pairs are made of. @param source a path, or the bytes of a file */
  async read({ source, name }: { source: string | Uint8Array; name: string }) {
    open = undefined;
    const photo = await decodeRgb(source).catch((error: Error) => {
      throw new SamsrError(`${name}: cannot be read as a picture (${error.message})`);
    });
    open = { name, photo };
  },

  async pair({ variant, options }: { variant: number; options: PairOptions }, context: CallContext) {
    return handOver(await degradedPair(open!.photo, open!.name, variant, options), context);
  },

  async imagenetTest({ seed }: { seed: number }, context: CallContext) {
    return handOver(await imagenetTestPair(open!.photo, open!.name, seed), context);
  },
});

/** Moves what has memory of its own; small pictures share a buffer with others and are copied. */
function handOver(pair: DegradedPair, { transfer }: CallContext): DegradedPair {
  const own = [pair.hr, pair.lr].filter(({ data }) => data.byteLength === data.buffer.byteLength);
  return transfer(
    pair,
    own.map(({ data }) => data.buffer as ArrayBuffer),
  );
}
