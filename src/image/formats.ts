import type { InputFormat } from "./metadata.js";

export type OutputFormat = "png" | "jpeg" | "webp" | "avif" | "tiff";

/** The format to write a picture in that came in another: the same, or PNG for one that is only read. */
export function formatLike(read: InputFormat): OutputFormat {
  return read === "gif" ? "png" : read;
}

/** The format that a file name's ending stands for, or undefined. */
export function formatOfName(path: string): OutputFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const formats: Record<string, OutputFormat> = {
    png: "png",
    jpg: "jpeg",
    jpeg: "jpeg",
    webp: "webp",
    avif: "avif",
    tif: "tiff",
    tiff: "tiff",
  };
  return formats[ending];
}
