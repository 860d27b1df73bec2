/** Small pictures for the list, made in a worker: resizing one large photo would stall the page. */
import { defaultLimits } from "../src/image/limits.js";
import { sizeOf } from "../src/web/size.js";

/** As the list shows it, on a screen of two pixels to one. */
const WIDTH = 104;

addEventListener("message", async ({ data: file, ports: [answer] }: MessageEvent<File>) => {
  answer!.postMessage(await thumbnail(file));
});

/** Returns a small PNG; undefined for what the browser cannot decode, or should not, since it is too large. */
async function thumbnail(file: File): Promise<Blob | undefined> {
  try {
    const size = sizeOf(new Uint8Array(await file.arrayBuffer()));
    if (size && size.width * size.height > defaultLimits.pixelLimit) return undefined;
    const bitmap = await createImageBitmap(file, { resizeWidth: WIDTH, resizeQuality: "medium" });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    bitmap.close();
    return await canvas.convertToBlob({ type: "image/png" });
  } catch {
    return undefined;
  }
}
