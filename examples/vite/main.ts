import { createUpscaler } from "samsr/web";
import "samsr/web/compare";

const upscaler = createUpscaler({ model: "models/samsr-tiny/", runtime: "ort/" });

document.querySelector("input")!.addEventListener("change", async ({ target }) => {
  const [photo] = (target as HTMLInputElement).files!;
  const { raster, picture } = await (await upscaler).upscale(photo!);
  const { file } = await (await upscaler).encode(raster, { format: "png", metadata: picture?.metadata });
  const compare = document.querySelector("samsr-compare")!;
  compare.setAttribute("before", URL.createObjectURL(photo!));
  compare.setAttribute("after", URL.createObjectURL(file));
});
