/**
 * samsr as a library: a file, then pixels, with progress and a way to stop. After `npm run build`:
 *
 *     npx tsc --ignoreConfig --module nodenext --target es2022 --types node examples/upscale.ts
 *     node examples/upscale.js photo.jpg large.png
 */
import { createUpscaler, decode, encode, SamsrError, upscaleToFile } from "samsr";

const [input = "examples/harbour.png", output = "large.png"] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

try {
  // From file to file; `upscale` gives the bytes instead. Profile, EXIF, alpha and 16 bits are kept.
  const { width, height, info } = await upscaleToFile(input, output, {
    seed: 7,
    overwrite: true,
    signal: stop.signal,
    onProgress: ({ stage, done, total }) => console.log(`${stage} ${done}/${total}`),
  });
  console.log(`${output}: ${width} x ${height} in ${info.milliseconds.total} ms on ${info.device}`);

  // Many pictures: the model stays loaded, and pixels go in and out.
  const upscaler = await createUpscaler({ threads: 2 });
  const { raster, metadata } = await decode(input);
  for (const scale of [2, 4]) {
    const { raster: large } = await upscaler.upscale(raster, { scale }, { signal: stop.signal });
    const bytes = await encode(large, { format: "webp", metadata });
    console.log(`x${scale}: ${large.width} x ${large.height}, ${bytes.length} bytes as WebP`);
  }
  await upscaler.close();
} catch (error) {
  if (error instanceof SamsrError) console.error(error.message);
  else if (!stop.signal.aborted) throw error;
  process.exitCode = 1;
}
