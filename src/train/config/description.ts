/**
 * The training configurations. What a file leaves out takes the setting of the paper, or where the paper
 * refers to prior work ("the same experimental configuration"), of ResShift's and SinSR's public
 * configurations.
 */
import {
  type Field,
  type Filled,
  list,
  number,
  oneOf,
  optional,
  section,
  standing,
  text,
  whole,
} from "../../base/fields.js";
import {
  COVERAGE_NETWORK,
  discriminatorFields,
  processFields,
  SWIN_UNET,
  VQ_AUTOENCODER,
} from "../../networks/index.js";
import { SAM_RANGES } from "../../semantics/index.js";
import { CROP_WAYS } from "../data/crop-ways.js";
import { EMA_STARTS } from "../moving-average.js";
import { TEACHER_LOSSES } from "../teacher-loss.js";
import { DETAIL_TARGETS, TERMS, type Term, type TermName } from "../terms/index.js";

const MOST_STEPS = 1e9;

const space = standing(
  "latents",
  oneOf(
    "Where diffusion happens: on the latents of a frozen autoencoder, or on pixels, 4 x 4 of them " +
      "as one of 48 channels.",
    "latents",
    "pixels",
  ),
);

const { scheduleFields } = processFields;
const schedule = section("The schedule of eta, exponential.", {
  steps: standing(15, scheduleFields.steps),
  power: standing(0.3, scheduleFields.power),
  kappa: standing(2, scheduleFields.kappa),
  minNoiseLevel: standing(0.04, scheduleFields.minNoiseLevel),
  etasEnd: standing(0.99, scheduleFields.etasEnd),
});

const photos = optional(
  list("Folders of photos, subfolders included; --data takes their place.", text("A folder."), 1),
);
const seed = (value: number) => standing(value, whole("Of everything that is drawn.", 0, 2 ** 32 - 1));
const degradation = standing(
  "real-esrgan",
  oneOf("How photos are made small; blind draws among all.", "real-esrgan", "mild", "bicubic", "blind"),
);

const data = section("What is trained on.", {
  photos,
  degradation,
  crop: standing(256, whole("Side of the high-resolution crops; divides by 4.", 16, 4096)),
  crops: standing(
    "cut",
    oneOf(
      "How crops are made: cut at random and turned eight ways, or as published: the largest " +
        "squares, rescaled to " +
        "crop and flipped left to right.",
      ...CROP_WAYS,
    ),
  ),
  batch: standing(64, whole("Crops that one pass takes.", 1, 4096)),
  pool: optional(
    whole("Samples that batches are mixed from; left out, they are taken as they come.", 1, 1e6),
  ),
  seed: seed(123456),
});

const optimiser = section("AdamW, and what the weights are averaged with.", {
  steps: standing(500_000, whole("Steps in all.", 1, MOST_STEPS)),
  learningRate: standing(5e-5, number("At its highest.", 0, 1)),
  schedule: standing("constant", oneOf("What the rate does after its rise.", "constant", "cosine", "linear")),
  floor: standing(0, number("Where the rate ends.", 0, 1)),
  warmup: standing(0, whole("Steps of a linear rise at the start.", 0, MOST_STEPS)),
  weightDecay: standing(0, number("Decoupled.", 0, 1)),
  clip: optional(number("Gradients longer than this are shortened to it; left out, none is.", 1e-9, 1e9)),
  emaDecay: standing(0.999, number("Of the moving average of the weights, a step.", 0, 1)),
  emaStart: standing(
    "rising",
    oneOf(
      "Whether that decay rises from the first step on, so that a short run is not its beginning, " +
        "or is constant.",
      ...EMA_STARTS,
    ),
  ),
  accumulate: standing(1, whole("Passes whose gradients are averaged into one step.", 1, 1e6)),
});

const weight = (value: number, description: string) => standing(value, number(description, 0, 1e6));
const autoencoder = optional(
  text("File of the autoencoder's weights, for latents; --autoencoder takes its place."),
);

/** How the process follows masks. */
const guidance = {
  maskContext: standing(
    "crop",
    oneOf(
      "Where masks are sought: in each crop, or once in its whole photo, as upscaling does.",
      "crop",
      "photo",
    ),
  ),
  variant: standing("paper", processFields.variant),
  m: standing(0.2, processFields.m),
  coefficients: standing("both", processFields.coefficients),
  noise: standing("sam", processFields.noise),
};

const teacherFields = section("ResShift's denoiser, of the whole chain.", {
  train: oneOf("What is trained.", "teacher"),
  start: optional(text("File of weights to begin with; --start takes its place.")),
  space,
  autoencoder,
  network: SWIN_UNET.config,
  schedule,
  data,
  loss: standing(
    "smooth absolute",
    oneOf("How far its prediction is from x0; squared is what ResShift publishes.", ...TEACHER_LOSSES),
  ),
  optimiser,
  semantics: optional(
    section(
      "SAM-noise and the pixel-wise process for the teacher too; left out, it is taught as ResShift's.",
      {
        masks: standing("regions", oneOf("What finds masks: the built-in segmentation.", "regions")),
        ...guidance,
      },
    ),
  ),
});

/** How Segment Anything is asked, an optional field for each number of its public generator. */
const samOptions = section(
  "How Segment Anything is asked; what is left out is as in its public generator.",
  Object.fromEntries(
    Object.entries(SAM_RANGES).map(([name, { from, to, whole: isWhole }]) => {
      const words = "As the option of samsr upscale of this name.";
      return [name, optional(isWhole ? whole(words, from, to) : number(words, from, to))];
    }),
  ) as Readonly<Record<keyof typeof SAM_RANGES, Field<number | undefined>>>,
);

/** A weight for each of {@link TERMS}, its standard one unless a file gives another. */
const termsBeyond = Object.fromEntries(
  Object.entries(TERMS).map(([name, { description, standard = 0 }]: [string, Term]) => [
    name,
    weight(standard, description),
  ]),
) as Readonly<Record<TermName, ReturnType<typeof weight>>>;

const studentFields = section("The student of algorithm 1.", {
  train: oneOf("What is trained.", "student"),
  teacher: optional(text("File of the teacher's weights; --teacher takes its place.")),
  start: optional(text("File of weights to begin with, not the teacher's; --start takes its place.")),
  secondTeacher: optional(
    text(
      "A model whose pictures the student is taught to make too, or a folder of them; " +
        "--second-teacher takes its place.",
    ),
  ),
  space,
  autoencoder,
  network: SWIN_UNET.config,
  schedule,
  data,
  optimiser,
  student: section("Algorithm 1.", {
    masks: standing(
      "regions",
      text(
        "What finds masks: regions (the built-in segmentation), network (the coverage network), " +
          "sam (Segment Anything), " +
          "none (W = 0 and plain noise, SinSR), or a folder of masks by photo name.",
      ),
    ),
    sam: optional(
      text(
        "The Segment Anything of masks sam, a model's name or a checkpoint; left out, the one that " +
          "is installed.",
      ),
    ),
    samOptions: optional(samOptions),
    coverage: optional(
      text(
        "The coverage network, a model's name or folder, for masks network and the term sc; left " +
          "out, coverage-tiny.",
      ),
    ),
    ...guidance,
    rollOut: optional(whole("Timesteps that the teacher visits; left out, all of them.", 1, 10_000)),
    distilled: optional(
      whole("Crops of each batch that algorithm 1's terms take; left out, all of them.", 1, 4096),
    ),
    lpipsNetwork: standing("vgg", oneOf("Of the term lpips.", "vgg", "alex", "squeeze")),
    featureTimestep: standing(1, whole("Of the term perceptual.", 0, 9999)),
    detailTarget: standing(
      "original",
      oneOf(
        "What the terms structure, perceptual and adversarial are judged against; the second " +
          "teacher's pictures are crisper.",
        ...DETAIL_TARGETS,
      ),
    ),
    terms: section("Weights of the loss's terms.", {
      distill: weight(1, "The single step against the end of the teacher's chain."),
      inverse: weight(1, "The way back from there to x_T."),
      gt: weight(1, "The way to the original, from where the student's way back puts it."),
      sc: weight(1, "lambda: semantic consistency (equation 13). The paper gives no value."),
      ...termsBeyond,
    }),
  }),
  discriminator: optional(
    section("Of the term adversarial.", {
      ...discriminatorFields,
      learningRate: number("Times the schedule's roll-backs.", 0, 1),
      gamma: number(
        "Weight of the penalties on the slope of a picture's summed score; the more patches, the less.",
        0,
        1e6,
      ),
    }),
  ),
});

const coverageFields = section("The coverage network, taught by a mask generator.", {
  train: oneOf("What is trained.", "coverage"),
  masks: standing("regions", text("regions, sam, or a folder of masks by photo name.")),
  regions: section("The built-in segmentation, several times over noise.", {
    passes: standing(4, whole("Times.", 1, 1000)),
    deviation: standing(1, number("Of the noise, in grey levels.", 0, 255)),
  }),
  network: COVERAGE_NETWORK.config,
  data: section("What is trained on.", {
    photos,
    degradation,
    width: whole("Of the pictures.", 16, 4096),
    height: whole("Of the pictures.", 16, 4096),
    variants: whole("Crops of each photo.", 1, 10_000),
    batch: whole("Pictures that one pass takes.", 1, 4096),
    seed: seed(3),
  }),
  countWeight: standing(0.5, number("Of the counts' squared error, beside the correlation.", 0, 1e6)),
  optimiser,
});

const autoencoderFields = section("The VQ autoencoder, whose latents others are trained on.", {
  train: oneOf("What is trained.", "autoencoder"),
  network: VQ_AUTOENCODER.config,
  data: section("What is trained on; the photos are not made small.", {
    photos,
    crop: standing(256, whole("Side of the crops; the autoencoder's factor divides it.", 16, 4096)),
    batch: standing(8, whole("Crops that one pass takes.", 1, 4096)),
    seed: seed(23),
  }),
  terms: section("Weights of the loss's terms.", {
    reconstruction: weight(1, "Mean absolute error of the picture."),
    codebook: weight(1, "Codes towards the latents that choose them."),
    commitment: weight(0.25, "beta: latents towards the codes that they choose."),
  }),
  optimiser,
});

export type TeacherConfig = Filled<typeof teacherFields>;
export type StudentConfig = Filled<typeof studentFields>;
export type CoverageConfig = Filled<typeof coverageFields>;
export type AutoencoderConfig = Filled<typeof autoencoderFields>;

/** The kinds of configuration, by what they train: their field `train`. */
export const KINDS = {
  teacher: teacherFields,
  student: studentFields,
  coverage: coverageFields,
  autoencoder: autoencoderFields,
} as const;

export type Kind = keyof typeof KINDS;
export type ConfigOf<K extends Kind> = Filled<(typeof KINDS)[K]>;
export type TrainingConfig = ConfigOf<Kind>;
