/** What a picture file says beside its pixels. */
import type { PngText } from "../containers/png.js";
import type { InputFormat } from "../formats.js";
import type { ColourDescription } from "./colour.js";

export interface Metadata extends ColourDescription {
  /** The format of the file that was read. */
  readonly format: InputFormat;
  /** Bits of a channel in the decoded raster. */
  readonly bitDepth: 8 | 16;
  /** Bits of a channel in the file, such as 10 in an AVIF; a palette has 8. */
  readonly sampleBits: number;
  readonly greyscale: boolean;
  readonly hasAlpha: boolean;
  /** Pages or frames in the file; the first is the one that `decode` reads. */
  readonly pageCount: number;
  /** Whether the file stores its pixels without loss. */
  readonly lossless: boolean;
  /** Pixels an inch. Left out where the file says none, or one that cannot be. */
  readonly density?: number;
  /** Pixels an inch downwards, where they differ from those across, as in faxes. */
  readonly densityDown?: number;
  /**
   * The colour profile that the pixels are in, as found. None means what `cicp` or `gamma` tell, or else
   * sRGB.
   */
  readonly icc?: Uint8Array;
  /** EXIF from its byte-order mark on, without the `Exif\0\0` that JPEG puts before it; orientation 1. */
  readonly exif?: Uint8Array;
  /** An XMP packet, orientation 1. */
  readonly xmp?: Uint8Array;
  /** IPTC records (IIM), without the Photoshop block that JPEG puts around them. */
  readonly iptc?: Uint8Array;
  /** Texts of a PNG. */
  readonly texts?: readonly PngText[];
}

export type { PngText };
