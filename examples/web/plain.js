// Everything comes from this folder: samsr.js and its workers, the model, and ONNX Runtime.
import { createUpscaler } from "./samsr.js";
import "./samsr-compare.js";

const line = document.querySelector("#line");
const compare = document.querySelector("#compare");

const photo = await (await fetch("example.png")).blob();
const upscaler = await createUpscaler({ model: "models/samsr-tiny/", runtime: "ort/" });
const { raster, picture } = await upscaler.upscale(
  photo,
  { seed: 7 },
  {
    onProgress: ({ stage, done, total }) => {
      line.textContent = `${stage} ${done}/${total}`;
    },
  },
);
const { file } = await upscaler.encode(raster, { format: "png", metadata: picture.metadata });
compare.setAttribute("before", URL.createObjectURL(photo));
compare.setAttribute("after", URL.createObjectURL(file));
line.textContent = `${raster.width} x ${raster.height}`;
await upscaler.close();
