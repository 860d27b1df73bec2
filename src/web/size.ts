/** How large a picture is by its header, before anything is made of it. */
import { imageSize } from "image-size";

/** Returns the sides that a file claims; undefined where it does not tell, as a damaged one may not. */
export function sizeOf(bytes: Uint8Array): { width: number; height: number } | undefined {
  try {
    const { width, height } = imageSize(bytes);
    return width > 0 && height > 0 ? { width, height } : undefined;
  } catch {
    // The decoder says what is wrong with it.
    return undefined;
  }
}
