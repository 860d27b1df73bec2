/** Formats by name. What a file is, its first bytes tell (see `recognise.ts`), never its ending. */

export type InputFormat = "jpeg" | "png" | "webp" | "avif" | "tiff" | "gif" | "heic" | "jxl" | "bmp";

export type OutputFormat = "png" | "jpeg" | "webp" | "avif" | "tiff" | "gif";

/**
 * The format to write a picture in that came in another: the same, or PNG for one that is only read. An
 * animation stays one: `frames` over 1 keep GIF.
 */
export function formatLike(read: InputFormat, frames = 1): OutputFormat {
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

/** The format that a file name's ending stands for, or undefined. */
export function formatOfName(path: string): OutputFormat | undefined {
  return formats[/\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? ""];
}
