/**
 * The published files of weights that metrics need, as facts: where each is, under which licence, and which
 * tensors of it are used. Sizes and hashes that are not publicly stated are left out, never guessed; where a
 * file's name ends in the first digits of its SHA-256, these are what `sha256` has.
 */
import { createScope, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { Shapes } from "../shapes.js";
import { BACKBONES, type BackboneName } from "./backbones.js";
import { CLIP_RN50, clipImage } from "./clip.js";
import { clipIqa, LEARNED_WORDS, learnedFeatures, ONE_PAIR, pairFeatures } from "./clipiqa.js";
import { dists } from "./dists.js";
import { LPIPS_BACKBONES, type LpipsName, lpips } from "./lpips.js";
import { MUSIQ, type MusiqConfig, musiqScore, musiqStem, PATCH } from "./musiq.js";

/** A published file that metrics take weights from. */
export interface MetricFile {
  /** The name under which the file is published. */
  readonly file: string;
  readonly url: string;
  /** The hash of the file in hexadecimal digits, all or the first of them. */
  readonly sha256?: string;
  readonly summary: string;
  readonly licence: string;
  /** Asks the scope for every parameter that is used; the file may hold others. */
  parameters(p: Scope): void;
  /** What a file that holds one tensor and no name is taken for. */
  readonly bare?: string;
}

const TORCHVISION = "https://download.pytorch.org/models/";
const PYIQA = "https://huggingface.co/chaofengc/IQA-PyTorch-Weights/resolve/main/";
const IMAGENET = "BSD-3-Clause (torchvision); trained on ImageNet, whose terms are for research";

/** The smallest sides that all networks take. */
const picture = () => o.input("picture", [1, 3, 64, 64]);
/** A scope whose parameters nobody notes. */
const unnoted = () => createScope((name, shape) => o.input(name, shape));

function backbone(name: BackboneName, digits: string, file: string, summary: string): MetricFile {
  return {
    file: `${file}-${digits}.pth`,
    url: `${TORCHVISION}${file}-${digits}.pth`,
    sha256: digits,
    summary,
    licence: IMAGENET,
    parameters: (p) => void BACKBONES[name].features(p, picture()),
  };
}

function heads(name: LpipsName): MetricFile {
  return {
    file: `${name}.pth`,
    url: `https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights/v0.1/${name}.pth`,
    summary: `LPIPS v0.1's weights of the channels of ${LPIPS_BACKBONES[name]}`,
    licence: "BSD-2-Clause",
    parameters: (p) => void lpips(name, { backbone: unnoted(), heads: p }, picture(), picture()),
  };
}

function musiq(name: string, digits: string, about: string, config: MusiqConfig = MUSIQ): MetricFile {
  const file = `musiq_${name}_ckpt-${digits}.pth`;
  return {
    ...{ file, url: `${PYIQA}${file}`, sha256: digits },
    summary: `MUSIQ, taught by the marks of ${about}`,
    licence: "Apache-2.0",
    parameters(p) {
      const { tokens } = musiqStem(p, config, o.input("patches", [1, 3, PATCH, PATCH]));
      const one = o.integers([0]);
      musiqScore(p, config, tokens, { spatial: one, scale: one, counts: o.constant([1]) });
    },
  };
}

export const METRIC_FILES = {
  alexnet: backbone("alexnet", "7be5be79", "alexnet-owt", "AlexNet's convolutions"),
  vgg16: backbone("vgg16", "397923af", "vgg16", "VGG-16's convolutions"),
  squeezenet1_1: backbone("squeezenet1_1", "b8a52dc0", "squeezenet1_1", "SqueezeNet 1.1's convolutions"),
  "lpips-alex": heads("alex"),
  "lpips-vgg": heads("vgg"),
  "lpips-squeeze": heads("squeeze"),
  "dists-weights": {
    file: "weights.pt",
    url: "https://raw.githubusercontent.com/dingkeyan93/DISTS/master/DISTS_pytorch/weights.pt",
    summary: "DISTS' weights of the channels of the picture and of VGG-16",
    licence: "MIT",
    parameters: (p) => void dists({ backbone: unnoted(), weights: p }, picture(), picture()),
  },
  "clip-rn50": {
    file: "RN50.pt",
    url: "https://openaipublic.azureedge.net/clip/models/afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762/RN50.pt",
    sha256: "afeb0e10f9e5a86da6080e35cf09123aca3b358a0c3e3b6c78a7b63bc04b6762",
    summary: "CLIP with ResNet-50, pictures and texts",
    licence: "MIT",
    parameters(p) {
      const { features } = clipImage(p, CLIP_RN50, picture(), true);
      clipIqa(p, features, pairFeatures(p, CLIP_RN50, ONE_PAIR));
    },
  },
  "clipiqa-plus": {
    file: "CLIP-IQA+_learned_prompts-603f3273.pth",
    url: `${PYIQA}CLIP-IQA+_learned_prompts-603f3273.pth`,
    sha256: "603f3273",
    summary: `CLIP-IQA+'s two learned prompts of ${LEARNED_WORDS} words`,
    licence: "S-Lab License 1.0, non-commercial",
    parameters: (p) => void learnedFeatures(unnoted(), CLIP_RN50, p),
    bare: "ctx",
  },
  "musiq-koniq": musiq("koniq", "e95806b9", "KonIQ-10k"),
  "musiq-spaq": musiq("spaq", "358bb6af", "SPAQ"),
  "musiq-ava": musiq("ava", "e8d3f067", "AVA", { ...MUSIQ, classes: 10 }),
} as const satisfies Readonly<Record<string, MetricFile>>;

/** The name by which a file of weights is installed. */
export type MetricFileName = keyof typeof METRIC_FILES;

/** Returns the names and shapes of the parameters that are used of a file. */
export function parametersOfFile(name: MetricFileName): Shapes {
  const shapes = new Map<string, o.Shape>();
  const scope = createScope((parameter, shape) => {
    shapes.set(parameter, shape);
    return o.input(parameter, shape);
  });
  METRIC_FILES[name].parameters(scope);
  return shapes;
}
