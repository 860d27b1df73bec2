/** The authors' training settings, under our names. */
import { basename } from "node:path";
import {
  type AuthorsConfig,
  type AuthorsTrainData,
  type AuthorsTraining,
  denoiserConfigOf,
  scheduleOf,
} from "../../checkpoints/index.js";

/** Tells whether a document is one of the authors': ours says in one word what it trains. */
export function isAuthorsConfig(data: unknown): boolean {
  if (typeof data !== "object" || data === null) return false;
  const { train } = data as { train?: unknown };
  return typeof train !== "string" && ["model", "diffusion", "autoencoder"].some((key) => key in data);
}

/** Read of a training section, or without a meaning for what is computed. */
const UNDERSTOOD: readonly (keyof AuthorsTraining)[] = [
  ...(["lr", "lr_min", "lr_schedule", "warmup_iterations", "batch", "microbatch", "iterations"] as const),
  ...(["milestones", "weight_decay", "ema_rate", "seed", "learn_xT", "finetune_use_gt"] as const),
  ...(["save_freq", "val_freq", "log_freq", "save_images", "local_logging", "tf_logging"] as const),
  ...(["num_workers", "prefetch_factor", "global_seeding", "use_ema_val", "val_y_channel"] as const),
  ...(["val_resolution", "val_padding_mode", "compile"] as const),
];

/**
 * Returns a configuration of ResShift's, SinSR's or SAMSR's for what is trained here, to be checked as any
 * other.
 * @param name of the file, for errors and warnings
 * @returns the fields, and a line for each of theirs that does not apply
 * @throws {SamsrError} when the network or the schedule is none that can be built
 */
export function fromAuthors(authors: AuthorsConfig, kind: "teacher" | "student", name: string) {
  const warnings: string[] = [];
  const warn = (what: string) => warnings.push(`${name}: ${what}`);
  const { train, degradation, model, autoencoder } = authors;
  const photos = authors.data?.train?.params;

  if (photos?.txt_file_path) warn(`"data.train.params.txt_file_path" is not read; --data names folders`);
  if (degradation || photos) {
    warn(`"degradation" and the blurs of "data.train" are those of real-esrgan; other values do not apply`);
  }
  for (const [key, value] of Object.entries(train ?? {})) {
    const off = value === false || value === null || value === 0;
    if (!off && !UNDERSTOOD.includes(key as keyof AuthorsTraining)) warn(`"train.${key}" does not apply`);
  }
  if (kind === "student" && model?.teacher_ckpt_path === undefined) {
    warn("names no teacher, so it is ResShift's, for samsr train teacher; --teacher names one here");
  }
  if (train && /lpips/i.test(authors.trainer?.target ?? "")) {
    warn("has LPIPS beside the squared error, which does not apply");
  }
  const folders = photos?.dir_paths ?? [];
  const batch = train && Math.min(train.microbatch ?? train.batch[0], train.batch[0]);
  const shared = {
    ...{ space: "latents", network: denoiserConfigOf(authors, name), schedule: scheduleOf(authors, name) },
    autoencoder: autoencoder?.ckpt_path ?? undefined,
    data: {
      ...{ degradation: "real-esrgan", crop: photos?.gt_size ?? degradation?.gt_size, batch },
      ...{ crops: photos && cropsOf(photos) },
      ...{ seed: train?.seed, photos: folders.length > 0 ? folders : undefined },
    },
    optimiser: train && optimiserOf(train, batch!),
  };
  if (kind === "teacher") return { data: defined({ train: kind, ...shared, loss: "squared" }), warnings };

  const sinsr = isSinSR(authors, name);
  warn(
    sinsr
      ? "is SinSR's: global coefficients and plain noise; --masks sam --variant release makes it SAMSR's"
      : "is SAMSR's, by its released code, with masks of Segment Anything; --masks none makes it SinSR's",
  );
  const { iterations } = train ?? {};
  if (iterations === 500_000) {
    warn(
      `"train.iterations" is ${iterations}; the paper has ${sinsr ? "30,000" : "10,000 to 15,000"} (--steps)`,
    );
  }
  const student = {
    ...(sinsr ? { masks: "none" } : { masks: "sam", variant: "release" }),
    terms: {
      distill: 1,
      inverse: Number(train?.learn_xT ?? 0),
      gt: Number(train?.finetune_use_gt ?? 0),
      sc: 0,
    },
  };
  const teacher = model?.teacher_ckpt_path ?? undefined;
  return { data: defined({ train: kind, teacher, ...shared, student }), warnings };
}

/**
 * Tells which of the two a configuration is of. SamSR.yaml and SinSR.yaml have the same sections and the same
 * values but for the warm-up, and neither says what it is, so its file's name does. A trainer of SAM's is
 * SAMSR's.
 */
function isSinSR({ trainer }: AuthorsConfig, name: string): boolean {
  if (trainer) return !/sam(?!pl)/i.test(trainer.target);
  return /sin-?sr/i.test(basename(name));
}

/** Crops as a configuration has them, of the two ways that there are. */
function cropsOf({ rescale_gt, use_rot }: AuthorsTrainData) {
  return rescale_gt === true && use_rot !== true ? "rescaled" : "cut";
}

function optimiserOf(train: AuthorsTraining, batch: number) {
  return {
    steps: train.iterations,
    learningRate: train.lr,
    schedule: train.lr_schedule?.startsWith("cos") ? "cosine" : "constant",
    floor: train.lr_min,
    // Earlier versions have the end of the rise as the first milestone.
    warmup: train.warmup_iterations ?? train.milestones?.[0],
    weightDecay: train.weight_decay,
    emaDecay: train.ema_rate,
    emaStart: "constant",
    accumulate: Math.max(1, Math.round(train.batch[0] / batch)),
  };
}

/** Returns a section without the fields that nothing was found for, which then take their standard values. */
function defined<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
