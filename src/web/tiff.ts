/** TIFF in a page, by a decoder that is loaded when the first such file comes. */
import type { Metadata as SharpMetadata } from "sharp";
import { type Channels, createRaster, type Raster } from "../image/raster.js";

/** What a TIFF shows, and what it says of it in tags that are not EXIF's. */
interface TiffPicture {
  /** The first page; 16 bits stay 16. */
  readonly raster: Raster;
  /** Profile, XMP and IPTC, as the command has them from its decoder. */
  readonly header: SharpMetadata;
  /** Bits of a sample in the file. */
  readonly sampleBits: number;
  /** Whether there are pages beside the first. */
  readonly more: boolean;
}

const TAGS = { xmp: 700, iptc: 33723, icc: 34675 } as const;

/**
 * Decodes the first page of a TIFF: grey, colours or a palette of 1, 8 or 16 bits, plain, LZW or deflate.
 * @throws an error with the reason in its words for another kind, and for a damaged file
 */
export async function decodeTiff(bytes: Uint8Array): Promise<TiffPicture> {
  const { decode, isMultiPage } = await import("tiff");
  const [page] = decode(bytes, { pages: [0], ignoreImageData: true });
  const { type, bitsPerSample, sampleFormat, samplesPerPixel, planarConfiguration, tiled } = page!;
  if (![1, 8, 16].includes(bitsPerSample) || sampleFormat !== 1) {
    throw new Error(`samples of ${bitsPerSample} bits in format ${sampleFormat}`);
  }
  // The decoder takes these for another order of samples.
  if (planarConfiguration === 2 && samplesPerPixel > 1) throw new Error("a plane for each colour");
  if (tiled && samplesPerPixel > 1) throw new Error("tiles of colours");
  const [picture] = decode(bytes, { pages: [0] });
  const { width, height, palette, fields } = picture!;
  const data = picture!.data as Uint8Array | Uint16Array;
  let raster: Raster;
  if (type === 3) raster = fromPalette(data, width, height, palette ?? []);
  else {
    const channels = samplesPerPixel as Channels;
    const allowed: readonly number[] = type === 2 ? [3, 4] : [1, 2];
    if (!allowed.includes(channels)) throw new Error(`${channels} samples a pixel`);
    if (bitsPerSample === 1) for (let i = 0; i < data.length; i++) data[i]! *= 255;
    raster = { width, height, channels, data };
  }
  const bytesOf = (tag: number) => {
    const value: unknown = fields.get(tag);
    return value instanceof Uint8Array || Array.isArray(value) ? Uint8Array.from(value) : undefined;
  };
  const found = Object.entries(TAGS).map(([name, tag]) => [name, bytesOf(tag)] as const);
  const header = Object.fromEntries(found.filter(([, value]) => value !== undefined));
  return {
    raster,
    header: header as unknown as SharpMetadata,
    sampleBits: bitsPerSample,
    more: isMultiPage(bytes),
  };
}

/** Returns the colours of a palette, whose 16 bits editors fill the upper eight of. */
function fromPalette(
  indices: Uint8Array | Uint16Array,
  width: number,
  height: number,
  palette: readonly (readonly number[])[],
): Raster {
  const raster = createRaster(width, height, 3);
  for (let p = 0; p < indices.length; p++) {
    const colour = palette[indices[p]!];
    for (let c = 0; c < 3; c++) raster.data[3 * p + c] = (colour?.[c] ?? 0) >> 8;
  }
  return raster;
}
