/** Formats by name. What a file is, its first bytes tell (see `recognise.ts`), never its ending. */
import { checkArgument, checkWhole } from "../base/arguments.js";

const INPUT_FORMATS = ["jpeg", "png", "webp", "avif", "tiff", "gif", "heic", "jxl", "bmp"] as const;

export type InputFormat = (typeof INPUT_FORMATS)[number];

export type OutputFormat = "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif";

/**
 * Returns the format to write a picture in that came in another: the same, or PNG for one that is only read.
 * An animation stays one: `frames` over 1 keep GIF.
 * @throws SamsrError for what is no format, and no number of frames
 */
export function formatLike(read: InputFormat, frames = 1): OutputFormat {
  checkArgument("the format read", read, INPUT_FORMATS.includes(read), `one of ${INPUT_FORMATS.join(", ")}`);
  checkWhole("the number of frames", frames, 1);
  if (read === "gif") return frames > 1 ? "gif" : "png";
  if (read === "heic") return "jpeg";
  return read === "jxl" || read === "bmp" ? "png" : read;
}

const formats: Record<string, OutputFormat> = {
  png: "png",
  apng: "png",
  jpg: "jpeg",
  jpeg: "jpeg",
  jpe: "jpeg",
  jfif: "jpeg",
  webp: "webp",
  avif: "avif",
  tif: "tiff",
  tiff: "tiff",
  gif: "gif",
};

/**
 * Returns the format that a file name's ending stands for, or undefined. @throws SamsrError for what is no
 * text
 */
export function formatOfName(path: string): OutputFormat | undefined {
  checkArgument("the name of a file", path, typeof path === "string", "a text");
  return formats[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
}
