/** The words of `samsr convert`. */
import type { Command } from "commander";
import { choice, type Surroundings, size, whole } from "../options.js";
import type { ConvertArguments } from "./run.js";

const convertHelp = `
Which network a checkpoint holds is told by the names and shapes of its tensors. Files of PyTorch (.pth,
.pt, .ckpt), safetensors and ncnn (either file of a pair) are read. An ONNX file holds one part:

  upscale         lq -> hr              networks of one pass (Real-ESRGAN and many others), RGB from 0 to 1
  denoiser        x, t, lq -> y         SAMSR, SinSR, ResShift: the only part, so --part can be left out
  encode          x -> z                VQ autoencoder: from an image in [-1, 1] to its latent
  decode          z -> y, indices       each pixel of the latent replaced by the nearest code, then to an image
  decode-latent   z -> y                the same without codes
  coverage        image -> coverage     coverage network
  upscale         lq -> hr              networks of one pass: from a small picture to a large one
  image-encoder   image -> image_embedding                                              Segment Anything
  mask-decoder    image_embedding, points, labels -> low_res_logits, iou_predictions    Segment Anything

--config takes a configuration as SAMSR, SinSR and ResShift publish them. The checkpoint tells nearly
everything by itself; with the file it must agree, and the file adds the size of the autoencoder's images,
and the denoiser's where the checkpoint keeps no buffers.

Networks of one pass take pictures of any size, any number at once, unless --size or --batch asks for one.
Other shapes are fixed: one image of the size that the network was built for (autoencoder: 256x256). HxW is
the height and width of lq, x or z, in its own pixels. The file's metadata say network, part, size and the
multiple that sides must have, batch, precision, configuration, and what the weights were taught as far as
their file tells.

float16 halves the file: matrices and kernels are stored in half precision and widened when the model is
loaded, so that norms, softmax and all sums are computed in float32.

An OUT that ends in .safetensors gets the weights alone, under their published names. A network of ncnn's
that samsr does not know is made an ONNX file layer by layer.

Examples:
  samsr convert RealESRGAN_x4plus.param -o RealESRGAN_x4plus.safetensors
  samsr convert resshift_realsrx4_s15_v1.pth -o denoiser.onnx
  samsr convert autoencoder_vq_f4.pth --part encode --size 512x512 -o encode.onnx
  samsr convert SinSR_v1.pth --config SinSR.yaml -o denoiser.onnx
  samsr convert SamSR_v1.pth --precision float16 -o denoiser.onnx`;

export function defineConvert(program: Command, { interrupts, done }: Surroundings): void {
  program
    .command("convert")
    .summary("make an ONNX or safetensors file of a checkpoint")
    .description(
      "Makes one self-contained ONNX file of a network's checkpoint, or a safetensors file of its weights.",
    )
    .argument("<checkpoint>", "a PyTorch, safetensors or ncnn file")
    .requiredOption("-o, --out <file>", "the file, .onnx or .safetensors")
    .option("--config <file>", "the authors' YAML for it, to be compared with what the checkpoint holds")
    .option("--part <name>", "which part, where there are several")
    .addOption(choice("--precision <name>", "of the weights in the file", ["float32", "float16"], "float32"))
    .option("--size <HxW>", "height and width of the input (default: any, or what it was built for)", size)
    .option("--batch <n>", "how many images, or prompts of a mask decoder, go in at once", whole(1, 4096))
    .option("--overwrite", "replace a file that exists")
    .option("--json", "print one JSON document about the result")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", convertHelp)
    .action(async (checkpoint: string, options: ConvertArguments) => {
      const { convertCommand } = await import("./run.js");
      done(await convertCommand(checkpoint, options, interrupts.signal));
    });
}
