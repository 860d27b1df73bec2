export type OutputFormat = "png" | "jpeg" | "webp" | "avif" | "tiff";

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
